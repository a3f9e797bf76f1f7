"""Protocol ``match``: how often the right target is not among the first k (the study of photo to product)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fashion_match.core.evaluate.guess import random_order
from fashion_match.core.evaluate.outcome import Outcome
from fashion_match.core.evaluate.retrieval import Search, curves
from fashion_match.core.evaluate.sample import Sample
from fashion_match.core.metric.ranking import Metric

KS = (1, 5, 10)


def match(
    queries: Sample,
    targets: Sample,
    *,
    ks: Sequence[int] = KS,
    metric: Metric = "cosine",
    on_progress: Callable[[int], None] = lambda n_done: None,
) -> Outcome:
    """Measure the top-k error of queries against targets, for any k.

    Args:
        metric: on unit vectors ``l2`` and ``cosine`` rank alike.

    Raises:
        UsageError: no query has a target.
    """
    search = Search(queries, targets, by_product=False, metric=metric)
    ranking = search.rank(ks, on_progress)
    chances = random_order(ranking.n_relevant.tolist(), ranking.n_compared.tolist(), ks)
    table = search.columns(ranking) | {f"top-{k} error": (ranking.first > k).double().tolist() for k in ks}
    return Outcome(
        heading=f"top-k error of {len(ranking.query):,} queries against {len(targets):,} targets by {metric}",
        table=table | {"mrr": (1 / ranking.first.double()).tolist()},
        chances={f"top-{k} error": [1 - chance for chance in chances[f"recall@{k}"]] for k in ks}
        | {"mrr": chances["mrr"]},
        curves=curves(ranking, "top-k error", missed=True),
        worst=search.worst(ranking),
        notes=search.notes(ranking),
    )
