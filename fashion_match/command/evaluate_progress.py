"""The progress bar of an evaluation: what it is at, how far, time left."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable

    from fashion_match.core.evaluation_request import EvalProgress

STAGES = {
    "read": "reading photos",
    "compare": "looking for leaks",
    "embed": "embedding",
    "rank": "measuring",
}


class EvalBar:
    """A bar on standard error, anew for each stage."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("reading", total=None)
        self._stage = ""

    def __enter__(self) -> Callable[[EvalProgress], None]:
        self._bar.start()
        return self._update

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _update(self, progress: EvalProgress) -> None:
        if progress.stage != self._stage:
            self._stage = progress.stage
            self._bar.reset(self._task, total=progress.total)
        self._bar.update(
            self._task,
            completed=progress.done,
            total=progress.total,
            description=STAGES.get(progress.stage, progress.stage),
        )
