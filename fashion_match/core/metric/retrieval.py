"""How well embeddings find what belongs together: recall, MAP@R and mean reciprocal rank.

Ties go against the model: what does not match comes before what matches and is just as similar. So embeddings that are
all alike score nothing, not everything, and the figures do not depend on the order of the rows. Two similarities tie
where they agree to `STEP`, about what float32 can tell.

Letters for shapes: B batch, E embedding width, N items, K labels, M most items of one label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

STEP = 2.0**-20
"""Distance of two similarities that are told apart; float32 holds every multiple of it up to 8 exactly."""
CELLS = 2**24
"""Similarities in memory at once, at most, however large the chunk."""
NOT_FINITE = -2.0
"""Similarity to a row that holds a NaN or an infinity: less than that of any two directions."""


def leave_one_out(
    embeddings: Tensor, labels: Mapping[str, Tensor], *, ks: Sequence[int] = (1, 5, 10), chunk: int = 1024
) -> dict[str, dict[str, float]]:
    """Let every row look for the others of its label among all other rows.

    A query is a row that has a label and is not the only one with it. Rows without a label are searched, but match
    nothing. ``recall@k`` is the share of queries with a match among the first k. ``map@r`` is MAP@R (Musgrave et al.
    2020, "A Metric Learning Reality Check", section 4): for a query with R matches, the sum of the precision at each
    rank up to R that holds a match, divided by R.

    Args:
        embeddings: unit rows (N x E), on any device.
        labels: by name, whole numbers (N), -1 where a row has none; all of them share one pass over the similarities.
        ks: the k of ``recall@k``.
        chunk: queries that are compared at once.

    Returns:
        For each of ``labels``: ``recall@k``, ``map@r`` and ``n_queries``; only the last where there are no queries.
    """
    import torch

    n = len(embeddings)
    groups = {name: _group(given.to(embeddings.device)) for name, given in labels.items()}
    # A match behind so many others has max(ks) or R rows ahead of it that do not match, so its rank does not count.
    depth = max([0, *(max(max(ks, default=1), group.largest) + group.largest for group in groups.values())])
    sums = {name: torch.zeros(len(ks) + 2, dtype=torch.float64, device=embeddings.device) for name in groups}
    for rows in _chunks(embeddings, n, chunk):
        similar = _similarities(embeddings[rows], embeddings)
        similar[torch.arange(len(rows), device=rows.device), rows] = -torch.inf  # a row is no answer to itself
        first = similar.topk(min(depth, n), dim=1).values
        for name, group in groups.items():
            asked = group.size[rows] > 1
            if asked.any():
                sums[name] += _score(group, rows[asked], similar[asked], first[asked], ks)
    return {name: _means(total.tolist(), [*(f"recall@{k}" for k in ks), "map@r"]) for name, total in sums.items()}


def query_gallery(
    queries: Tensor,
    query_labels: Tensor,
    gallery: Tensor,
    gallery_labels: Tensor,
    *,
    ks: Sequence[int] = (1, 5, 10),
    chunk: int = 1024,
) -> dict[str, float]:
    """Let every query look for its label in the gallery, such as an augmented view for its own item.

    Queries without a label, or whose label the gallery lacks, are left out. ``recall@k`` is the share of queries with
    a match among the first k, ``mrr`` the mean of one over the rank of the first match.

    Args:
        queries: unit rows (B x E).
        query_labels: whole numbers (B), -1 for none.
        gallery: unit rows (N x E) on the same device.
        gallery_labels: whole numbers (N), -1 for none.

    Returns:
        ``recall@k``, ``mrr`` and ``n_queries``; only the last where no query is left.
    """
    import torch

    query_labels, gallery_labels = query_labels.to(queries.device), gallery_labels.to(queries.device)
    total = torch.zeros(len(ks) + 2, dtype=torch.float64, device=queries.device)
    for rows in _chunks(queries, len(gallery), chunk):
        asked = query_labels[rows]
        match = (asked[:, None] == gallery_labels) & (asked >= 0)[:, None]
        rows, match = rows[match.any(dim=1)], match[match.any(dim=1)]
        if len(rows):
            similar = _similarities(queries[rows], gallery)
            best = similar.masked_fill(~match, -torch.inf).amax(dim=1, keepdim=True)
            rank = 1 + ((similar >= best) & ~match).sum(dim=1)
            total += _sum([*(rank <= k for k in ks), 1 / rank.double(), torch.ones_like(rank)])
    return _means(total.tolist(), [*(f"recall@{k}" for k in ks), "mrr"])


@dataclass(frozen=True)
class _Groups:
    """The rows by label."""

    rows: Tensor
    """Rows that have a label, those of one label together."""
    start: Tensor
    """N: where the rows of a row's label begin in ``rows``."""
    size: Tensor
    """N: how many rows have its label, itself among them; 0 for a row without one."""
    largest: int
    """M."""


