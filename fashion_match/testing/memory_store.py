"""A collection in plain Python, for tests: slow, short, and easy to believe."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fashion_match.core.error import StoreError
from fashion_match.core.item import Item
from fashion_match.core.store.index import candidates
from fashion_match.core.store.point import make_payload
from fashion_match.core.store.protocol import CollectionSpec, Kind, Payload, Point, Stored
from fashion_match.core.where import Condition, Scalar, Where


class MemoryStore:
    """A `VectorStore` that compares everything with everything.

    Args:
        dim: E, the width of its vectors.
    """

    def __init__(self, dim: int, name: str = "memory") -> None:
        self.name = name
        self.spec = CollectionSpec(dim=dim, fingerprint="none")
        self._points: dict[str, Point] = {}

    def ensure(self, kinds: dict[str, Kind], scored: Sequence[str] = ()) -> None:
        both = tuple(dict.fromkeys((*self.spec.scored, *scored)))
        self.spec = self.spec.model_copy(update={"kinds": {**self.spec.kinds, **kinds}, "scored": both})

    def upsert(self, points: Sequence[Point]) -> None:
        for point in points:
            length = math.sqrt(math.fsum(x * x for x in point.vector))
            if len(point.vector) != self.spec.dim or not math.isfinite(length) or length == 0:
                raise StoreError(f"the vector of {point.item.id!r} is no {self.spec.dim} finite numbers.")
            self._points[point.item.id] = replace(point, vector=[x / length for x in point.vector])

    def set_items(self, points: Sequence[Stored]) -> None:
        for stored in points:
            vector = self._points[stored.item.id].vector
            self._points[stored.item.id] = Point(stored.item, vector, stored.content, stored.stat, stored.source)

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
        length = math.sqrt(math.fsum(x * x for x in vector))
        found = []
        for point in self._points.values():
            score = math.fsum(a * b for a, b in zip(vector, point.vector, strict=True)) / length
            if point.item.id not in exclude and _matches(point, where) and (min_score is None or score >= min_score):
                found.append(_stored(point, with_vectors, score))
        found.sort(key=lambda stored: -(stored.score or 0.0))
        if diversity:
            found = self._diverse(found[: candidates(offset + k)], diversity, offset + k)
        return found[offset : offset + k]

    def _diverse(self, found: list[Stored], diversity: float, n: int) -> list[Stored]:
        """Order by maximal marginal relevance (Carbonell and Goldstein, 1998)."""
        picked: list[Stored] = []

        def marginal(stored: Stored) -> float:
            vector = self._points[stored.item.id].vector
            others = (self._points[other.item.id].vector for other in picked)
            alike = max((math.fsum(a * b for a, b in zip(vector, other, strict=True)) for other in others), default=0.0)
            return (1 - diversity) * (stored.score or 0.0) - diversity * alike

        while found and len(picked) < n:
            best = max(found, key=marginal) if picked else found[0]
            found.remove(best)
            picked.append(best)
        return picked

    def scan(self, where: Where = Where(), *, with_vectors: bool = False) -> Iterator[Stored]:
        by_hash = sorted(self._points.values(), key=lambda point: hashlib.sha256(point.item.id.encode()).digest())
        return (_stored(point, with_vectors) for point in by_hash if _matches(point, where))

    def fetch(self, ids: Sequence[str], *, with_vectors: bool = False) -> list[Stored]:
        return [_stored(self._points[name], with_vectors) for name in ids if name in self._points]

    def payloads(self, ids: Sequence[str]) -> list[Payload | None]:
        points = [self._points.get(name) for name in ids]
        return [None if p is None else make_payload(p.item, p.content, p.stat, p.source) for p in points]

    def facet(self, key: str, where: Where = Where(), *, limit: int = 10_000) -> dict[str | int | float, int]:
        counts = Counter(
            value for point in self._points.values() if _matches(point, where) for value in _values(point, key)
        )
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        return dict(ranked[:limit])

    def count(self, where: Where = Where()) -> int:
        return sum(_matches(point, where) for point in self._points.values())

    def delete(self, ids: Sequence[str]) -> None:
        for name in ids:
            self._points.pop(name, None)

    def optimize(self) -> None:
        """Nothing makes it faster."""

    def close(self) -> None:
        """There is nothing to close."""


def matches(item: Item, where: Where) -> bool:
    """Whether ``item`` fulfils every condition, told by plain comparison."""
    return _matches(Point(item, (), "", (0, 0), ""), where)


def _matches(point: Point, where: Where) -> bool:
    return all(_holds(condition, _values(point, condition.key)) for condition in where.conditions)


def _holds(condition: Condition, found: list[Scalar]) -> bool:
    if condition.op == "in":
        return any(value in condition.values for value in found)
    if condition.op == "not in":
        return not any(value in condition.values for value in found)
    (bound,) = condition.values
    for value in found:
        if isinstance(value, str) or isinstance(bound, str):
            continue
        if {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[condition.op]:
            return True
    return False


def _values(point: Point, key: str) -> list[Scalar]:
    own = {**dict(point.item), "source": point.source}
    value = own[key] if key in ("id", "label", "split", "role", "source") else point.item.attributes.get(key)
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _stored(point: Point, with_vectors: bool, score: float | None = None) -> Stored:
    vector = list(point.vector) if with_vectors else None
    return Stored(point.item, point.content, point.stat, point.source, score, vector)
