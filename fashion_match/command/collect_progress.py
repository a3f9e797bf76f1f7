"""The progress bar of collecting: pictures, megabytes, what is missing, time left."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from fashion_match.core.error import FashionMatchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fashion_match.core.collect.request import CollectProgress, CollectRequest


class CollectBar:
    """A bar on standard error, from the first picture to the last.

    How many rows a table has is only known when all are read: a thread of its own reads them ahead.
    """

    def __init__(self, request: CollectRequest) -> None:
        self._request = request
        self._stopped = threading.Event()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("collect"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[received]}"),
            TimeRemainingColumn(),
            TextColumn("[red]{task.fields[missing]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("collect", total=None, received="", missing="")

    def __enter__(self) -> Callable[[CollectProgress], None]:
        self._bar.start()
        if self._request.table is not None and self._request.limit is None:
            threading.Thread(target=self._count, name="fm-count", daemon=True).start()
        return self._update

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._bar.stop()

    def _update(self, counts: CollectProgress) -> None:
        missing = counts.n_refused + counts.n_failed
        self._bar.update(
            self._task,
            completed=counts.n_done,
            received=f"{counts.n_bytes / 1e6:,.1f} MB" if counts.n_bytes else "",
            missing=f"{missing:,} missing" if missing else "",
        )

    def _count(self) -> None:
        from fashion_match.core.collect.table import AddressTable

        request = self._request
        n = 0
        try:
            for _ in AddressTable(str(request.table), request.column, request.table_options).wanted():
                if self._stopped.is_set():
                    return
                n += 1
        except FashionMatchError:  # the run itself meets it too, and says so
            return
        self._bar.update(self._task, total=n)
