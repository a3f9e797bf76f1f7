"""How well embeddings find what belongs together: recall, precision, MAP@R, mean reciprocal rank; see `ranking`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fashion_match.core.metric.ranking import Ranking, rank

if TYPE_CHECKING:
    from torch import Tensor


def scores(ranking: Ranking, ks: Sequence[int]) -> dict[str, Tensor]:
    """Return what each query (B) scores, float64; the figures are the means.

    ``recall@k`` is 1 where a match is among the first k, else 0; ``precision@k`` the part of the first k that match;
    ``map@r`` and ``r-precision`` the average precision and the precision among the first R, R being the query's own
    number of matches; ``mrr`` one over the rank of the first match.

    Args:
        ks: those that the ranking was made with.
    """
    found = {f"recall@{k}": (ranking.first <= k).double() for k in ks}
    found |= {f"precision@{k}": ranking.hits[:, n].double() / k for n, k in enumerate(ks)}
    found["map@r"] = ranking.average_precision
    found["r-precision"] = ranking.r_hits.double() / ranking.n_relevant
    found["mrr"] = 1 / ranking.first.double()
    return found


def leave_one_out(
    embeddings: Tensor, labels: Mapping[str, Tensor], *, ks: Sequence[int] = (1, 5, 10)
) -> dict[str, dict[str, float]]:
    """Let every row look for the others of its label among all other rows.

    A query is a row that has a label and is not the only one with it. Rows without a label are searched, but match
    nothing.

    Args:
        embeddings: unit rows (N x E), on any device.
        labels: by name, whole numbers (N), -1 where a row has none.
        ks: the k of ``recall@k``.

    Returns:
        For each of ``labels``: ``recall@k``, ``map@r`` and ``n_queries``; only the last where there are no queries.
    """
    import torch

    numbers = torch.arange(len(embeddings), device=embeddings.device)
    return {
        name: _means(
            rank(embeddings, given, embeddings, given, ks=ks, apart=(numbers, numbers)),
            ks,
            [*(f"recall@{k}" for k in ks), "map@r"],
        )
        for name, given in labels.items()
    }


def query_gallery(
    queries: Tensor, query_labels: Tensor, gallery: Tensor, gallery_labels: Tensor, *, ks: Sequence[int] = (1, 5, 10)
) -> dict[str, float]:
    """Let every query look for its label in the gallery, such as an augmented view for its own item; see `rank`.

    Returns:
        ``recall@k``, ``mrr`` and ``n_queries``; only the last where no query has a match in the gallery.
    """
    ranking = rank(queries, query_labels, gallery, gallery_labels, ks=ks)
    return _means(ranking, ks, [*(f"recall@{k}" for k in ks), "mrr"])


def _means(ranking: Ranking, ks: Sequence[int], names: Sequence[str]) -> dict[str, float]:
    n_queries = len(ranking.query)
    found = scores(ranking, ks)
    means = {name: float(found[name].mean()) for name in names} if n_queries else {}
    return means | {"n_queries": n_queries}
