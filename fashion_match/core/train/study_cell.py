"""One cell of a study: a backbone with its weights, and one repeat of the training."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from fashion_match.core.error import FashionMatchError, UsageError, did_you_mean
from fashion_match.core.item import Record
from fashion_match.core.output import write_whole
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.module import LAST_EPOCH
from fashion_match.core.train.run import Run
from fashion_match.core.train.shared import Shared

WEIGHTS = {"pretrained": "pretrained", "random": "none"}
"""What a study calls weights, and what a run does."""
FALLING = ("error", "loss")
"""Words in the names of figures of which less is better; of the others one minus the figure is the error."""


class StudyCell(Record):
    """What a cell came to. A file of its own, so that a study that is cut off keeps what is done."""

    backbone: str
    weights: str
    repeat: int
    """Counted from 0."""
    seed: int
    state: Literal["done", "failed"] = "done"
    reason: str = ""
    """Why it failed: one line."""
    hopeless: bool = False
    """The network could not be made, so that the other repeats would fail too."""
    figure: str = ""
    """Which figure the errors are of."""
    monitor: str = ""
    """Figure that a run keeps its weights by."""
    errors: tuple[float, ...] = ()
    """Before training, and after each epoch."""
    kept: int = 0
    """Epoch that a run keeps, 0 being the start."""
    oracle: int = 0
    """First epoch with the least error: only who knows the answers can choose it."""
    figures: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    """All figures by epoch."""
    n_train: int = 0
    n_steps: int = 0
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return cell_name(self.backbone, self.weights, self.repeat)


def cell_name(backbone: str, weights: str, repeat: int) -> str:
    """Return the name of the cell's file, without its ending."""
    return f"{backbone}-{weights}-{repeat:03d}"


def run_cell(
    plugins: Plugins,
    request: TrainRequest,
    shared: Shared,
    *,
    backbone: str,
    weights: str,
    repeat: int,
    figure: str | None,
    max_pixels: int,
    notify: Callable[[str], None],
) -> StudyCell:
    """Train once, and return how the error went; a cell that cannot be had is returned with the reason.

    Args:
        request: for all cells; the backbone, its weights and the seed are the cell's own.
        figure: of the validation; ``None`` for `usual_figure`.

    Raises:
        UsageError: no figure is called ``figure``.
    """
    began = time.perf_counter()
    seed = shared.split_seed + repeat
    cell = StudyCell(backbone=backbone, weights=weights, repeat=repeat, seed=seed)
    own = request.model_copy(
        update={"backbone": backbone, "weights": WEIGHTS[weights], "options": {**request.options, "seed": seed}}
    )
    run = Run(plugins, own, Path(), max_pixels=max_pixels, notify=notify, shared=replace(shared))
    try:
        module = run.try_out()
    except FashionMatchError as error:
        seconds = round(time.perf_counter() - began, 3)
        failed = {"state": "failed", "reason": error.problem, "hopeless": not hasattr(run, "assembly")}
        return cell.model_copy(update={**failed, "seconds": seconds})
    history = module.history
    if not history or history[0]["epoch"] != 0:
        raise UsageError("nothing is held out, so there is no error to follow.", "Give --validation 0.2, say.")
    wanted = figure or usual_figure(history[0], max(shared.oracle_ks))
    errors = errors_of(history, wanted)
    chosen_by = [row[module.monitor] if module.monitor in row else row[LAST_EPOCH] for row in history]
    names = [name for name in history[0] if name.startswith("val/")]
    return cell.model_copy(
        update={
            "figure": wanted,
            "monitor": module.monitor,
            "errors": errors,
            "kept": chosen_by.index(max(chosen_by)),
            "oracle": errors.index(min(errors)),
            "figures": {name: tuple(row.get(name) for row in history) for name in names},
            "n_train": len(run.photos.usable),
            "n_steps": module.pace.step,
            "seconds": round(time.perf_counter() - began, 3),
        }
    )


def usual_figure(row: Mapping[str, float], k: int) -> str:
    """Return the figure that a study follows: the error of queries against their targets, else recall@1."""
    wanted = (f"val/oracle_top{k}_error", "val/recall@1", "val/view_recall@1")
    found = next((name for name in wanted if name in row), None)
    if found is None:
        raise UsageError("no figure of this run tells an error.", "Name one with --figure.")
    return found


def errors_of(history: Sequence[Mapping[str, float]], figure: str) -> tuple[float, ...]:
    """Return the error by epoch: the figure itself where less of it is better, else one minus it.

    Raises:
        UsageError: there is no such figure.
    """
    known = [name for name in history[0] if name.startswith("val/")]
    if figure not in known:
        raise UsageError(f"nothing is called {figure!r}.", did_you_mean(figure, known, what="figures"))
    falls = any(word in figure for word in FALLING)
    return tuple(row[figure] if falls else 1 - row[figure] for row in history)


def write_cell(cell: StudyCell, folder: Path) -> None:
    """Write the cell's file, whole or not at all."""
    write_whole(folder / f"{cell.name}.json", (cell.model_dump_json() + "\n").encode())


def read_cell(file: Path) -> StudyCell:
    """Read what `write_cell` wrote. Raises UsageError where the file is something else."""
    try:
        return StudyCell.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"{file} is no cell of a study: {str(error).splitlines()[0]}.", "Remove it; the study runs that cell again."
        ) from None
