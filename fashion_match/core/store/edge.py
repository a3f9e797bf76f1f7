"""A collection in this process: Qdrant's own engine, embedded. The only file that knows ``qdrant_edge``."""

from __future__ import annotations

import shutil
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import qdrant_edge as edge

from fashion_match.core.error import StoreError, UsageError
from fashion_match.core.store.filter import Dialect, build_filter, kind_of_key, payload_key
from fashion_match.core.store.index import (
    EF_CONSTRUCT,
    M,
    candidates,
    few_enough_for_exact,
    indexing_threshold_kb,
    search_ef,
)
from fashion_match.core.store.lock import Lock
from fashion_match.core.store.point import OWN_FIELDS, make_payload, make_stored, namespace, point_id
from fashion_match.core.store.protocol import CollectionSpec, Kind, Payload, Point, Stored
from fashion_match.core.store.spec import widened
from fashion_match.core.store.vector import check_vector
from fashion_match.core.where import Where

T = TypeVar("T")
R = TypeVar("R")

_SCHEMA = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "float": edge.PayloadSchemaType.Float,
}
_PAGE = 1000
_EVERY = 1_000_000
_REMEMBERED = 256
"""Counts, until the next write."""


def create_shard(folder: Path, dim: int) -> None:
    """Make an empty shard for vectors of width ``dim`` (E), in place of what an unfinished creation may have left."""
    if folder.exists():
        shutil.rmtree(folder)
    config = edge.EdgeConfig(
        vectors=edge.EdgeVectorParams(size=dim, distance=edge.Distance.Cosine),
        hnsw_config=edge.HnswIndexConfig(m=M, ef_construct=EF_CONSTRUCT, full_scan_threshold=10_000),
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=indexing_threshold_kb(dim)),
    )
    _told(lambda _: edge.EdgeShard.create(str(folder), config).close(), None, f"the store in {folder}")


