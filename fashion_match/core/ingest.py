"""``fm ingest``: from a source to stored vectors, skipping what is stored unchanged."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.compute import Compute
from fashion_match.core.error import DataError
from fashion_match.core.failure_log import FailureLog, read_failures
from fashion_match.core.ingest_option import IngestOptions, Progress
from fashion_match.core.item import Failure, IngestReport, Item, Reason
from fashion_match.core.kind import widen
from fashion_match.core.model.artifact import read_card
from fashion_match.core.model.choice import ModelChoice, resolve_model
from fashion_match.core.model.encoding import hash_codes
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.seen import SeenIds
from fashion_match.core.store.point import OWN, make_payload
from fashion_match.core.store.protocol import CollectionSpec, Kind, Location, Payload, Point, Stored, VectorStore
from fashion_match.core.store.writer import BackgroundWriter
from fashion_match.core.where import Where

if TYPE_CHECKING:
    from fashion_match.core.model.embedder import Embedded, Embedder, Photo

LOOKUP = 512
"""Items whose stored state is fetched at once."""
UPSERT = 256
"""Points written at once: enough for the engine to be quick."""
UPSERT_S = 1.0
"""Points are written after that time at the latest, so that a kill costs no more than a second or two of work."""


@dataclass(frozen=True, slots=True)
class _Job:
    """An item on its way through the model, with what is stored of it already."""

    item: Item
    known: Payload | None = None


def _silent(_: Any) -> None:
    pass


@dataclass
class Ingest:
    """One run. Make it, then call `run` once."""

    plugins: Plugins
    location: Location
    collection: str
    source: str
    reader: str | None = None
    reader_options: dict[str, Any] = field(default_factory=dict)
    model: ModelChoice = field(default_factory=ModelChoice)
    compute: Compute = field(default_factory=Compute)
    options: IngestOptions = field(default_factory=IngestOptions)
    notify: Callable[[str], None] = _silent
    """Called with a line for people when something happens that they should know."""
    on_progress: Callable[[Progress], None] = _silent

    def run(self) -> IngestReport:
        """Read, skip, embed, store, index.

        Raises:
            ReaderError: the source cannot be read.
            ModelError: the model cannot be had, or is not the collection's.
            StoreError: the store refuses.
            DataError: with ``strict``, at the first failure.
        """
        self.reader = self.reader or self.plugins.guess_reader(self.source)
        reader = self.plugins.readers[self.reader].make(self.reader_options)
        records = _started(reader.read(self.source))  # a source that cannot be read is told before a model is loaded
        began = time.perf_counter()
        self.counts = Progress()
        self.seen = SeenIds()
        self.unreadable_records = 0
        self.loading_s = 0.0
        with self._opened_store() as self.store, ExitStack() as stack:
            self.kinds: dict[str, Kind] = dict(self.store.spec.kinds)
            self.scored: set[str] = set(self.store.spec.scored)
            wanted = self._only_failed() if self.options.retry_failed else None
            self.failures = stack.enter_context(FailureLog(failures_file(self.location, self.collection)))
            self._embed_and_store(self._to_embed(records, wanted))
            n_pruned = self._prune() if self.options.prune else 0
            if self.counts.n_stored or n_pruned:
                self.store.optimize()
        return self._report(time.perf_counter() - began - self.loading_s, n_pruned)

    # -- the collection and its model -------------------------------------------------------------------------------

    @contextmanager
    def _opened_store(self) -> Iterator[VectorStore]:
        """Open the collection, or make it; one that stays empty is not left behind with a model that it is bound to."""
        made = self.collection not in self.location.names()
        spec = None if made else self.location.spec(self.collection)
        self.folder = resolve_model(self.plugins, self.location.library, self.model, spec)
        self.card = read_card(self.folder)
        self.encoding = self.card.encoding
        store = self._create() if made else self.location.open(self.collection)
        try:
            yield store
        finally:
            store.close()
            if made and not self.counts.n_stored:
                self.location.drop(self.collection)

    def _create(self) -> VectorStore:
        spec = CollectionSpec(
            dim=self.card.dim,
            fingerprint=self.card.fingerprint,
            model=self.model.origin(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        return self.location.create(self.collection, spec)

    def _embedder(self) -> Embedder:
        return self.compute.embedder(self.folder, self.plugins, notify=self.notify)

    # -- what is to be done -----------------------------------------------------------------------------------------

    def _only_failed(self) -> frozenset[str]:
        file = failures_file(self.location, self.collection)
        wanted = frozenset(failure.item or failure.file for failure in read_failures(file))
        if not wanted:
            self.notify(f"The last ingest into {self.collection} left no failures: there is nothing to retry.")
        return wanted

    def _to_embed(self, records: Iterable[Item | Failure], wanted: frozenset[str] | None) -> Iterator[Photo[_Job]]:
        """Yield what must go through the model; deal with everything else on the way."""
        items = self._good(records, wanted)
        while block := list(itertools.islice(items, LOOKUP)):
            rewritten: list[Stored] = []
            for item, known in zip(block, self.store.payloads([item.id for item in block]), strict=True):
                photo = self._judge(item, known, rewritten)
                if photo is not None:
                    yield photo
            if rewritten:
                self.store.set_items(rewritten)
                self.counts.n_stored += len(rewritten)
            self.on_progress(self.counts)

    def _good(self, records: Iterable[Item | Failure], wanted: frozenset[str] | None) -> Iterator[Item]:
        """Yield the records that can be stored, count the others as failures, and make room for new attributes."""
        for record in records:
            if isinstance(record, Failure):
                if wanted is None or (record.item or record.file) in wanted:
                    self.unreadable_records += 1
                    self.counts.n_seen += 1
                    self._fail(record)
                continue
            item = record
            if self.options.prefix:
                item = item.model_copy(update={"id": self.options.prefix + item.id})
            if wanted is not None and item.id not in wanted and str(item.image) not in wanted:
                continue
            self.counts.n_seen += 1
            if not self.seen.add(item.id):
                self._fail_item(item, Reason.DUPLICATE_ID, f"the source has another item with the id {item.id!r}")
            elif item.image is None and self.encoding is None:
                self._fail_item(item, Reason.NO_PHOTO, "the source names no photo for it")
            elif self._fits(item):
                yield item

    def _fits(self, item: Item) -> bool:
        try:
            wider = widen(self.kinds, item.attributes)
        except TypeError as error:
            self._fail_item(item, Reason.ATTRIBUTE_TYPE, str(error))
            return False
        if wider or not item.scores.keys() <= self.scored:
            self.kinds |= wider
            self.scored |= item.scores.keys()
            self.store.ensure(wider, sorted(item.scores))
        return True

    def _judge(self, item: Item, known: Payload | None, rewritten: list[Stored]) -> Photo[_Job] | None:
        """Return what must be read or embedded; note an item of which only the payload changed in ``rewritten``."""
        from fashion_match.core.model.embedder import Photo

        if known is None:
            return Photo(_Job(item), item.image, item.box, attributes=item.attributes)
        if not self.options.update:
            self.counts.n_unchanged += 1
            return None
        content, stat = known[OWN]["content"], tuple(known[OWN]["stat"])
        payload = make_payload(item, content, stat, self._source_id)
        other_photo = _stat(item.image) != stat or payload[OWN].get("box") != known[OWN].get("box")
        read = self.options.verify or other_photo
        if payload == known and not read:
            self.counts.n_unchanged += 1
        elif read or self._says_something_else(item, content):
            return Photo(_Job(item, known), item.image, item.box, content, item.attributes)
        else:
            rewritten.append(Stored(item, content, stat, self._source_id))
        return None

    def _says_something_else(self, item: Item, content: str) -> bool:
        """Whether the attributes tell the model something else than what is stored under this hash."""
        if self.encoding is None:
            return False
        (codes,) = self.encoding.encode([item.attributes], [item.image is not None])
        return not content.endswith(hash_codes(codes))

    # -- doing it ---------------------------------------------------------------------------------------------------

    def _embed_and_store(self, photos: Iterator[Photo[_Job]]) -> None:
        first = next(photos, None)
        if first is None:  # nothing to embed, so nothing to load
            return
        with ExitStack() as stack:
            embedder = self._embedder()
            stack.callback(embedder.close)
            self._load(embedder)
            writer = stack.enter_context(BackgroundWriter(self.store))
            points: list[Point] = []
            written = time.monotonic()
            for done in embedder.stream(itertools.chain([first], photos)):
                item, known = done.key.item, done.key.known
                if done.failure is not None:
                    if done.failure.reason is Reason.MISSING_FILE:
                        self.seen.forget(item.id)
                    self._fail_item(item, done.failure.reason, done.failure.detail)
                elif done.vector is None:
                    self._keep_vector(item, known, done)
                elif known is not None and known[OWN]["source"] != self._source_id:
                    self._fail_item(
                        item,
                        Reason.DUPLICATE_ID,
                        f"the id {item.id!r} is that of another item, of {known[OWN]['source']}; "
                        "keep both apart with --prefix, or in two collections",
                    )
                else:
                    points.append(Point(item, done.vector, done.content, done.stat, self._source_id))
                if len(points) >= UPSERT or (points and time.monotonic() - written > UPSERT_S):
                    writer.upsert(points)
                    self._count(n_stored=len(points), n_embedded=len(points))
                    points, written = [], time.monotonic()
            writer.upsert(points)
            self._count(n_stored=len(points), n_embedded=len(points))

    def _load(self, embedder: Embedder) -> None:
        """Load the model before the first photo asks for it, and note how long that took."""
        began = time.perf_counter()
        embedder.describe()
        self.loading_s = time.perf_counter() - began

    def _keep_vector(self, item: Item, known: Payload | None, done: Embedded[_Job]) -> None:
        """Store an item that was looked at again and gives the model what it gave before."""
        assert known is not None
        self.store.set_items([Stored(item, done.content, done.stat, self._source_id)])
        same = make_payload(item, done.content, tuple(known[OWN]["stat"]), self._source_id) == known
        self._count(**{"n_unchanged" if same else "n_stored": 1})

    def _prune(self) -> int:
        if self.unreadable_records:
            self.notify(
                f"Nothing was pruned: {self.unreadable_records} records could not be read, "
                "so what the source has is not sure."
            )
            return 0
        if self.options.retry_failed:
            self.notify("Nothing was pruned: --retry-failed looks at a part of the source only.")
            return 0
        gone = [
            stored.item.id
            for stored in self.store.scan(Where.equal("source", self._source_id))
            if stored.item.id not in self.seen
        ]
        if gone:
            self.store.delete(gone)
        return len(gone)

    # -- counting ---------------------------------------------------------------------------------------------------

    @cached_property
    def _source_id(self) -> str:
        return source_id(self.source)

    def _count(self, **more: int) -> None:
        for name, n in more.items():
            setattr(self.counts, name, getattr(self.counts, name) + n)
        self.on_progress(self.counts)

    def _fail_item(self, item: Item, reason: Reason, detail: str) -> None:
        self._fail(Failure(item=item.id, file=str(item.image or self.source), reason=reason, detail=detail))

    def _fail(self, failure: Failure) -> None:
        self.failures.add(failure)
        self._count(n_failed=1)
        if self.options.strict:
            raise DataError(
                f"{failure.file} cannot be stored: {failure.detail} ({failure.reason}).",
                "Without --strict the run goes on and reports such items at its end.",
            )

    def _report(self, seconds: float, n_pruned: int) -> IngestReport:
        counts = self.counts
        return IngestReport(
            collection=self.collection,
            source=self.source,
            reader=self.reader or "",
            n_seen=counts.n_seen,
            n_stored=counts.n_stored,
            n_embedded=counts.n_embedded,
            n_unchanged=counts.n_unchanged,
            n_failed=counts.n_failed,
            n_pruned=n_pruned,
            failures_by_reason=dict(self.failures.by_reason),
            failures_file=self.failures.file if counts.n_failed else None,
            seconds=round(seconds, 3),
            images_per_s=round(counts.n_embedded / seconds, 1) if seconds else 0.0,
        )


def source_id(source: str) -> str:
    """Return what a source is called in the store: its absolute path where it is one, else as it is written."""
    return os.path.abspath(source) if os.path.exists(source) else source


def failures_file(location: Location, collection: str) -> Path:
    """Return where the quarantine report of the last ingest into ``collection`` lies."""
    return location.library.parent / "failures" / f"{collection}.jsonl"


def _stat(path: Path | None) -> tuple[int, int] | None:
    """Return size and modification time, both 0 for an item without a photo; ``None`` where the file is gone."""
    if path is None:
        return 0, 0
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _started(records: Iterator[Item | Failure]) -> Iterator[Item | Failure]:
    """Fetch the first record now, so that what is wrong with the whole source is raised here."""
    for first in records:
        return itertools.chain([first], records)
    return records
