"""``fm collect``: pictures that a table or a page names, politely, safely, and never the same one twice.

One thread reads the source, decides, and writes; workers fetch and look at what they got. So no two threads ever write.
The order of the source decides what is a duplicate of what, not the order in which the photos arrive.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from fashion_match.core.collect.fetch_pool import FetchPool, Photo
from fashion_match.core.collect.folder import CollectFolder, check_out
from fashion_match.core.collect.host_queue import Task
from fashion_match.core.collect.page import ProductPage, is_web
from fashion_match.core.collect.photo_check import ACCEPT, CheckedPhoto, check_content_type, check_photo
from fashion_match.core.collect.record import BadWanted, CollectReport, Entry, Missing, Wanted, plain_text, row_number
from fashion_match.core.collect.request import CollectProgress, CollectRequest
from fashion_match.core.collect.table import AddressTable
from fashion_match.core.web.address import AddressError, WebAddress, parse_address
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.fetch import Fetched, Fetcher, user_agent
from fashion_match.core.web.pace import Pace
from fashion_match.core.web.reason import REFUSED, CollectReason
from fashion_match.core.web.robots import RobotsCache

LOOKAHEAD = 500
"""Tasks that wait at most: enough that several hosts are asked in turn."""
EVERY = 100
"""New photos after which the table is written anew; more where it is long, so that writing it never is the work."""


class Source(Protocol):
    """What names pictures."""

    skipped: Mapping[str, int]
    """What it passed over by intent."""

    def wanted(self) -> Iterator[Wanted | BadWanted]: ...


class Collecting:
    """One run. Make it, then call `run` once.

    Args:
        notify: called with a line for people when something happens that they should know.
        fetcher: a stand-in for the network, for tests.

    Raises:
        UsageError: the request makes no sense.
        PluginError: an option of the table is unknown.
    """

    def __init__(
        self,
        request: CollectRequest,
        *,
        notify: Callable[[str], None] = lambda _: None,
        on_progress: Callable[[CollectProgress], None] = lambda _: None,
        fetcher: Fetcher | None = None,
    ) -> None:
        check_out(request.out)
        self.request = request
        self.on_progress = on_progress
        self.n_attempts = request.retries + 1
        self.fetcher = fetcher or Fetcher(
            agent=user_agent(request.contact),
            pace=Pace(1 / request.rate),
            robots=RobotsCache(self.n_attempts),
            patience=request.patience,
            allow_private=request.allow_private,
            notify=notify,
        )
        self.source = self._make_source()
        self.source_id = request.source if is_web(request.source) else os.path.abspath(request.source)

    def _make_source(self) -> Source:
        request = self.request
        if request.table is not None:
            return AddressTable(request.table, request.column, request.table_options)
        return ProductPage(str(request.page), request.base, self.fetcher, self.n_attempts)

    def run(self) -> CollectReport:
        """Fetch what is new, and write the table.

        Raises:
            ReaderError: the source cannot be read.
            UsageError: the folder cannot be written, or another process holds it.
        """
        rows = _started(self.source.wanted())  # a source that cannot be read is told before a folder is made
        began = time.perf_counter()
        with CollectFolder(self.request.out) as folder:
            run = _Run(self, folder, rows)
            try:
                run.loop()
            finally:
                folder.write_items()
            has_failures = folder.write_failures(sorted(run.missing, key=lambda one: row_number(one.where)))
            return run.report(time.perf_counter() - began, has_failures)

    def fetch(self, task: Task) -> Photo:
        """Fetch one picture and look at it. Raises FetchError."""
        request = self.request
        fetched = self.fetcher.get(task.address, accept=ACCEPT, max_bytes=request.max_bytes, check=check_content_type)
        try:
            return fetched, check_photo(fetched.body, max_pixels=request.max_pixels, min_px=request.min_px)
        except FetchError as error:
            error.final_address, error.status = str(fetched.final), fetched.status
            raise


@dataclass
class _Run:
    """The state of one run, all in one thread."""

    of: Collecting
    folder: CollectFolder
    rows: Iterator[Wanted | BadWanted]
    counts: CollectProgress = field(default_factory=CollectProgress)
    missing: list[Missing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.request = self.of.request
        self.provenance = self.folder.provenance
        self.reasons: Counter[CollectReason] = Counter()
        self.claims: dict[str, str] = {}
        """Ids of this run's rows, with the address of the first row that has each."""
        self.pending: dict[str, Task] = {}
        """By address, what waits or runs."""
        self.seen: dict[str, int] = {}
        """Addresses of this run's rows, each with the number of its first row, which says what is stored of it."""
        self.stored: set[str] = set()
        self.pool = FetchPool(
            self.of.fetch, self.of.fetcher.pace, n_workers=self.request.workers, n_attempts=self.of.n_attempts
        )
        self.n_tasks = 0
        self.n_unwritten = 0
        self.exhausted = False

    def loop(self) -> None:
        """Work until the source is at its end and nothing waits or runs."""
        with self.pool:
            while True:
                self._read_ahead()
                if self.exhausted and self.pool.is_idle:
                    return
                ended = self.pool.next_done()
                if ended is None:
                    continue
                del self.pending[str(ended.task.address)]
                if ended.photo is not None:
                    self._keep(ended.task, *ended.photo)
                elif ended.error is not None:
                    self._miss(ended.task, ended.error)

    # -- the source -------------------------------------------------------------------------------------------------

    def _read_ahead(self) -> None:
        while not self.exhausted and self.pool.n_waiting < LOOKAHEAD:
            wanted = next(self.rows, None) if self.n_tasks != self.request.limit else None
            if wanted is None:
                self.exhausted = True
                return
            self._count(n_seen=1)
            if isinstance(wanted, BadWanted):
                self._list(wanted.id, None, wanted.where, CollectReason.BAD_RECORD, wanted.detail)
            else:
                self._look_at(wanted)

    def _look_at(self, wanted: Wanted) -> None:
        """Decide what a row means: a task, one that waits already, or something that is known."""
        try:
            address = parse_address(wanted.address)
        except AddressError as error:
            detail = f"{wanted.address[:200]!r} {error}"
            self._list(wanted.id, None, wanted.where, CollectReason.BAD_ADDRESS, detail)
            return
        text = str(address)
        if clash := self._clash(wanted, text):
            self._list(wanted.id, text, wanted.where, CollectReason.DUPLICATE_ID, clash)
            return
        is_first = text not in self.seen
        self.seen.setdefault(text, self.counts.n_seen)
        known = self.provenance.by_address.get(text)
        if text in self.pending:
            self.pending[text].wanted.append(wanted)
        elif known is None or (known.reason is not None and self.request.retry_failed and is_first):
            self._add_task(address, wanted)
        elif known.reason is not None:
            self._list(wanted.id, text, wanted.where, known.reason, known.detail or "")
        elif not self._is_there(known):
            self._add_task(address, wanted)
        elif known.event == "duplicate" or not is_first:
            self._count(n_duplicate=1)
        else:
            self._again(wanted, known)

    def _clash(self, wanted: Wanted, address: str) -> str | None:
        """Return what is wrong with an id that stands for something else already."""
        if wanted.id is None:
            return None
        first = self.claims.setdefault(wanted.id, address)
        if first != address:
            return f"another row has the id {wanted.id!r}, with the address {first[:200]}"
        item = self.provenance.items.get(wanted.id)
        if item is not None and item.source != self.of.source_id and item.address != address:
            return f"the id {wanted.id!r} is that of an item from {item.source}; collect into another folder"
        return None

    def _is_there(self, known: Entry) -> bool:
        """Whether the photo of an entry, or the one that it is a duplicate of, still lies in the folder."""
        owner = known if known.has_photo else self.provenance.owner(known.sha256 or "")
        return owner is not None and self.folder.has(owner)

    def _add_task(self, address: WebAddress, wanted: Wanted) -> None:
        task = Task(address, [wanted])
        self.pending[str(address)] = task
        self.pool.add(task)
        self.n_tasks += 1

    def _again(self, wanted: Wanted, known: Entry) -> None:
        """A picture that an earlier run stored; the source may say something else about it now."""
        now = known.model_copy(update={"id": wanted.id or known.id, **wanted.described()})
        if now != known or self.provenance.items.get(known.id or "") is not known:
            news = {"event": "updated", "at": _now(), "source": self.of.source_id, "where": wanted.where}
            self.provenance.add(now.model_copy(update=news))
            self._count(n_updated=1)
        self._count(n_unchanged=1)

    # -- what becomes of them ---------------------------------------------------------------------------------------

    def _keep(self, task: Task, fetched: Fetched, photo: CheckedPhoto) -> None:
        """Store a photo that is new; of one that is there already, note where else it was."""
        first, *others = task.wanted
        owner = self.provenance.owner(photo.sha256)
        if owner is not None and not self.folder.has(owner):
            owner = None
        if owner is not None and self._comes_before(task, owner):
            self.provenance.add(owner.model_copy(update={"event": "duplicate", "id": first.id or owner.id}))
            self._count(n_duplicate=1, n_stored=-1)
            owner = None
        entry = Entry(
            event="stored" if owner is None else "updated" if owner.id == first.id else "duplicate",
            id=first.id or photo.sha256[:20] if owner is None else owner.id,
            address=str(task.address),
            final_address=str(fetched.final),
            source=self.of.source_id,
            where=first.where,
            at=_now(),
            robots=fetched.robots,
            status=fetched.status,
            content_type=fetched.content_type,
            n_bytes=len(photo.data),
            sha256=photo.sha256,
            file=self.folder.store(photo) if owner is None else owner.file,
            width=photo.width,
            height=photo.height,
            **first.described(),
        )
        self.provenance.add(entry)
        self._count(n_bytes=len(photo.data), n_duplicate=len(others))
        if entry.event == "updated":  # the item's picture has moved to another address
            self._count(n_unchanged=1, n_updated=1)
        elif entry.event == "duplicate":
            self._count(n_duplicate=1)
        else:
            self.stored.add(entry.address)
            self._count(n_stored=1)
            self.n_unwritten += 1
            if self.n_unwritten >= max(EVERY, len(self.provenance.items) // 10):
                self.folder.write_items()
                self.n_unwritten = 0

    def _comes_before(self, task: Task, owner: Entry) -> bool:
        """Whether the source names ``task`` before the item that this run stored with the same photo."""
        return owner.address in self.stored and self.seen[str(task.address)] < self.seen[owner.address]

    def _miss(self, task: Task, error: FetchError) -> None:
        first = task.wanted[0]
        self.provenance.add(
            Entry(
                event="refused" if error.reason in REFUSED else "failed",
                id=first.id,
                address=str(task.address),
                final_address=error.final_address,
                source=self.of.source_id,
                where=first.where,
                at=_now(),
                status=error.status,
                reason=error.reason,
                detail=error.detail,
            )
        )
        for wanted in task.wanted:
            self._list(wanted.id, str(task.address), wanted.where, error.reason, error.detail)

    def _list(self, item: str | None, address: str | None, where: str, reason: CollectReason, detail: str) -> None:
        """Count one picture that is not there, and keep it for the list of them."""
        self.missing.append(Missing(id=item, address=address, where=where, reason=reason, detail=plain_text(detail)))
        self.reasons[reason] += 1
        self._count(**{"n_refused" if reason in REFUSED else "n_failed": 1})

    def _count(self, **more: int) -> None:
        for name, n in more.items():
            setattr(self.counts, name, getattr(self.counts, name) + n)
        self.of.on_progress(self.counts)

    def report(self, seconds: float, has_failures: bool) -> CollectReport:
        counts = self.counts
        return CollectReport(
            source=self.request.source,
            out=str(self.request.out),
            n_seen=counts.n_seen,
            n_stored=counts.n_stored,
            n_duplicate=counts.n_duplicate,
            n_unchanged=counts.n_unchanged,
            n_updated=counts.n_updated,
            n_refused=counts.n_refused,
            n_failed=counts.n_failed,
            reasons={reason: self.reasons[reason] for reason in CollectReason if self.reasons[reason]},
            skipped=dict(self.of.source.skipped),
            n_bytes=counts.n_bytes,
            n_items=len(self.provenance.items),
            items_file=self.folder.items_file,
            provenance_file=self.provenance.file,
            failures_file=self.folder.failures_file if has_failures else None,
            seconds=round(seconds, 3),
        )


def _started(rows: Iterator[Wanted | BadWanted]) -> Iterator[Wanted | BadWanted]:
    """Fetch the first row now, so that what is wrong with the whole source is raised here."""
    for first in rows:
        return itertools.chain([first], rows)
    return rows


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
