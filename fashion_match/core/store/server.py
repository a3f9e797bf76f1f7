"""A collection on a Qdrant server, cluster or cloud, for many processes at once. Imported only when it is used: 1 s."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from qdrant_client import QdrantClient, models

from fashion_match.core.error import UsageError
from fashion_match.core.store.filter import Dialect, build_filter, kind_of_key, payload_key
from fashion_match.core.store.index import candidates, few_enough_for_exact, search_ef
from fashion_match.core.store.point import OWN_FIELDS, make_payload, make_stored, namespace, point_id
from fashion_match.core.store.protocol import CollectionSpec, Kind, Payload, Point, Stored
from fashion_match.core.store.server_error import translated
from fashion_match.core.store.spec import widened
from fashion_match.core.store.vector import check_vector
from fashion_match.core.where import Where

T = TypeVar("T")

METADATA = "fashion_match"
"""Key of the spec in a collection's metadata. A collection without it belongs to someone else."""

_SCHEMA = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "integer": models.PayloadSchemaType.INTEGER,
    "float": models.PayloadSchemaType.FLOAT,
}
_PAGE = 1000
_EVERY = 1_000_000
_OPTIMIZE_TIMEOUT_S = 3600.0


def read_spec(info: models.CollectionInfo) -> CollectionSpec | None:
    """Return the spec that a collection carries, ``None`` where it is not ours. Raises ValidationError if damaged."""
    carried = (info.config.metadata or {}).get(METADATA)
    return None if carried is None else CollectionSpec.model_validate(carried)


def spec_metadata(spec: CollectionSpec) -> dict[str, Any]:
    """Return the metadata that carries ``spec``."""
    return {METADATA: spec.model_dump(mode="json")}


