"""The progress bar of a training run: epoch, loss, the last figure, time left."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable

    from fashion_match.core.train.progress import TrainProgress


class TrainBar:
    """A bar on standard error; the line of each epoch stays above it."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[loss]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("reading", total=1.0, loss="")
        self._phase = ""

    def __enter__(self) -> Callable[[TrainProgress], None]:
        self._bar.start()
        return self._update

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _update(self, progress: TrainProgress) -> None:
        from fashion_match.command.train import epoch_line

        if progress.phase != self._phase:
            self._phase = progress.phase
            self._bar.reset(self._task, total=1.0)
        decoding = progress.phase == "decode"
        self._bar.update(
            self._task,
            completed=progress.part,
            description="decoding photos" if decoding else f"epoch {progress.epoch}",
            loss="" if decoding else f"loss {progress.loss:.3g}",
        )
        if progress.row is not None:
            self._bar.console.print(epoch_line(progress), highlight=False)
