"""Time of a query through the store class against the bare engine call with the same parameters, plain and filtered.

Floor: 1.3 times the bare call or 0.1 ms more. With ``--client`` also against ``QdrantClient(path=...)`` at 44,000 x
128; floor: 50 times as fast plain, 500 times filtered. Asked in turn on one shard, k = 10 with payload; medians. "Read"
means that the answer is unpacked as well: payloads of the bare call, items of ours.

    python benchmarks/store_query.py [--sizes 44000x128 200000x512] [--queries 500] [--store DIR] [--client]
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import qdrant_edge as edge
from store_data import Rows, draw_points, draw_queries, draw_vectors, median_ms, medians_ms, open_drawn

from fashion_match.core.store.index import few_enough_for_exact, search_ef
from fashion_match.core.store.protocol import VectorStore
from fashion_match.core.where import Where

FILTER = Where.parse("color=color 3") & Where.parse("season=season 1")
FLOORS = {"plain": 50, "filtered": 500}


def engine_filter() -> edge.Filter:
    return edge.Filter(
        must=[edge.FieldCondition(key=c.key, match=edge.MatchValue(value=str(c.values[0]))) for c in FILTER.conditions]
    )


def compare_with_engine(store: VectorStore, n: int, dim: int, queries: Rows) -> dict[str, float]:
    """Print a row for each way of asking; return ms of the store class, plain and filtered."""
    shard: edge.EdgeShard = store._shard  # type: ignore[attr-defined]
    ours_ms = {}
    plain, exact = edge.SearchParams(hnsw_ef=search_ef(n)), edge.SearchParams(exact=True)
    n_matching = store.count(FILTER)
    for name, where, built, params in (
        ("plain", Where(), None, plain),
        ("filtered", FILTER, engine_filter(), exact if few_enough_for_exact(n_matching, dim) else plain),
    ):
        for read in (False, True):

            def bare(
                query: Rows,
                built: edge.Filter | None = built,
                built_params: edge.SearchParams = params,
                read: bool = read,
            ) -> object:
                found = shard.query(
                    edge.QueryRequest(
                        limit=10,
                        query=edge.Query.Nearest(query.tolist()),
                        filter=built,
                        params=built_params,
                        with_payload=True,
                    )
                )
                return [point.payload for point in found] if read else found

            def ours(query: Rows, where: Where = where, read: bool = read) -> object:
                found = store.nearest(query, where=where, k=10)
                return [stored.item for stored in found] if read else found

            engine, own = medians_ms(bare, ours, queries)
            asked = f"{name}, read" if read else name
            print(
                f"| {n:,} x {dim} | {asked} | {engine:.3f} | {own:.3f} | {own / engine:.2f} | {own - engine:+.3f} |",
                flush=True,
            )
            if not read:
                ours_ms[name] = own
    return ours_ms


def compare_with_client(ours_ms: dict[str, float], n: int, dim: int, queries: Rows, folder: Path) -> None:
    """Print how much slower ``QdrantClient(path=...)`` is on the same points."""
    from qdrant_client import QdrantClient, models

    from fashion_match.core.store.point import make_payload

    warnings.simplefilter("ignore")
    client = QdrantClient(path=str(folder / "client"))
    client.create_collection("drawn", vectors_config=models.VectorParams(size=dim, distance=models.Distance.COSINE))
    vectors = draw_vectors(n, dim)
    for start in range(0, n, 2000):
        rows = [
            models.PointStruct(
                id=int(p.item.id), vector=list(p.vector), payload=make_payload(p.item, p.content, p.stat, p.source)
            )
            for p in draw_points(vectors, start, min(start + 2000, n))
        ]
        client.upsert("drawn", rows)
    conditions = [
        models.FieldCondition(key=c.key, match=models.MatchValue(value=str(c.values[0]))) for c in FILTER.conditions
    ]
    print("\n| asked | QdrantClient(path=...), ms | store class, ms | times as fast | floor |\n|---|---|---|---|---|")
    for name, chosen in (("plain", None), ("filtered", models.Filter(must=conditions))):  # type: ignore[arg-type]

        def ask(query: Rows, chosen: models.Filter | None = chosen) -> object:
            return client.query_points("drawn", query=query.tolist(), query_filter=chosen, limit=10)

        theirs = median_ms(ask, queries)
        print(f"| {name} | {theirs:.1f} | {ours_ms[name]:.3f} | {theirs / ours_ms[name]:,.0f} | {FLOORS[name]} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["44000x128", "200000x512"], metavar="NxE")
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--store", type=Path, help="keep the drawn collections here, for the next run")
    parser.add_argument("--client", action="store_true", help="also ask QdrantClient(path=...), for the first size")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = []
        print("| collection | asked | bare engine, ms | store class, ms | ratio (floor 1.3) | ms more (or + 0.1) |")
        print("|---|---|---|---|---|---|")
        for size in asked.sizes:
            n, dim = map(int, size.split("x"))
            store, _ = open_drawn(asked.store or Path(scratch), n, dim)
            queries = draw_queries(asked.queries, dim, 0.1)
            results.append((compare_with_engine(store, n, dim, queries), n, dim, queries[:20]))
            store.close()
        if asked.client:
            compare_with_client(*results[0], Path(scratch))


if __name__ == "__main__":
    main()
