"""Protocol ``retrieval``: do queries find what belongs to them?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.evaluate.guess import random_order, recall_over_k
from fashion_match.core.evaluate.outcome import N_ANSWERS, N_WORST, Outcome, curve
from fashion_match.core.evaluate.sample import Sample, number
from fashion_match.core.evaluate.table import ITEM, LABEL
from fashion_match.core.evaluation import Curve, Found, Worst
from fashion_match.core.metric.ranking import Metric, Ranking, rank
from fashion_match.core.metric.retrieval import scores

if TYPE_CHECKING:
    from torch import Tensor

KS = (1, 5, 10, 50)
DEEPEST = 100
"""Rank up to which recall is drawn."""
Tell = Callable[[int], None]


def retrieval(
    queries: Sample,
    gallery: Sample | None = None,
    *,
    ks: Sequence[int] = KS,
    by_product: bool = False,
    metric: Metric = "cosine",
    on_progress: Tell = lambda n_done: None,
) -> Outcome:
    """Measure recall@k, precision@k, MAP@R, R-precision and MRR.

    What is of the query's own style is no answer where labels are classes of styles, or it would be too easy.

    Args:
        gallery: what is searched; ``None`` to let each query look among the other queries (leave-one-out).
        by_product: the photos of one style are one answer, as similar as the most similar of them.

    Raises:
        UsageError: no query has anything to find.
    """
    search = Search(queries, gallery, by_product=by_product, metric=metric)
    ranking = search.rank(ks, on_progress)
    named = scores(ranking, ks)
    order = list(named)
    table = search.columns(ranking) | {name: named[name].tolist() for name in order}
    how = "leave-one-out" if gallery is None else f"{len(gallery):,} in the gallery"
    products = ", by product" if by_product else ""
    distance = "" if metric == "cosine" else f", {metric}"
    return Outcome(
        heading=f"retrieval of {len(ranking.query):,} queries, {how}{products}{distance}",
        table=table,
        chances=random_order(ranking.n_relevant.tolist(), ranking.n_compared.tolist(), ks),
        curves=curves(ranking, "recall@k"),
        worst=search.worst(ranking),
        notes=search.notes(ranking),
    )


def curves(ranking: Ranking, name: str, *, missed: bool = False) -> dict[str, Curve]:
    """Return the share of queries with a match among the first k over k, and what a random order gets.

    Args:
        missed: the share of those without a match instead.
    """
    import torch

    deepest = min(DEEPEST, int(ranking.n_compared.max()))
    counts = torch.bincount(ranking.first.clamp(max=deepest + 1), minlength=deepest + 2)[1 : deepest + 1]
    shares = (counts.cumsum(0).double() / len(ranking.first)).tolist()
    chance = recall_over_k(ranking.n_relevant.tolist(), ranking.n_compared.tolist(), deepest)
    ks = range(1, deepest + 1)
    lines = {name: shares, f"{name} guess": chance}
    return {key: curve(ks, [1 - share for share in line] if missed else line) for key, line in lines.items()}


class Search:
    """Queries and what they look through, as tensors.

    Raises:
        UsageError: see `rank`.
    """

    def __init__(self, queries: Sample, gallery: Sample | None, *, by_product: bool, metric: Metric) -> None:
        import torch

        self.queries, self.gallery, self.metric = queries, gallery or queries, metric
        self.by_product = by_product
        self.leaves_one_out = gallery is None
        (asked, there), self.names = number(queries.labels, self.gallery.labels)
        self.labels = torch.from_numpy(asked), torch.from_numpy(there)
        self.own: tuple[Tensor, Tensor] | None = None
        if queries.styles is not None and self.gallery.styles is not None:
            (mine, theirs), _ = number(queries.styles, self.gallery.styles)
            self.own = torch.from_numpy(mine), torch.from_numpy(theirs)
        elif self.leaves_one_out:
            self.own = (torch.arange(len(queries)),) * 2

    def rank(self, ks: Sequence[int], on_progress: Tell) -> Ranking:
        """Return how the queries fared. Raises UsageError where none of them has anything to find."""
        import torch

        products = None
        if self.by_product:
            styles = self.gallery.styles or [
                label if label is not None else f"item {item.id}"
                for label, item in zip(self.gallery.labels, self.gallery.items, strict=True)
            ]
            (codes,), _ = number(styles)
            products = torch.from_numpy(codes)
        ranking = rank(
            torch.from_numpy(self.queries.vectors),
            self.labels[0],
            torch.from_numpy(self.gallery.vectors),
            self.labels[1],
            ks=ks,
            apart=self.own,
            products=products,
            metric=self.metric,
            on_progress=on_progress,
        )
        if not len(ranking.query):
            raise UsageError(
                "no query has anything to find: no other item has its label.",
                "Say what belongs together with --label-by, or give a source whose items have labels.",
            )
        return ranking

    def columns(self, ranking: Ranking) -> dict[str, list[str]]:
        """Return the columns that name the queries of a ranking."""
        numbers = ranking.query.tolist()
        return {
            ITEM: [self.queries.items[n].id for n in numbers],
            LABEL: [str(self.queries.labels[n]) for n in numbers],
        }

    def notes(self, ranking: Ranking) -> tuple[str, ...]:
        """Return what is to be said about queries that were left out."""
        n_left_out = len(self.queries) - len(ranking.query)
        return (f"{n_left_out:,} items have nothing to find and were no queries.",) if n_left_out else ()

    def worst(self, ranking: Ranking) -> tuple[Worst, ...]:
        """Return the queries of the least average precision, and of these the latest first match."""
        import torch

        order = sorted(
            range(len(ranking.query)),
            key=lambda n: (float(ranking.average_precision[n]), -int(ranking.first[n]), int(ranking.query[n])),
        )[:N_WORST]
        numbers = ranking.query[order]
        asked = torch.from_numpy(self.queries.vectors)[numbers]
        there = torch.from_numpy(self.gallery.vectors)
        similar = -torch.cdist(asked, there, p=1.0) if self.metric == "l1" else asked @ there.T
        matches = self.labels[0][numbers, None] == self.labels[1]
        if self.own is not None:
            own = self.own[0][numbers, None] == self.own[1]
            similar[own], matches = -torch.inf, matches & ~own
        found = similar.topk(min(N_ANSWERS, similar.shape[1]), dim=1)
        expected = similar.masked_fill(~matches, -torch.inf).topk(min(2, similar.shape[1]), dim=1)
        shown = []
        for row, n in enumerate(order):
            first, n_compared = int(ranking.first[n]), int(ranking.n_compared[n])
            shown.append(
                Worst(
                    query=self.queries.shown(int(ranking.query[n])),
                    said=f"first match at rank {first:,} of {n_compared:,}",
                    answers=tuple(
                        Found(item=self.gallery.shown(m), score=round(score, 4), right=bool(matches[row, m]))
                        for score, m in zip(found.values[row].tolist(), found.indices[row].tolist(), strict=True)
                        if score > -torch.inf
                    ),
                    expected=tuple(
                        self.gallery.shown(m)
                        for score, m in zip(expected.values[row].tolist(), expected.indices[row].tolist(), strict=True)
                        if score > -torch.inf
                    ),
                )
            )
        return tuple(shown)
