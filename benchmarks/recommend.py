"""Median time of each recommender against the plain queries that it needs, asked in turn; embedded store, 8,000 items.

Attributes are those of *Fashion Product Images* where ``FM_DATA`` (default ../shared/data) has them, else drawn;
vectors are drawn. A plain query is ``similar`` with the filter that the strategy needs at least: the season for
``season``, the colours of each relation for ``color``, the categories of each missing slot for ``outfit``; for
``ensemble`` those of its parts.
Floor: 3 times these.

    python benchmarks/recommend.py [--n 8000] [--dim 512] [--queries 200]
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fashion_match import Example, Item, Plugins, Request, Where
from fashion_match.core.item import AttributeValue
from fashion_match.core.store.folder import FolderLocation
from fashion_match.core.store.protocol import CollectionSpec, Point, VectorStore
from fashion_match.plugins.recommenders.coloring.harmony import harmony
from fashion_match.plugins.recommenders.coloring.name import shades_of

TABLE = Path(os.environ.get("FM_DATA", "../shared/data")) / "products" / "styles.csv"
DRAWN = {
    "category": ("Shirts", "Tshirts", "Trousers", "Jeans", "Casual Shoes", "Heels", "Handbags", "Watches", "Dresses"),
    "color": ("Black", "White", "Blue", "Navy Blue", "Red", "Green", "Orange", "Purple", "Beige", "Multi"),
    "season": ("Fall", "Winter", "Summer", "Spring"),
    "usage": ("Casual", "Formal", "Sports"),
    "gender": ("Men", "Women", "Unisex"),
}
FLOOR = 3.0
SLOTS = {
    "bottom": ("Jeans", "Trousers", "Shorts", "Track Pants", "Skirts"),
    "shoes": ("Casual Shoes", "Sports Shoes", "Heels", "Formal Shoes", "Flip Flops"),
    "bag": ("Handbags", "Backpacks"),
}


def read_attributes(n: int) -> list[dict[str, AttributeValue]]:
    drawn = random.Random(0)
    if TABLE.is_file():
        columns = {
            "articleType": "category",
            "baseColour": "color",
            "season": "season",
            "usage": "usage",
            "gender": "gender",
        }
        with TABLE.open(encoding="utf-8") as file:
            rows: list[dict[str, AttributeValue]] = [
                {name: row[column] for column, name in columns.items() if row[column] not in ("", "NA")}
                for row in csv.DictReader(file)
            ]
    else:
        rows = [{name: drawn.choice(values) for name, values in DRAWN.items()} for _ in range(n)]
    drawn.shuffle(rows)
    return [row | {"price": round(drawn.uniform(5, 120), 2)} for row in rows[:n]]


def fill(folder: Path, n: int, dim: int) -> VectorStore:
    rows = read_attributes(n)
    vectors = np.random.default_rng(0).standard_normal((len(rows), dim)).astype(np.float32)
    # A common direction, as the vectors of real networks have one: cosines of about 0.5.
    vectors += np.random.default_rng(1).standard_normal(dim).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store = FolderLocation(folder).create("drawn", CollectionSpec(dim=dim, fingerprint="drawn"))
    store.ensure({**dict.fromkeys(DRAWN, "keyword"), "price": "float"})
    for start in range(0, len(rows), 1000):
        block = zip(rows[start : start + 1000], vectors[start : start + 1000].tolist(), strict=True)
        items = [
            (Item(id=f"{start + i}", image=None, label=f"{start + i}", attributes=row), v)
            for i, (row, v) in enumerate(block)
        ]
        store.upsert([Point(item, vector, "", (0, 0), "drawn") for item, vector in items])
    store.optimize()
    return store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=8000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    asked = parser.parse_args()
    recommenders = Plugins(installed=[]).recommenders
    with tempfile.TemporaryDirectory() as folder:
        store = fill(Path(folder), asked.n, asked.dim)
        shirts = Where.equal("category", "Shirts")
        bases = [s for s, _ in zip(store.scan(shirts, with_vectors=True), range(asked.queries), strict=False)]
        bases = [s for s in bases if "color" in s.item.attributes and "season" in s.item.attributes]

        def plain(stored: Any, *filters: Where) -> Callable[[], object]:
            similar = recommenders["similar"].make({})
            requests = [request_of(stored, where) for where in filters or (Where(),)]
            return lambda: [similar.recommend(request, store) for request in requests]

        def strategy(name: str, stored: Any, where: Where = Where(), **options: Any) -> Callable[[], object]:
            made = recommenders[name].make(options)
            return lambda: made.recommend(request_of(stored, where), store)

        def season(stored: Any) -> Where:
            return Where.equal("season", str(stored.item.attributes["season"]))

        names = [str(name) for name in store.facet("color")]

        def colors(stored: Any) -> list[Where]:
            base = shades_of(stored.item.attributes["color"])
            by_relation: dict[str, list[str]] = {}
            for name in names:
                found = [harmony(one, other) for one in base[:1] for other in shades_of(name)[:1]]
                for between in filter(None, found):
                    by_relation.setdefault(between.relation, []).append(name)
            return [Where.equal("color", *alike) for alike in by_relation.values()]

        slots = [Where.equal("category", *categories) for categories in SLOTS.values()]
        budget = 200.0
        compared: dict[str, Callable[[Any], tuple[Callable[[], object], Callable[[], object]]]] = {
            "similar": lambda s: (plain(s), strategy("similar", s)),
            "similar --diversity 0.5": lambda s: (plain(s), strategy("similar", s, diversity=0.5)),
            "attributes": lambda s: (strategy("attributes", None, season(s)), strategy("attributes", None, season(s))),
            "season": lambda s: (plain(s, season(s)), strategy("season", s)),
            "color": lambda s: (plain(s, *colors(s)), strategy("color", s)),
            "outfit": lambda s: (plain(s, *slots), strategy("outfit", s)),
            "outfit --budget 200": lambda s: (
                plain(s, *(slot & Where.parse(f"price<={budget}") for slot in slots)),
                strategy("outfit", s, budget=budget, owned=True),
            ),
            "ensemble": lambda s: (plain(s, Where(), season(s), *colors(s)), strategy("ensemble", s)),
        }
        source = f"of {TABLE}" if TABLE.is_file() else "drawn"
        print(f"{asked.n:,} items x {asked.dim}, k = 10, attributes {source}\n")
        print("| strategy | plain queries, ms | strategy, ms | ratio (floor 3) |\n|---|---|---|---|")
        for name, pair_of in compared.items():
            times: tuple[list[float], list[float]] = ([], [])
            for n, stored in enumerate(bases):
                pair = pair_of(stored)
                for side in (0, 1) if n % 2 else (1, 0):
                    pair[side]()  # the first to ask would fetch from disk for the other
                    began = time.perf_counter()
                    pair[side]()
                    times[side].append(time.perf_counter() - began)
            one, two = (statistics.median(side) * 1e3 for side in times)
            mark = "" if two / one <= FLOOR else " (above the floor)"
            print(f"| {name} | {one:.2f} | {two:.2f} | {two / one:.2f}{mark} |", flush=True)
        store.close()


def request_of(stored: Any, where: Where) -> Request:
    if stored is None:
        return Request(where)
    return Request(
        where,
        vector=stored.vector,
        anchors=(stored.item,),
        exclude=frozenset({stored.item.id}),
        positives=(Example(stored.item, stored.vector),),
    )


if __name__ == "__main__":
    main()
