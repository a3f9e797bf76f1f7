"""recall@10 of the index against exact search, 200,000 x 512 in 500 tight groups, with the time that it costs.

Floor: 0.95 with default settings, 0.99 filtered. Two kinds of anchor: another member of a group (a photo of a product
that is there), and one that lies off every group (a photo of something new; cosine 0.4 to the nearest centre). The
second is the hard one: the search has to find the right group among 500 that look equally far.

    python benchmarks/store_recall.py [--size 200000x512] [--queries 200] [--store DIR]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import qdrant_edge as edge
from store_data import SPREAD, Rows, draw_item, draw_queries, draw_vectors, median_ms, open_drawn
from store_query import FILTER, engine_filter

from fashion_match.core.store.index import EF_CONSTRUCT, M, search_ef
from fashion_match.core.store.point import namespace, point_id

K = 10


def exact_rows(vectors: Rows, queries: Rows, rows: np.ndarray) -> list[set[int]]:
    """Return the rows of the K nearest of each query among ``rows``."""
    return [set(rows[np.argsort(-(vectors[rows] @ query))[:K]].tolist()) for query in queries]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="200000x512", metavar="NxE")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--store", type=Path, help="keep the drawn collection here, for the next run")
    asked = parser.parse_args()
    n, dim = map(int, asked.size.split("x"))
    with tempfile.TemporaryDirectory() as scratch:
        store, seconds = open_drawn(asked.store or Path(scratch), n, dim)
        shard: edge.EdgeShard = store._shard  # type: ignore[attr-defined]
        print(f"m = {M}, ef_construct = {EF_CONSTRUCT}; index made in {seconds or float('nan'):.0f} s\n")
        vectors = draw_vectors(n, dim)
        space = namespace(store.name)
        row_of = {point_id(space, str(row)): row for row in range(n)}
        matching = np.array(
            [row for row in range(n) if all(draw_item(row).attributes[c.key] == c.values[0] for c in FILTER.conditions)]
        )
        kinds = {"member": draw_queries(asked.queries, dim, SPREAD), "off": draw_queries(asked.queries, dim, 0.1)}
        plain = {name: exact_rows(vectors, queries, np.arange(n)) for name, queries in kinds.items()}
        filtered = {name: exact_rows(vectors, queries, matching) for name, queries in kinds.items()}
        columns = [
            (name, *way) for name in kinds for way in (("plain", None, plain), ("filtered", engine_filter(), filtered))
        ]
        print("| ef | " + " | ".join(f"{name}, {way}: recall@10, ms" for name, way, _, _ in columns) + " |")
        print("|---" * (len(columns) + 1) + "|")
        for ef in (None, 128, 256, 512, 768, 1024):
            cells = []
            for name, _, chosen, truth in columns:

                def ask(
                    query: Rows, ef: int | None = ef, chosen: edge.Filter | None = chosen
                ) -> list[edge.ScoredPoint]:
                    return shard.query(
                        edge.QueryRequest(
                            limit=K,
                            query=edge.Query.Nearest(query.tolist()),
                            filter=chosen,
                            params=edge.SearchParams(hnsw_ef=ef),
                            with_payload=True,
                        )
                    )

                found = [{row_of[str(point.id)] for point in ask(query)} for query in kinds[name]]
                recall = np.mean([len(a & b) / len(b) for a, b in zip(found, truth[name], strict=True)])
                cells.append(f"{recall:.3f}, {median_ms(ask, kinds[name]):.2f}")
            print(f"| {ef or 'engine default'} | " + " | ".join(cells) + " |", flush=True)
        cells = []
        for name, way, _, truth in columns:
            where = FILTER if way == "filtered" else FILTER.__class__()
            got = [{int(s.item.id) for s in store.nearest(q, where=where, k=K)} for q in kinds[name]]
            recall = np.mean([len(a & b) / len(b) for a, b in zip(got, truth[name], strict=True)])
            ms = median_ms(lambda query, where=where: store.nearest(query, where=where, k=K), kinds[name])
            cells.append(f"**{recall:.3f}**, {ms:.2f}")
        print(f"| store class ({search_ef(n)}) | " + " | ".join(cells) + " |", flush=True)
        store.close()


if __name__ == "__main__":
    main()
