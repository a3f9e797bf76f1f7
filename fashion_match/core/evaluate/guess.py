"""What a trivial guess gets, so that a figure can be told from luck: answers in a random order.

Letters for shapes: B queries.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache

NEGLIGIBLE = 1e-12


def random_order(n_relevant: Sequence[int], n_compared: Sequence[int], ks: Sequence[int]) -> dict[str, list[float]]:
    """Return what a random order of the answers is expected to score, for each query (B).

    Args:
        n_relevant: right answers of each query, at least 1.
        n_compared: all answers of each query.
        ks: of ``recall@k`` and ``precision@k``.
    """
    pairs = list(zip(n_relevant, n_compared, strict=True))
    guesses = {f"recall@{k}": [_recall(r, n, k) for r, n in pairs] for k in ks}
    guesses |= {f"precision@{k}": [min(k, n) / k * r / n for r, n in pairs] for k in ks}
    return guesses | {
        "map@r": [_average_precision(r, n) for r, n in pairs],
        "r-precision": [r / n for r, n in pairs],
        "mrr": [_reciprocal_rank(r, n) for r, n in pairs],
    }


def recall_over_k(n_relevant: Sequence[int], n_compared: Sequence[int], deepest: int) -> list[float]:
    """Return the expected recall@k of a random order for k from 1 to ``deepest``, as the mean over queries (B)."""
    counts = Counter(zip(n_relevant, n_compared, strict=True))
    n = counts.total()
    return [
        math.fsum(count * _recall(r, compared, k) for (r, compared), count in counts.items()) / n
        for k in range(1, deepest + 1)
    ]


@cache
def _recall(n_relevant: int, n: int, k: int) -> float:
    """Return the chance that one of the first k is right, which is hypergeometric."""
    missed = 1.0
    for place in range(min(k, n)):
        missed *= max(0.0, (n - n_relevant - place) / (n - place))
    return 1 - missed


@cache
def _average_precision(n_relevant: int, n: int) -> float:
    """Return the expected average precision of the first R places.

    A place holds a right answer by the chance R / n, and one that does has (place - 1) (R - 1) / (n - 1) before it.
    """
    if n == 1:
        return 1.0
    before = (n_relevant - 1) / (n - 1)
    return math.fsum((1 + (place - 1) * before) / place for place in range(1, n_relevant + 1)) / n


@cache
def _reciprocal_rank(n_relevant: int, n: int) -> float:
    """Return the expected reciprocal rank of the first right answer."""
    total, none_before = 0.0, 1.0
    for rank in range(1, n - n_relevant + 2):
        right = n_relevant / (n - rank + 1)
        total += none_before * right / rank
        none_before *= 1 - right
        if none_before < NEGLIGIBLE:
            break
    return total
