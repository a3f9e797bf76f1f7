"""Time of the loss ``orthogonal``, forward and backward, by the number of rows, and against the pairwise form.

The pairwise form takes the matrix of all dot products and adds up what lies above its diagonal. Rows 128 wide; medians
of rounds, the two called in turn. Floor: 20 times as fast as the pairwise form at 4,096 rows. The time of a row rises
once, where a batch passes 32 MB (65,536 rows) at the latest: from there on the allocator asks the system for new pages
each time. On either side of that it stays the same, which is what linear means.

    python benchmarks/loss_orthogonal.py [--sizes 1000 4096 10000 100000 300000] [--pairwise-at 4096] [--rounds 30]
        [--threads 1]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from fashion_match import Plugins

DIM = 128

Loss = Callable[[torch.Tensor], torch.Tensor]


def pairwise(rows: torch.Tensor) -> torch.Tensor:
    return (rows @ rows.T).triu(1).sum()


def timed_ms(loss: Loss, rows: torch.Tensor) -> float:
    rows = rows.clone().requires_grad_()
    began = time.perf_counter()
    loss(rows).backward()
    return (time.perf_counter() - began) * 1e3


def medians_ms(losses: list[Loss], rows: torch.Tensor, rounds: int) -> list[float]:
    """Return the median time of each of ``losses``, called in turn, in ms."""
    for loss in losses:
        timed_ms(loss, rows)
    times = [[timed_ms(loss, rows) for loss in losses] for _ in range(rounds)]
    return [statistics.median(each) for each in zip(*times, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000, 4096, 10_000, 100_000, 300_000])
    parser.add_argument("--pairwise-at", nargs="*", type=int, default=[4096], help="sizes to try the pairwise form at")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="1 where others share the machine")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    orthogonal = Plugins(installed=[]).losses["orthogonal"].make({}, dim=DIM, n_labels=1)
    print("| rows | orthogonal, ms | a row, ns | pairwise, ms | pairwise / ours |\n|---|---|---|---|---|")
    for n in asked.sizes:
        rows = torch.nn.functional.normalize(torch.randn(n, DIM, generator=torch.Generator().manual_seed(0)))
        losses = [orthogonal, pairwise] if n in asked.pairwise_at else [orthogonal]
        ours, *full = medians_ms(losses, rows, asked.rounds)
        compared = f"{full[0]:.1f} | {full[0] / ours:.0f}" if full else " | "
        print(f"| {n:,} | {ours:.3f} | {ours / n * 1e6:.0f} | {compared} |", flush=True)


if __name__ == "__main__":
    main()
