"""A query by attributes from a cold start, against the same in a process that imports torch first.

Floor: starting Python and importing what the query cannot do without (typer, pydantic, pluggy, qdrant_edge). Both run
in turn as fresh processes; medians.

    python benchmarks/query_cold.py [--n-items 8000] [--repeats 7]
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fashion_match import Item
from fashion_match.core.store.location import open_location
from fashion_match.core.store.protocol import CollectionSpec, Point

COLORS = ("Blue", "Red", "Black", "White", "Green", "Grey", "Navy Blue", "Pink")
SEASONS = ("Summer", "Winter", "Spring", "Fall")
QUERY = ["query", "--color", "Blue", "--season", "Summer"]
LAZY = "import sys; from fashion_match.__main__ import main; sys.exit(main())"
EAGER = f"import torch, torchvision, qdrant_client; {LAZY}"


def fill(store: Path, n_items: int, dim: int) -> None:
    """Make a collection of ``n_items`` with random vectors: the query sees attributes and vectors, never a picture."""
    draw = random.Random(0)
    location = open_location(str(store), cache=store)
    collection = location.create("default", CollectionSpec(dim=dim, fingerprint="random"))
    collection.ensure({"color": "keyword", "season": "keyword", "category": "keyword", "price": "float"})
    for start in range(0, n_items, 500):
        collection.upsert(
            [
                Point(
                    Item(
                        id=str(n),
                        image=Path(f"{n}.jpg"),
                        attributes={
                            "color": draw.choice(COLORS),
                            "season": draw.choice(SEASONS),
                            "category": "Tshirts",
                            "price": draw.uniform(5, 90),
                        },
                    ),
                    [draw.gauss(0, 1) for _ in range(dim)],
                    "0",
                    (0, 0),
                    "benchmark",
                )
                for n in range(start, min(start + 500, n_items))
            ]
        )
    collection.optimize()
    collection.close()
    location.close()


def seconds(code: str, store: Path) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *QUERY, "--store", str(store)], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-items", type=int, default=8000)
    parser.add_argument("--dim", type=int, default=576)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        fill(store, options.n_items, options.dim)
        timings: dict[str, list[float]] = {"fm query": [], "with torch imported first": [], "python -c pass": []}
        for _ in range(options.repeats):
            timings["fm query"].append(seconds(LAZY, store))
            timings["with torch imported first"].append(seconds(EAGER, store))
            timings["python -c pass"].append(seconds("pass", store))
    for name, taken in timings.items():
        print(f"{name:28} {1000 * statistics.median(taken):8.0f} ms")
    ratio = statistics.median(timings["with torch imported first"]) / statistics.median(timings["fm query"])
    print(f"{options.n_items:,} items: {ratio:.1f} times faster than with eager imports")


if __name__ == "__main__":
    main()
