"""A drawn collection of tight groups, and how the store's benchmarks time things."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_match.core.item import Item
from fashion_match.core.store.folder import FolderLocation
from fashion_match.core.store.protocol import CollectionSpec, Kind, Point, VectorStore

Rows = npt.NDArray[np.float32]

N_GROUPS = 500
SPREAD = 0.01
"""Standard deviation of a member about its centre, in each number: a cosine of 0.95 between members at 512."""
KINDS: dict[str, Kind] = {"color": "keyword", "season": "keyword", "year": "integer", "price": "float"}
COLORS, SEASONS = 12, 4


def draw_vectors(n: int, dim: int) -> Rows:
    """Return n unit vectors in `N_GROUPS` tight groups, in random order."""
    rng = np.random.default_rng(0)
    return _near(_centres(dim)[rng.integers(0, N_GROUPS, n)], SPREAD, rng)


def draw_queries(n: int, dim: int, spread: float) -> Rows:
    """Return n unit vectors about the same centres."""
    rng = np.random.default_rng(1)
    return _near(_centres(dim)[rng.integers(0, N_GROUPS, n)], spread, rng)


def _centres(dim: int) -> Rows:
    centres = np.random.default_rng(2).standard_normal((N_GROUPS, dim), dtype=np.float32)
    return centres / np.linalg.norm(centres, axis=1, keepdims=True)


def _near(centres: Rows, spread: float, rng: np.random.Generator) -> Rows:
    rows = centres + np.float32(spread) * rng.standard_normal(centres.shape, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def draw_item(n: int) -> Item:
    """Return the item of row n; colour and season do not depend on its group."""
    return Item(
        id=f"{n}",
        image=Path(f"/photos/{n}.jpg"),
        label=f"style {n // 4}",
        attributes={
            "category": "Tshirts",
            "color": f"color {n % COLORS}",
            "season": f"season {n // COLORS % SEASONS}",
            "year": 2000 + n % 20,
            "price": n % 1000 / 10,
            "name": f"Turtle Check Men Navy Blue Shirt {n}",
        },
    )


def draw_points(vectors: Rows, start: int, stop: int) -> list[Point]:
    """Return the points of some rows, with the vectors as lists."""
    return [
        Point(draw_item(n), row, "0123456789abcdef" * 2, (12345, 1_700_000_000_123_456_789), "drawn")
        for n, row in enumerate(vectors[start:stop].tolist(), start)
    ]


def open_drawn(folder: Path, n: int, dim: int) -> tuple[VectorStore, float | None]:
    """Return the indexed collection of that size and the seconds its index took; ``None`` if it was there already."""
    location, name = FolderLocation(folder), f"drawn-{n}-{dim}"
    if name in location.names():
        return location.open(name), None
    store = location.create(name, CollectionSpec(dim=dim, fingerprint="drawn"))
    store.ensure({**KINDS, "category": "keyword", "name": "keyword"})
    vectors = draw_vectors(n, dim)
    for start in range(0, n, 1000):
        store.upsert(draw_points(vectors, start, min(start + 1000, n)))
    began = time.perf_counter()
    store.optimize()
    return store, time.perf_counter() - began


def medians_ms(one: Callable[[Rows], object], two: Callable[[Rows], object], queries: Rows) -> tuple[float, float]:
    """Return the median time of a call of each, in ms; by turns, on a warm cache."""
    times: tuple[list[float], list[float]] = ([], [])
    for n, query in enumerate(queries):
        for ask in (one, two):
            ask(query)  # the first to ask would fetch from disk for the other
        for side in (0, 1) if n % 2 else (1, 0):
            times[side].extend(_timed((one, two)[side], query[None]))
    return statistics.median(times[0]) * 1e3, statistics.median(times[1]) * 1e3


def median_ms(ask: Callable[[Rows], object], queries: Rows) -> float:
    """Return the median time of one call, in ms."""
    return statistics.median(_timed(ask, queries)) * 1e3


def _timed(ask: Callable[[Rows], object], queries: Rows) -> Iterator[float]:
    for query in queries:
        began = time.perf_counter()
        ask(query)
        yield time.perf_counter() - began
