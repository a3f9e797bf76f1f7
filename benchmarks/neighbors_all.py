"""The 10 neighbours of all of 8,000 items at once against one call per item, and the recall against brute force.

Floor: 3 times faster than one call per item, recall of at least 0.99. Two ways to ask for one item: the store alone
(`VectorStore.nearest`), and what a program would write (`Catalogue.query(like=...)`); the ratio is to the first.

    python benchmarks/neighbors_all.py [--sizes 8000x128,8000x576] [--calls 1000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from store_data import draw_vectors, open_drawn

from fashion_match import Catalogue
from fashion_match.core.neighbors import all_neighbors, write_neighbors

K = 10
BLOCK = 200


def brute_force(vectors: np.ndarray, row: int) -> set[int]:
    """Return the K nearest of a row, by one plain product and a full sort."""
    cosines = vectors.astype(np.float64) @ vectors[row].astype(np.float64)
    cosines[row] = -np.inf
    return set(np.argsort(-cosines)[:K].tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="8000x128,8000x576", metavar="NxE,...")
    parser.add_argument("--calls", type=int, default=1000, help="single calls that are timed, and stand for all")
    asked = parser.parse_args()
    print("| size | all at once, s | written out, s | a store call each, s | a query each, s | ratio | recall@10 |")
    print("|---|---|---|---|---|---|---|")
    for size in asked.sizes.split(","):
        n, dim = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as scratch:
            store, _ = open_drawn(Path(scratch) / "store", n, dim)
            vectors = draw_vectors(n, dim)
            rows = np.random.default_rng(0).choice(n, min(asked.calls, n), replace=False)
            at_once, stored_each = [], []
            for part in np.array_split(
                rows, max(len(rows) // BLOCK, 1)
            ):  # in turn: other work on the machine hits both
                began = time.perf_counter()
                found = all_neighbors(store, k=K)
                at_once.append(time.perf_counter() - began)
                began = time.perf_counter()
                for row in part:
                    [near.item.id for near in store.nearest(vectors[row].tolist(), k=K, exclude=[str(row)])]
                stored_each.append((time.perf_counter() - began) / len(part) * n)
            began = time.perf_counter()
            write_neighbors(Path(scratch) / "neighbors.jsonl", found)
            written = time.perf_counter() - began
            hits = {hood.id: {int(near.id) for near in hood.neighbors} for hood in found}
            recall = np.mean([len(hits[str(row)] & brute_force(vectors, row)) / K for row in rows])
            store.close()
            with Catalogue(Path(scratch) / "store", f"drawn-{n}-{dim}") as catalogue:
                catalogue.query(like=str(rows[0]), k=K)
                began = time.perf_counter()
                for row in rows[:BLOCK]:
                    catalogue.query(like=str(row), k=K)
                queried = (time.perf_counter() - began) / min(BLOCK, len(rows)) * n
            together, each = float(np.median(at_once)), float(np.median(stored_each))
            print(
                f"| {n:,} x {dim} | {together:.2f} | {written:.2f} | {each:.1f} | {queried:.1f} "
                f"| {each / together:.1f} | {recall:.4f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
