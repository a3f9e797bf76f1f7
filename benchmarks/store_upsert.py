"""Upserts through the store class against the bare engine with the same payloads and payload indexes, at 128 and 512.

Floor: 0.8 of the bare engine's rate. Both sides take lists of floats, in turn, each into a fresh shard; medians of the
rounds.

    python benchmarks/store_upsert.py [--n 20000] [--batch 256] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import qdrant_edge as edge
from store_data import KINDS, draw_points, draw_vectors

from fashion_match.core.store.edge import EdgeStore
from fashion_match.core.store.folder import FolderLocation
from fashion_match.core.store.point import make_payload, point_id
from fashion_match.core.store.protocol import CollectionSpec, Point

FLOOR = 0.8


def bare_rate(store: EdgeStore, points: list[Point], batch: int) -> float:
    """Return points/s of the engine itself; ids and payloads are made beforehand."""
    ready = [
        (point_id(store._space, p.item.id), p.vector, make_payload(p.item, p.content, p.stat, p.source)) for p in points
    ]
    began = time.perf_counter()
    for start in range(0, len(ready), batch):
        rows = [edge.Point(key, vector, payload) for key, vector, payload in ready[start : start + batch]]
        store._shard.update(edge.UpdateOperation.upsert_points(rows))
    return len(points) / (time.perf_counter() - began)


def store_rate(store: EdgeStore, points: list[Point], batch: int) -> float:
    """Return points/s of the store class."""
    began = time.perf_counter()
    for start in range(0, len(points), batch):
        store.upsert(points[start : start + batch])
    return len(points) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(f"| E | bare engine, points/s | store class, points/s | ratio (floor {FLOOR}) |\n|---|---|---|---|")
    for dim in (128, 512):
        points = draw_points(draw_vectors(asked.n, dim), 0, asked.n)
        rates: dict[str, list[float]] = {"bare": [], "store": []}
        for round_ in range(asked.rounds):
            order = [("bare", bare_rate), ("store", store_rate)]
            for name, rate in order if round_ % 2 else order[::-1]:
                with tempfile.TemporaryDirectory() as folder:
                    store = FolderLocation(Path(folder)).create("drawn", CollectionSpec(dim=dim, fingerprint="drawn"))
                    store.ensure({**KINDS, "category": "keyword", "name": "keyword"})
                    rates[name].append(rate(store, points, asked.batch))
                    store.close()
        bare, ours = (statistics.median(rates[name]) for name in ("bare", "store"))
        print(f"| {dim} | {bare:,.0f} | {ours:,.0f} | {ours / bare:.2f} |", flush=True)


if __name__ == "__main__":
    main()