class EdgeStore:
    """An open shard. It belongs to this process until `close`, or until the process ends.

    Args:
        save: called with the spec when it has changed.
        lock: held by the caller for this store, and released by `close`.

    Raises:
        StoreError: the shard is damaged, or held by a program that does not know our lock.
    """

    def __init__(
        self, name: str, spec: CollectionSpec, shard: Path, save: Callable[[CollectionSpec], None], lock: Lock
    ) -> None:
        self._name = name
        self._spec = spec
        self._save = save
        self._space = namespace(name)
        self._writing = RLock()
        self._search: edge.SearchParams | None = None
        self._counted: dict[object, Any] = {}
        self._what = f"the collection {name}"
        self._shard = _loaded(shard, self._what)
        # Also at the end of the program, should nobody have called `close`.
        self._close = weakref.finalize(self, _close, self._shard, lock)
        self._dialect = Dialect(
            edge, edge.RangeFloat, lambda ids: edge.HasIdCondition({point_id(self._space, i) for i in ids})
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def spec(self) -> CollectionSpec:
        return self._spec

    # -- writing ----------------------------------------------------------------------------------------------------

    def ensure(self, kinds: dict[str, Kind], scored: Sequence[str] = ()) -> None:
        with self._writing:
            spec = widened(self._spec, kinds, scored, self._what)
            self._index(spec.kinds)
            if spec != self._spec:
                self._save(spec)
                self._spec = spec

    def upsert(self, points: Sequence[Point]) -> None:
        space, dim = self._space, self._spec.dim
        rows = [
            edge.Point(
                point_id(space, p.item.id),
                check_vector(p.vector, dim, f"the vector of item {p.item.id!r}"),
                make_payload(p.item, p.content, p.stat, p.source),
            )
            for p in points
        ]
        self._update(edge.UpdateOperation.upsert_points(rows))

    def set_items(self, points: Sequence[Stored]) -> None:
        with self._writing:
            found = self._found([p.item.id for p in points], with_payload=False)
            for p, record in zip(points, found, strict=True):
                if record is not None:  # the engine would refuse the others with it
                    payload = make_payload(p.item, p.content, p.stat, p.source)
                    self._update(edge.UpdateOperation.overwrite_payload([record.id], payload))

    def delete(self, ids: Sequence[str]) -> None:
        self._update(edge.UpdateOperation.delete_points([point_id(self._space, i) for i in ids]))

    def optimize(self) -> None:
        with self._writing:
            self._call(lambda _: self._shard.optimize(), None)

    def close(self) -> None:
        self._close()

    # -- reading ----------------------------------------------------------------------------------------------------

    def nearest(
        self,
        vector: Sequence[float],
        *,
        where: Where = Where(),
        k: int = 10,
        offset: int = 0,
        min_score: float | None = None,
        exact: bool = False,
        exclude: Sequence[str] = (),
        with_vectors: bool = False,
        diversity: float = 0.0,
    ) -> list[Stored]:
        chosen = self._filter(where, exclude)
        if where and not exact:
            estimate = self._call(self._shard.count, edge.CountRequest(exact=False, filter=chosen))
            exact = few_enough_for_exact(estimate, self._spec.dim)
        anchor = check_vector(vector, self._spec.dim, "the anchor")
        request = edge.QueryRequest(
            limit=k,
            offset=offset,
            query=edge.Mmr(anchor, 1 - diversity, candidates(offset + k)) if diversity else edge.Query.Nearest(anchor),
            filter=chosen,
            score_threshold=min_score,
            params=_EXACT if exact else self._search or self._measured(),
            with_payload=True,
            with_vector=with_vectors,
        )
        found = self._call(self._shard.query, request)
        if not diversity:
            found.sort(key=lambda point: (-point.score, point.id))
        return [make_stored(point, scored=True, with_vectors=with_vectors) for point in found]

    def scan(self, where: Where = Where(), *, with_vectors: bool = False) -> Iterator[Stored]:
        for record in self._scroll(where, with_vectors=with_vectors):
            yield make_stored(record, with_vectors=with_vectors)

    def fetch(self, ids: Sequence[str], *, with_vectors: bool = False) -> list[Stored]:
        found = self._found(ids, with_vectors=with_vectors)
        return [make_stored(record, with_vectors=with_vectors) for record in found if record is not None]

    def payloads(self, ids: Sequence[str]) -> list[Payload | None]:
        return [record.payload if record else None for record in self._found(ids)]

    def facet(self, key: str, where: Where = Where(), *, limit: int = 10_000) -> dict[str | int | float, int]:
        kind = kind_of_key(key, self._spec.kinds)
        if key == "id":
            raise UsageError("ids cannot be counted: each occurs once.", "Choose an attribute.")
        counts = self._once(("facet", key, where), lambda: self._facet(key, kind, where))
        return dict(islice(counts.items(), limit))

    def _facet(self, key: str, kind: Kind, where: Where) -> dict[str | int | float, int]:
        counts: Iterable[tuple[Any, int]]
        if kind == "float":  # the engine counts no fractions
            values = ((record.payload or {}).get(key) for record in self._scroll(where, keys=[payload_key(key)]))
            counts = Counter(value for value in values if value is not None).items()
        else:
            self._index_own([key])
            request = edge.FacetRequest(payload_key(key), limit=_EVERY, exact=True, filter=self._filter(where))
            hits = self._call(self._shard.facet, request).hits
            counts = [(hit.value, hit.count) for hit in hits if hit.count]  # those of overwritten points count 0
        return dict(sorted(counts, key=lambda pair: (-pair[1], pair[0])))

    def count(self, where: Where = Where()) -> int:
        request = edge.CountRequest(exact=True, filter=self._filter(where))
        return self._once(("count", where), lambda: self._call(self._shard.count, request))

    # -- the engine -------------------------------------------------------------------------------------------------

    def _index(self, kinds: Mapping[str, Kind]) -> None:
        """Make sure that these keys have their payload index, of the right kind."""
        with self._writing:
            schema = self._call(lambda _: self._shard.info().payload_schema, None)
            for name, kind in kinds.items():
                key = payload_key(name)
                if key in schema and schema[key].data_type == _SCHEMA[kind]:
                    continue
                if key in schema:
                    self._update(edge.UpdateOperation.delete_field_index(key))
                self._update(edge.UpdateOperation.create_field_index(key, _SCHEMA[kind]))

    def _index_own(self, keys: Iterable[str]) -> None:
        """Index those of an item's own fields that are asked for, for the first time.

        Not before, because every index takes 5 ms of every opening, and most queries ask for attributes alone.
        """
        asked: dict[str, Kind] = {key: "keyword" for key in keys if key in OWN_FIELDS}
        if asked:
            self._index(asked)

    def _measured(self) -> edge.SearchParams:
        """Fit the search to the size of the collection, until the next write."""
        n_points = self._call(lambda _: self._shard.info().points_count, None)
        self._search = edge.SearchParams(hnsw_ef=search_ef(n_points))
        return self._search

    def _filter(self, where: Where, exclude: Sequence[str] = ()) -> edge.Filter | None:
        self._index_own(condition.key for condition in where.conditions)
        built: edge.Filter | None = build_filter(where, self._spec.kinds, self._dialect, exclude=exclude)
        return built

    def _scroll(
        self, where: Where, *, with_vectors: bool = False, keys: list[str] | None = None
    ) -> Iterator[edge.Record]:
        chosen, start = self._filter(where), None
        while True:
            request = edge.ScrollRequest(
                offset=start, limit=_PAGE, filter=chosen, with_payload=keys or True, with_vector=with_vectors
            )
            records, start = self._call(self._shard.scroll, request)
            yield from records
            if start is None:
                return

    def _found(
        self, ids: Sequence[str], *, with_payload: bool = True, with_vectors: bool = False
    ) -> list[edge.Record | None]:
        """Return the record of each item, ``None`` where there is none."""
        keys: list[Any] = [point_id(self._space, i) for i in ids]
        records = self._call(lambda keys: self._shard.retrieve(keys, with_payload, with_vectors), keys)
        by_key = {str(record.id): record for record in records}
        return [by_key.get(key) for key in keys]

    def _once(self, asked: object, count: Callable[[], R]) -> R:
        """Return what was counted before, if nothing was written since: nobody else writes, and a count costs as much
        as several queries."""
        known = self._counted
        found: R | None = known.get(asked)
        if found is None:
            found = count()
            if len(known) >= _REMEMBERED:
                known.clear()
            known[asked] = found
        return found

    def _update(self, operation: edge.UpdateOperation) -> None:
        with self._writing:
            self._search = None
            try:
                self._call(self._shard.update, operation)
            finally:
                self._counted = {}  # another one: who counts while this was written keeps the old one

    def _call(self, ask: Callable[[T], R], request: T) -> R:
        return _told(ask, request, self._what)


_EXACT = edge.SearchParams(exact=True)


def _close(shard: edge.EdgeShard, lock: Lock) -> None:
    try:
        shard.close()
    finally:
        lock.release()


def _loaded(folder: Path, what: str) -> edge.EdgeShard:
    try:
        return edge.EdgeShard.load(str(folder))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # the engine panics on some damaged files, and a panic is no Exception
        if "WouldBlock" in str(error):
            raise StoreError(f"{what} is held by another program.", "End it, and try again.") from None
        raise StoreError(
            f"{what} in {folder.parent} is damaged: {_line(error)}",
            "Delete it with `fm collections delete`, and ingest again.",
        ) from None


def _told(ask: Callable[[T], R], request: T, what: str) -> R:
    try:
        return ask(request)
    except Exception as error:
        if type(error) is not Exception:  # the engine's own errors have no type; all others are bugs of ours
            raise
        if "not initialized" in str(error):
            raise StoreError(f"{what} is closed.", "Open it again.") from None
        raise StoreError(f"{what}: {_line(error)}", "Is the disk full? `fm doctor` looks at the store.") from None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300].rstrip(".") + "."
