"""``fm train`` and ``fm reproduce``: a run from what was asked for to a model folder, with its curves."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.error import UsageError
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.train.process import is_first_process, prepare_process

if TYPE_CHECKING:
    from fashion_match.core.train.manifest import Manifest, TrainRequest
    from fashion_match.core.train.progress import TrainProgress
    from fashion_match.core.train.result import RunReport

RUNS = Path("fm-runs")
"""Where runs go that nobody named a folder for."""
FOLDER = "_FM_RUN"
"""Variable by which the processes of one run agree on its folder."""
CURVES, RATES, FIGURES = "curves.png", "learning-rate.png", "metrics.csv"
TOLERANCE = 0.02
"""Difference of a figure up to which a run counts as repeated: on other hardware sums are added in another order."""


def _silent(_: Any) -> None:
    pass


def train(
    source: str | Path,
    *,
    method: str | Sequence[str] = "triplet",
    out: str | Path | None = None,
    recipe: str | None = None,
    settings: Mapping[str, Any] | None = None,
    reader: str | None = None,
    backbone: str | None = None,
    weights: str | None = None,
    init: str | Path | None = None,
    plugins: Plugins | None = None,
    notify: Callable[[str], None] = _silent,
    on_progress: Callable[[TrainProgress], None] = _silent,
    **options: Any,
) -> RunReport:
    """Train a model on the items of ``source``, as ``fm train`` does.

    Args:
        method: registered training method, or several whose loss terms are joined.
        out: new folder of the run; by default one under ``fm-runs``.
        recipe: name or file of a recipe; what is given beside it wins.
        settings: options of the method as ``--set`` gives them: ``{"dim": 64, "loss": {"name": "contrastive"}}``; those
            of the reader and the backbone under ``"reader"`` and ``"backbone"``.
        init: a trained model, or a file of weights, to begin with.
        options: of the run, see `fashion_match.core.train.option.TrainOptions`: ``epochs=5, image_size_px=128``.

    Raises:
        UsageError: the folder is taken, or the data is not what the method needs.
        ReaderError, PluginError, ModelError: see `fashion_match.core.train.run.Run.run`.
    """
    from fashion_match.core.train.request import make_request

    request = make_request(
        recipe=recipe,
        source=str(source),
        methods=(method,) if isinstance(method, str) else tuple(method),
        settings=settings or {},
        options=options,
        reader=reader,
        backbone=backbone,
        weights=weights,
        init=str(init) if init is not None else None,
    )
    folder = Path(out) if out is not None else new_folder(request.methods, RUNS)
    report = run(plugins or Plugins(), request, folder, notify=notify, on_progress=on_progress)
    assert report is not None  # one process
    return report


def run(
    plugins: Plugins,
    request: TrainRequest,
    folder: Path,
    *,
    max_pixels: int = 100_000_000,
    notify: Callable[[str], None] = _silent,
    on_progress: Callable[[TrainProgress], None] = _silent,
    replay: Manifest | None = None,
) -> RunReport | None:
    """Train as ``request`` says, into the new folder ``folder``.

    Returns:
        The report; ``None`` in all but the first process, where there are several.

    Raises:
        UsageError: the folder is taken, or the data is not what the method needs.
        ReaderError, PluginError, ModelError: see `fashion_match.core.train.run.Run.run`.
    """
    check_new(folder)
    prepare_process()
    from fashion_match.core.train.run import Run

    made = Run(plugins, request, folder, replay=replay, max_pixels=max_pixels, notify=notify, on_progress=on_progress)
    return _with_pictures(made.run())


def resume(
    plugins: Plugins,
    folder: Path,
    *,
    max_pixels: int = 100_000_000,
    notify: Callable[[str], None] = _silent,
    on_progress: Callable[[TrainProgress], None] = _silent,
) -> RunReport | None:
    """Go on with the run in ``folder`` from its last checkpoint.

    Raises:
        UsageError: it is no run, it is complete, or its data has changed.
    """
    prepare_process()
    from fashion_match.core.train.manifest import read_manifest
    from fashion_match.core.train.run import Run

    manifest = read_manifest(folder)
    if manifest.state == "complete":
        raise UsageError(f"the run in {folder} is complete.", f"Its model: fm ingest ... --model {folder}.")
    made = Run(
        plugins,
        manifest.request,
        folder,
        resume=manifest,
        max_pixels=max_pixels,
        notify=notify,
        on_progress=on_progress,
    )
    return _with_pictures(made.run())


@dataclass(frozen=True)
class Reproduction:
    """How a run and its repetition agree."""

    report: RunReport
    same_weights: bool
    """Bit for bit."""
    then: Mapping[str, float]
    now: Mapping[str, float]
    changed: tuple[str, ...]
    """What is not as it was: versions, data."""

    @property
    def largest(self) -> float:
        """Greatest difference of a figure between 0 and 1."""
        return max((abs(self.then[name] - self.now[name]) for name in self.then if name in self.now), default=0.0)

    @property
    def agrees(self) -> bool:
        return self.same_weights or self.largest <= TOLERANCE


def reproduce(
    plugins: Plugins,
    folder: Path,
    out: Path,
    *,
    max_pixels: int = 100_000_000,
    notify: Callable[[str], None] = _silent,
    on_progress: Callable[[TrainProgress], None] = _silent,
) -> Reproduction:
    """Repeat the run in ``folder`` into ``out``, and compare.

    Raises:
        UsageError: it is no run, or it is not complete.
    """
    from fashion_match.core.train.manifest import read_manifest, versions

    then = read_manifest(folder)
    if then.state != "complete":
        raise UsageError(f"the run in {folder} is not complete.", f"Go on with it: fm train --resume {folder}.")
    here = versions()
    changed = [
        f"{name} {version} is now {here.get(name, 'absent')}"
        for name, version in then.versions.items()
        if here.get(name) != version
    ]
    report = run(plugins, then.request, out, max_pixels=max_pixels, notify=notify, on_progress=on_progress, replay=then)
    if report is None:
        raise UsageError("a run is repeated by one process.", "Leave out torchrun; --devices of the run stay.")
    now = read_manifest(out)
    if now.data["hash"] != then.data["hash"]:
        changed.append("the data is not the same")
    same = now.fingerprint == then.fingerprint
    # Losses have no common scale; figures of retrieval lie between 0 and 1.
    keys = [name for name in then.figures if name != "val/loss"]
    return Reproduction(
        report,
        same,
        {name: then.figures[name] for name in keys},
        {name: now.figures[name] for name in keys if name in now.figures},
        tuple(changed),
    )


def new_folder(methods: tuple[str, ...], parent: Path) -> Path:
    """Return a folder for a run that nobody named: after its method and the minute.

    Raises:
        UsageError: several processes that were started from outside would each name another one.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        raise UsageError("several processes must write to one folder.", "Name it with --out.")
    if not is_first_process():
        return Path(os.environ[FOLDER])
    stem = f"{'+'.join(methods)}-{datetime.now():%Y%m%d-%H%M}"
    names = [stem, *(f"{stem}-{n}" for n in range(2, 1000))]
    folder = next(parent / name for name in names if not (parent / name).exists())
    os.environ[FOLDER] = str(folder)  # for the other processes of this run, which Lightning starts
    return folder


def check_new(folder: Path) -> None:
    """Raise UsageError unless a run can be put into ``folder``."""
    if is_first_process() and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        known = (folder / "manifest.json").exists()
        raise UsageError(
            f"{folder} is there already{' and holds a run' if known else ''}.",
            f"Name another folder with --out{f', or go on with it: fm train --resume {folder}' if known else ''}.",
        )


def _with_pictures(report: RunReport | None) -> RunReport | None:
    if report is None:
        return None
    from fashion_match.core.report.curve import learning_rate_plot, training_curves

    _write_table(report)
    training_curves(report.history, report.folder / CURVES, title=" and ".join(_methods(report)))
    if report.found_lr is not None:
        found = report.found_lr
        learning_rate_plot(found["rates"], found["losses"], found["suggestion"], report.folder / RATES)
    return report


def _methods(report: RunReport) -> list[str]:
    return list(report.card.provenance["run"]["methods"])


def _write_table(report: RunReport) -> None:
    import csv
    from io import StringIO

    from fashion_match.core.output import write_whole

    names = list(dict.fromkeys(name for row in report.history for name in row))
    text = StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(report.history)
    write_whole(report.folder / FIGURES, text.getvalue().encode())
