"""All retrieval metrics of N queries against N vectors, exact, against a bare chunked matmul with top-k.

Both work through the same unit vectors, leave-one-out, four photos to a product, and take turns by blocks of queries so
that both see the same machine. Bare: ``(block @ gallery.T).topk(50)``, which gives no metric yet; at the block sizes
given, of which the quickest counts. Ours: recall@1/5/10/50, precision@k, MAP@R, R-precision and MRR, in one pass.

Vectors are drawn around a center for each product: ``--noise 0.6`` gives a good model, ``--noise 9`` one that finds
next to nothing, for which ours has most to do. The floor is the matrix product alone, which is shown too.

    python benchmarks/eval_retrieval.py [--n 200000] [--queries 20000] [--noise 0.6 9] [--rounds 3]
    python benchmarks/eval_retrieval.py --whole        one run over all N x N, with its peak memory
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from fashion_match.core.metric.ranking import COLUMNS, ROWS, rank
from fashion_match.core.metric.retrieval import scores

KS, TOP, WIDTH, PHOTOS = (1, 5, 10, 50), 50, 128, 4


def draw(n: int, noise: float) -> tuple[Tensor, Tensor]:
    """Return unit rows (N x E) and their labels (N)."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(n) // PHOTOS
    rows = torch.randn(int(labels[-1]) + 1, WIDTH, generator=random)[labels]
    rows += noise * torch.randn(n, WIDTH, generator=random)
    order = torch.randperm(n, generator=random)
    return F.normalize(rows)[order], labels[order]


def ours(rows: Tensor, labels: Tensor, queries: Tensor) -> dict[str, Tensor]:
    numbers = torch.arange(len(rows))
    asked = (rows[queries], labels[queries])
    return scores(rank(*asked, rows, labels, ks=KS, apart=(queries, numbers)), KS)


def bare(rows: Tensor, queries: Tensor, block: int) -> None:
    for part in queries.split(block):
        (rows[part] @ rows.T).topk(TOP, dim=1)


def product(rows: Tensor, queries: Tensor) -> None:
    """Multiply in tiles of the size that ours has."""
    for part in queries.split(ROWS):
        for start in range(0, len(rows), COLUMNS):
            rows[part] @ rows[start : start + COLUMNS].T


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def turns(n: int, n_queries: int, noise: float, rounds: int, blocks: list[int]) -> None:
    rows, labels = draw(n, noise)
    contenders: dict[str, Callable[[Tensor], object]] = {
        f"bare matmul and top-{TOP}, {block} rows": lambda part, block=block: bare(rows, part, block)
        for block in blocks
    }
    contenders |= {"matrix product alone": lambda part: product(rows, part)}
    contenders |= {"ours, all metrics": lambda part: ours(rows, labels, part)}
    queries = torch.arange(n_queries)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for work in contenders.values():
        work(queries[:256])
    for _ in range(rounds):
        sums = dict.fromkeys(contenders, 0.0)
        for part in queries.split(2048):
            for name, work in contenders.items():
                sums[name] += seconds(lambda work=work, part=part: work(part))
        for name, total in sums.items():
            times[name].append(total)
    median = {name: statistics.median(values) for name, values in times.items()}
    reference = min(value for name, value in median.items() if name.startswith("bare"))
    found = {name: float(values.mean()) for name, values in ours(rows, labels, queries[:2048]).items()}
    print(f"\n{n_queries:,} queries x {n:,} x {WIDTH}, noise {noise:g}: recall@1 {found['recall@1']:.3f}")
    print("                                     seconds  of bare's time")
    for name, value in median.items():
        print(f"{name:36} {value:8.2f}  {value / reference:14.2f}")


def whole(n: int, noise: float) -> None:
    rows, labels = draw(n, noise)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = seconds(lambda: ours(rows, labels, torch.arange(n)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{n:,} x {n:,} x {WIDTH}: {spent:.0f} s; peak memory {peak / 1e6:.2f} GB, {before / 1e6:.2f} GB before")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=20_000, help="of the N that take turns")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.6, 9.0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--blocks", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--whole", action="store_true")
    asked = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {sys.platform}")
    for noise in asked.noise:
        if asked.whole:
            whole(asked.n, noise)
        else:
            turns(asked.n, asked.queries, noise, asked.rounds, asked.blocks)


if __name__ == "__main__":
    main()