class ServerStore:
    """An open collection. Any number of processes may read and write it; a write returns when the server has it.

    Args:
        address: URL of the server, for messages.
    """

    def __init__(self, client: QdrantClient, name: str, spec: CollectionSpec, address: str) -> None:
        self._client = client
        self._name = name
        self._spec = spec
        self._address = address
        self._space = namespace(name)
        self._indexed: dict[str, Kind] = {}
        self._search: models.SearchParams | None = None
        self._dialect = Dialect(
            models, models.Range, lambda ids: models.HasIdCondition(has_id=[point_id(self._space, i) for i in ids])
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def spec(self) -> CollectionSpec:
        return self._spec

    # -- writing ----------------------------------------------------------------------------------------------------

    def ensure(self, kinds: dict[str, Kind], scored: Sequence[str] = ()) -> None:
        info = self._call(self._client.get_collection, self._name)
        current = read_spec(info) or self._spec  # another process may have widened it
        spec = widened(current, kinds, scored, f"the collection {self._name}")
        wanted: dict[str, Kind] = {**dict.fromkeys(OWN_FIELDS, "keyword"), **spec.kinds}
        for name, kind in wanted.items():
            self._index(payload_key(name), kind, info.payload_schema)
        if spec != current:
            self._call(self._client.update_collection, self._name, metadata=spec_metadata(spec))
        self._spec = spec

    def _index(self, key: str, kind: Kind, schema: dict[str, models.PayloadIndexInfo]) -> None:
        if self._indexed.get(key) == kind:
            return
        there = schema.get(key)
        if there is not None and there.data_type != _SCHEMA[kind]:
            self._call(self._client.delete_payload_index, self._name, key, wait=True)
            there = None
        if there is None:
            self._call(self._client.create_payload_index, self._name, key, _SCHEMA[kind], wait=True)
        self._indexed[key] = kind

    def upsert(self, points: Sequence[Point]) -> None:
        space, dim = self._space, self._spec.dim
        rows = [
            models.PointStruct(
                id=point_id(space, p.item.id),
                vector=check_vector(p.vector, dim, f"the vector of item {p.item.id!r}"),
                payload=make_payload(p.item, p.content, p.stat, p.source),
            )
            for p in points
        ]
        if rows:
            self._search = None
            self._call(self._client.upsert, self._name, rows, wait=True)

    def set_items(self, points: Sequence[Stored]) -> None:
        found = self._found([p.item.id for p in points], with_payload=False)
        operations = [
            models.OverwritePayloadOperation(
                overwrite_payload=models.SetPayload(
                    payload=make_payload(p.item, p.content, p.stat, p.source), points=[record.id]
                )
            )
            for p, record in zip(points, found, strict=True)
            if record is not None  # the server would refuse the whole batch
        ]
        if operations:
            self._call(self._client.batch_update_points, self._name, operations, wait=True)

    def delete(self, ids: Sequence[str]) -> None:
        if ids:
            selected: list[Any] = [point_id(self._space, i) for i in ids]
            self._call(self._client.delete, self._name, models.PointIdsList(points=selected), wait=True)

    def optimize(self) -> None:
        """Wait until the server, which optimises by itself, is done."""
        deadline = time.monotonic() + _OPTIMIZE_TIMEOUT_S
        while self._call(self._client.get_collection, self._name).status == models.CollectionStatus.YELLOW:
            if time.monotonic() > deadline:
                return
            time.sleep(0.2)

    def close(self) -> None:
        """Do nothing: the connection is the location's."""

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
            estimate = self._call(self._client.count, self._name, count_filter=chosen, exact=False).count
            exact = few_enough_for_exact(estimate, self._spec.dim)
        anchor = check_vector(vector, self._spec.dim, "the anchor")
        mmr = models.Mmr(diversity=diversity, candidates_limit=candidates(offset + k))
        found = self._call(
            self._client.query_points,
            self._name,
            query=models.NearestQuery(nearest=anchor, mmr=mmr) if diversity else anchor,
            query_filter=chosen,
            search_params=models.SearchParams(exact=True) if exact else self._search or self._measured(),
            limit=k,
            offset=offset,
            score_threshold=min_score,
            with_payload=True,
            with_vectors=with_vectors,
        ).points
        if not diversity:
            found.sort(key=lambda point: (-point.score, str(point.id)))
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
        counts: Iterable[tuple[Any, int]]
        if kind == "float":  # the engine counts no fractions
            values = ((record.payload or {}).get(key) for record in self._scroll(where, keys=[payload_key(key)]))
            counts = Counter(value for value in values if value is not None).items()
        else:
            hits = self._call(
                self._client.facet,
                self._name,
                payload_key(key),
                facet_filter=self._filter(where),
                limit=_EVERY,
                exact=True,
            ).hits
            counts = [(hit.value, hit.count) for hit in hits]
        return dict(sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:limit])

    def count(self, where: Where = Where()) -> int:
        return self._call(self._client.count, self._name, count_filter=self._filter(where), exact=True).count

    # -- the client -------------------------------------------------------------------------------------------------

    def _measured(self) -> models.SearchParams:
        """Fit the search to the size of the collection, until the next write from here."""
        n_points = self._call(self._client.get_collection, self._name).points_count or 0
        self._search = models.SearchParams(hnsw_ef=search_ef(n_points))
        return self._search

    def _filter(self, where: Where, exclude: Sequence[str] = ()) -> models.Filter | None:
        built: models.Filter | None = build_filter(where, self._spec.kinds, self._dialect, exclude=exclude)
        return built

    def _scroll(
        self, where: Where, *, with_vectors: bool = False, keys: list[str] | None = None
    ) -> Iterator[models.Record]:
        chosen, start = self._filter(where), None
        while True:
            records, start = self._call(
                self._client.scroll,
                self._name,
                scroll_filter=chosen,
                limit=_PAGE,
                offset=start,
                with_payload=keys or True,
                with_vectors=with_vectors,
            )
            yield from records
            if start is None:
                return

    def _found(
        self, ids: Sequence[str], *, with_payload: bool = True, with_vectors: bool = False
    ) -> list[models.Record | None]:
        """Return the record of each item, ``None`` where there is none."""
        keys = [point_id(self._space, i) for i in ids]
        if not keys:
            return []
        records = self._call(
            self._client.retrieve, self._name, keys, with_payload=with_payload, with_vectors=with_vectors
        )
        by_key = {str(record.id): record for record in records}
        return [by_key.get(key) for key in keys]

    def _call(self, ask: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        with translated(self._address, self._name):
            return ask(*args, **kwargs)
