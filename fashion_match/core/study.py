"""``fm study``: one training method on many backbones, pretrained and random, many times over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.study_request import BACKBONES, METHOD, REPEATS, WEIGHTS, K, StudyRequest, begin, check_request
from fashion_match.core.train.process import prepare_process

if TYPE_CHECKING:
    from fashion_match.core.study_summary import StudyRow
    from fashion_match.core.train.shared import Shared
    from fashion_match.core.train.study_cell import StudyCell
    from fashion_match.core.train.study_pool import Work

CELLS, RESULT, TABLE, CURVES, NORMAL = "cells", "study.json", "study.csv", "curves.png", "normal.png"
FOLDER = Path("fm-study")
OPTIONS = {"dropout": "off"}
"""What a study has otherwise than a run, unless it is told: a step sees the network as the validation before it did,
and so they share their work; and the gradient of ``orthogonal`` is that of the whole catalogue only without chance."""


def _silent(_: Any) -> None:
    pass


@dataclass
class StudyReport:
    """What a study came to."""

    folder: Path
    request: StudyRequest
    cells: list[StudyCell]
    rows: list[StudyRow]
    figure: str
    """What the errors are of; empty where no cell is done."""
    monitor: str
    """What a run keeps its epoch by."""
    sentences: list[str]

    @property
    def failed(self) -> list[StudyCell]:
        return [cell for cell in self.cells if cell.state == "failed"]


def study(
    source: str | Path,
    *,
    method: str | Sequence[str] = METHOD,
    backbones: Sequence[str] = BACKBONES,
    weights: Sequence[str] = WEIGHTS,
    repeats: int = REPEATS,
    k: int = K,
    views: int = 1,
    figure: str | None = None,
    out: str | Path = FOLDER,
    jobs: int = 1,
    recipe: str | None = None,
    settings: Mapping[str, Any] | None = None,
    reader: str | None = None,
    plugins: Plugins | None = None,
    make_plugins: Callable[[], Plugins] = Plugins,
    notify: Callable[[str], None] = _silent,
    on_cell: Callable[[StudyCell, int, int], None] = lambda cell, n, total: None,
    **options: Any,
) -> StudyReport:
    """Train ``method`` on every backbone and weights, ``repeats`` times each, and compare before with after.

    A study that was cut off goes on with the same call: a cell that is done is not run again.

    Args:
        weights: of ``"pretrained"`` and ``"random"``.
        k: the error is the part of queries whose target is not among the first k.
        views: augmented views of each item that choose the epoch of a method without labels; 0 saves their time, and
            the last epoch is kept.
        figure: of the validation, to follow instead of that error.
        jobs: cells that are trained at the same time, each in a process of its own and on one processor core. It does
            not change the figures. With more than one, a script must guard what it does by ``__name__ == "__main__"``.
        make_plugins: makes the plugins in those processes.
        settings, recipe, options: see `fashion_match.core.training.train`.
        on_cell: is told each cell as it ends, the number of cells that have ended, and that of all cells.

    Raises:
        UsageError: the folder holds another study, or the data is not what the method needs.
        ReaderError, PluginError: the source cannot be read; there is no such method, backbone or option.
    """
    request = make_study_request(
        source,
        method=method,
        backbones=backbones,
        weights=weights,
        repeats=repeats,
        k=k,
        views=views,
        figure=figure,
        recipe=recipe,
        settings=settings,
        reader=reader,
        **options,
    )
    made = plugins or make_plugins()
    return run(made, request, Path(out), jobs=jobs, make_plugins=make_plugins, notify=notify, on_cell=on_cell)


def make_study_request(
    source: str | Path,
    *,
    method: str | Sequence[str] = METHOD,
    backbones: Sequence[str] = BACKBONES,
    weights: Sequence[str] = WEIGHTS,
    repeats: int = REPEATS,
    k: int = K,
    views: int = 1,
    figure: str | None = None,
    recipe: str | None = None,
    settings: Mapping[str, Any] | None = None,
    reader: str | None = None,
    **options: Any,
) -> StudyRequest:
    """Return what `study` is asked for; raises UsageError where a recipe or a setting does not fit."""
    from fashion_match.core.train.request import make_request

    train = make_request(
        recipe=recipe,
        source=str(source),
        methods=(method,) if isinstance(method, str) else tuple(method),
        settings=settings or {},
        options={**OPTIONS, **options},
        reader=reader,
    ).model_copy(update={"backbone": None, "weights": None, "init": None})  # a recipe names them for its own run
    return StudyRequest(
        train=train,
        backbones=tuple(backbones),
        weights=tuple(weights),
        repeats=repeats,
        k=k,
        views=views,
        figure=figure,
    )


def run(
    plugins: Plugins,
    request: StudyRequest,
    folder: Path,
    *,
    jobs: int | None = None,
    max_pixels: int = 100_000_000,
    make_plugins: Callable[[], Plugins] = Plugins,
    notify: Callable[[str], None] = _silent,
    on_cell: Callable[[StudyCell, int, int], None] = lambda cell, n, total: None,
) -> StudyReport:
    """Begin the study in ``folder``, or go on with it.

    Args:
        jobs: as `study` says; ``None`` for as many as there are cores and memory for.
        make_plugins: makes the same plugins in other processes, where there are ``jobs``.

    Raises:
        UsageError, ReaderError, PluginError: see `study`.
    """
    check_request(request, plugins)
    prepare_process()
    from fashion_match.core.train.study_cell import write_cell
    from fashion_match.core.train.study_pool import Work, usual_jobs

    shared, request = _read(plugins, request, notify)
    begin(request, folder)
    (folder / CELLS).mkdir(exist_ok=True)
    notify(f"Study: {folder}")
    tell = _once(notify)
    runner = Runner(request, max_pixels)
    done = {cell.name: cell for cell in _kept(folder)}
    missing = [key for key in _keys(request) if _name(key) not in done]
    if done:
        notify(f"{len(done):,} of {request.n_cells:,} cells are done already.")
    n = len(done)
    n_jobs = min(jobs or usual_jobs(request.train.options.get("device", "auto")), len(missing))
    here = runner(plugins, tell, shared) if n_jobs <= 1 else None
    for cell in _cells(request, missing, here, Work(make_plugins, runner), n_jobs, tell):
        write_cell(cell, folder / CELLS)
        done[cell.name] = cell
        n += 1
        on_cell(cell, n, request.n_cells)
    return _report(request, folder, [done[_name(key)] for key in _keys(request)])


def resume(
    plugins: Plugins,
    folder: Path,
    *,
    jobs: int | None = None,
    max_pixels: int = 100_000_000,
    make_plugins: Callable[[], Plugins] = Plugins,
    notify: Callable[[str], None] = _silent,
    on_cell: Callable[[StudyCell, int, int], None] = lambda cell, n, total: None,
) -> StudyReport:
    """Go on with the study in ``folder`` as it was begun. Raises UsageError where there is none."""
    from fashion_match.core.study_request import read_request

    request = read_request(folder)
    return run(
        plugins,
        request,
        folder,
        jobs=jobs,
        max_pixels=max_pixels,
        make_plugins=make_plugins,
        notify=notify,
        on_cell=on_cell,
    )


Key = tuple[str, str, int]
"""Backbone, weights, repeat."""


def _once(notify: Callable[[str], None]) -> Callable[[str], None]:
    """Return a way to tell people a line that does so once: every cell would say it again."""
    told: set[str] = set()

    def tell(line: str) -> None:
        if line not in told:
            told.add(line)
            notify(line)

    return tell


def _keys(request: StudyRequest) -> Iterator[Key]:
    """Yield the cells: whole repeats first, so that a study that is cut off has something of every row."""
    for repeat in range(request.repeats):
        for backbone in request.backbones:
            for weights in request.weights:
                yield backbone, weights, repeat


def _name(key: Key) -> str:
    from fashion_match.core.train.study_cell import cell_name

    return cell_name(*key)


def _read(plugins: Plugins, request: StudyRequest, notify: Callable[[str], None]) -> tuple[Shared, StudyRequest]:
    """Return the data, read once for all cells, and the request with the hash of the data in it."""
    from fashion_match.core.train.dataset import fingerprint_of
    from fashion_match.core.train.manifest import versions

    shared = read_shared(plugins, request, notify)
    split = shared.data.split
    data = fingerprint_of([*split.train, *split.held_out, *split.queries])
    return shared, request.model_copy(update={"data": data, "versions": versions()})


def read_shared(plugins: Plugins, request: StudyRequest, notify: Callable[[str], None]) -> Shared:
    """Read the items; what a method or an option cannot be is refused here, before any cell."""
    from fashion_match.core.train.assembly import make_methods
    from fashion_match.core.train.augment import parse_augment
    from fashion_match.core.train.data import read_data
    from fashion_match.core.train.option import parse_options
    from fashion_match.core.train.shared import Shared
    from fashion_match.core.train.trainer import check_machine

    methods = make_methods(plugins, request.train)
    options = parse_options(request.train.options)
    parse_augment(options.augment)
    check_machine(options)
    data = read_data(plugins, request.train, methods, options, notify)
    return Shared(data, options.seed, request.views, tuple(sorted({1, request.k})))


def _kept(folder: Path) -> Iterator[StudyCell]:
    """Yield the cells that an earlier call has done; those that failed are tried again."""
    from fashion_match.core.train.study_cell import read_cell

    for file in sorted((folder / CELLS).glob("*.json")):
        cell = read_cell(file)
        if cell.state == "done":
            yield cell


@dataclass(frozen=True)
class Runner:
    """What another process needs to run cells of a study."""

    request: StudyRequest
    max_pixels: int

    def __call__(
        self, plugins: Plugins, notify: Callable[[str], None], shared: Shared | None = None
    ) -> Callable[[Key], StudyCell]:
        """Return what runs a cell; the items are read unless they are given."""
        from fashion_match.core.train.study_cell import run_cell
        from fashion_match.core.train.study_pool import one_thread

        request, found = self.request, shared or read_shared(plugins, self.request, _silent)

        def run_one(key: Key) -> StudyCell:
            with one_thread():
                return run_cell(
                    plugins,
                    request.train,
                    found,
                    backbone=key[0],
                    weights=key[1],
                    repeat=key[2],
                    figure=request.figure,
                    max_pixels=self.max_pixels,
                    notify=notify,
                )

        return run_one


def _cells(
    request: StudyRequest,
    keys: Sequence[Key],
    run_one: Callable[[Key], StudyCell] | None,
    work: Work,
    jobs: int,
    notify: Callable[[str], None],
) -> Iterator[StudyCell]:
    """Yield the cells as they end, from this process or from ``jobs`` others.

    A row whose network cannot be made is given up: looking for weights that cannot be had takes long.
    """
    from fashion_match.core.train.study_pool import run_side_by_side

    lost: dict[tuple[str, str], StudyCell] = {}
    ended: set[Key] = set()

    def is_lost(key: Key) -> bool:
        return key[:2] in lost

    if run_one is not None:
        here = run_one
        found: Iterator[tuple[Key, StudyCell]] = ((key, here(key)) for key in keys if not is_lost(key))
    else:
        found = run_side_by_side(work, keys, jobs, skip=is_lost, notify=notify)
    for key, cell in found:
        ended.add(key)
        if cell.hopeless:
            lost[key[:2]] = cell
        yield cell
    seed = int(request.train.options.get("seed") or 0)
    for key in keys:
        if key not in ended:
            yield lost[key[:2]].model_copy(update={"repeat": key[2], "seed": seed + key[2], "seconds": 0.0})


def _report(request: StudyRequest, folder: Path, cells: list[StudyCell]) -> StudyReport:
    from fashion_match.core.output import write_whole
    from fashion_match.core.report.study import error_curves, normal_plots
    from fashion_match.core.study_summary import as_csv, as_data, sentences, summarize

    rows = summarize(cells)
    first = next((cell for cell in cells if cell.state == "done"), None)
    figure, monitor = (first.figure, first.monitor) if first is not None else ("", "")
    report = StudyReport(
        folder, request, cells, rows, figure, monitor, sentences(rows, by_labels="view" not in monitor)
    )
    result = {
        "version": 1,
        "request": request.model_dump(mode="json"),
        "figure": figure,
        "monitor": monitor,
        "rows": as_data(rows),
        "sentences": report.sentences,
        "cells": [cell.model_dump(mode="json") for cell in cells],
    }
    write_whole(folder / RESULT, (json.dumps(result, indent=1) + "\n").encode())
    write_whole(folder / TABLE, as_csv(rows).encode())
    if figure:
        error_curves(_curves(cells), folder / CURVES, figure_text(figure))
        normal_plots(_repeats(cells), folder / NORMAL, figure_text(figure))
    return report


def figure_text(figure: str) -> str:
    """Return what an error is called for people: ``top-5 error`` for ``val/oracle_top5_error``."""
    name = figure.removeprefix("val/")
    if name.startswith("oracle_top"):
        return f"top-{name.removeprefix('oracle_top').removesuffix('_error')} error"
    return name if "error" in name or "loss" in name else f"1 - {name}"


def _curves(cells: Sequence[StudyCell]) -> dict[str, dict[str, list[Sequence[float]]]]:
    curves: dict[str, dict[str, list[Sequence[float]]]] = {}
    for cell in cells:
        if cell.state == "done":
            curves.setdefault(cell.backbone, {}).setdefault(cell.weights, []).append(cell.errors)
    return curves


def _repeats(cells: Sequence[StudyCell]) -> dict[str, dict[str, list[float]]]:
    rows: dict[str, dict[str, list[float]]] = {}
    for cell in cells:
        if cell.state == "done":
            row = rows.setdefault(f"{cell.backbone}, {cell.weights}", {})
            for name, epoch in (("before", 0), ("stop", cell.kept), ("oracle", cell.oracle)):
                row.setdefault(name, []).append(cell.errors[epoch])
    return rows