def _group(labels: Tensor) -> _Groups:
    import torch

    known = (labels >= 0).nonzero()[:, 0]
    _, number, counts = torch.unique(labels[known], return_inverse=True, return_counts=True)
    start, size = torch.zeros_like(labels, dtype=torch.int64), torch.zeros_like(labels, dtype=torch.int64)
    start[known], size[known] = (counts.cumsum(0) - counts)[number], counts[number]
    return _Groups(known[number.argsort()], start, size, int(counts.max()) if len(known) else 0)


def _score(groups: _Groups, queries: Tensor, similar: Tensor, first: Tensor, ks: Sequence[int]) -> Tensor:
    """Return the sums over ``queries`` (B) of recall at each of ``ks``, of MAP@R and of one.

    Args:
        similar: B x N.
        first: the highest of each row, falling.
    """
    import torch

    size = groups.size[queries, None]
    place = torch.arange(int(size.max()), device=queries.device)[None]
    label_mates = groups.rows[(groups.start[queries, None] + place).clamp(max=len(groups.rows) - 1)]
    matches = similar.gather(1, label_mates).masked_fill(place >= size, -torch.inf)
    matches = matches.sort(dim=1, descending=True).values[:, :-1]  # without the query, which comes last
    place = place[:, :-1]
    n_relevant = size - 1
    at_least = torch.searchsorted(-first, -matches, right=True)
    matches_at_least = torch.searchsorted(-matches, -matches, right=True)
    rank = (1 + place) + (at_least - matches_at_least)
    counts = (place < n_relevant) & (rank <= n_relevant)
    average_precision = torch.where(counts, (1 + place) / rank.double(), 0).sum(dim=1) / n_relevant[:, 0]
    return _sum([*(rank[:, 0] <= k for k in ks), average_precision, torch.ones_like(queries)])


def _similarities(rows: Tensor, others: Tensor) -> Tensor:
    """Return the cosines (B x N, float32) of unit rows in whole steps, so that rounding does not break a tie."""
    import torch

    with torch.no_grad(), torch.autocast(rows.device.type, enabled=False):  # bfloat16 would blur them
        cosines = rows.float() @ others.float().T
        return cosines.nan_to_num_(NOT_FINITE, NOT_FINITE, NOT_FINITE).div_(STEP).round_()


def _chunks(queries: Tensor, n_compared: int, chunk: int) -> Iterator[Tensor]:
    """Yield the numbers of the queries, so many at a time that their similarities fit into memory."""
    import torch

    step = max(1, min(chunk, CELLS // max(1, n_compared)))
    yield from torch.split(torch.arange(len(queries), device=queries.device), step)


def _sum(figures: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.stack([figure.double().sum() for figure in figures])


def _means(sums: list[float], names: list[str]) -> dict[str, float]:
    *sums, n_queries = sums
    means = {name: total / n_queries for name, total in zip(names, sums, strict=True)} if n_queries else {}
    return means | {"n_queries": n_queries}
