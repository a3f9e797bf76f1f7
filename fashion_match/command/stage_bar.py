"""A progress bar of work in stages, such as reading and then comparing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

from fashion_match.command import show

Tell = Callable[[str, int, int], None]
"""Told the stage, how much is done, and of how much."""


def stage_bar(names: Mapping[str, str]) -> AbstractContextManager[Tell]:
    """Return a bar on standard error for a person who watches it, else one that says nothing.

    Args:
        names: what the stages are called.
    """
    return StageBar(names) if show.is_terminal() else nullcontext(lambda stage, done, total: None)


class StageBar:
    """A bar on standard error, anew for each stage."""

    def __init__(self, names: Mapping[str, str]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._names = names
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)
        self._stage = ""

    def __enter__(self) -> Tell:
        self._bar.start()
        return self._update

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _update(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._stage = stage
            self._bar.reset(self._task, total=total)
        self._bar.update(self._task, completed=done, total=total, description=self._names.get(stage, stage))
