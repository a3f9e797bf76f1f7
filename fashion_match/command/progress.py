"""The progress bar of an ingest: rate, time left, and how many failed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from fashion_match.core.error import FashionMatchError

if TYPE_CHECKING:
    from fashion_match.core.ingest_option import Progress as Counts
    from fashion_match.core.protocol import Reader


class IngestProgress:
    """A bar on standard error, from the first record to the last.

    Readers stream, so how many records there are is only known when all are read: a thread of its own reads them ahead,
    without photos, while the first ones are embedded.
    """

    def __init__(self, reader: Reader, source: str) -> None:
        self._reader = reader
        self._source = source
        self._stopped = threading.Event()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("[red]{task.fields[failed]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("ingest", total=None, rate="", failed="")

    def __enter__(self) -> Callable[[Counts], None]:
        self._bar.start()
        threading.Thread(target=self._count, name="fm-count", daemon=True).start()
        return self._update

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._bar.stop()

    def _update(self, counts: Counts) -> None:
        done = counts.n_stored + counts.n_unchanged + counts.n_failed
        speed = self._bar.tasks[0].speed
        self._bar.update(
            self._task,
            completed=done,
            rate=f"{speed:,.0f}/s" if speed else "",
            failed=f"{counts.n_failed} failed" if counts.n_failed else "",
        )

    def _count(self) -> None:
        n = 0
        try:
            for _ in self._reader.read(self._source):
                if self._stopped.is_set():
                    return
                n += 1
        except FashionMatchError:  # the ingest itself meets it too, and says so
            return
        self._bar.update(self._task, total=n)
