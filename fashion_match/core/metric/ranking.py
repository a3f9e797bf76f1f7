"""At which ranks queries find what belongs to them, in one exact pass over the similarities, in little memory.

Ties go against the model: what does not match comes before what matches and is just as similar. So embeddings that are
all alike score nothing, not everything, and the ranks do not depend on the order of the rows. Two similarities tie
where they differ by less than `TIE`, about what float32 can tell.

How: queries and gallery are sorted by label, so that the matches of a query stand side by side. How similar they are is
found first. Then a tile of similarities at a time is computed, looked at while it is in the cache, and forgotten. Of
what does not match only the highest are kept (`_Rivals`), because a rank beyond the last that counts need not be known;
most tiles hold none of them, which the maximum of every few columns tells.

The floor is the matrix product, 2 x B x N x E operations; the benchmark is ``benchmarks/eval_retrieval.py``.

Letters for shapes: B queries, E embedding width, N gallery, K ks, R most matches of a query, D rivals that are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Metric = Literal["cosine", "l2", "l1"]

TIE = 2.0**-21
"""Difference of two similarities that are not told apart: eight times the spacing of float32 just below 1."""
ROWS, COLUMNS = 256, 4096
"""Of a tile on a CPU: 4 MB, which stays in the cache."""
GPU_ROWS, GPU_COLUMNS = 2048, 65_536
BLOCK = 64
"""Similarities whose maximum is taken at once."""
CELLS = 2**24
"""Similarities to matches in memory at once, at most."""
NOT_FINITE = -1e9
"""Similarity to a row that holds a NaN or an infinity: less than that of any two that are finite."""


@dataclass(frozen=True)
class Ranking:
    """How queries fared, in the order in which they were given; only those that have a match in the gallery."""

    query: Tensor
    """B: number of the row."""
    n_relevant: Tensor
    """B: matches in the gallery."""
    n_compared: Tensor
    """B: what the query was compared with: rows of the gallery, or products."""
    first: Tensor
    """B: rank of the first match, from 1."""
    hits: Tensor
    """B x K: matches among the first k."""
    r_hits: Tensor
    """B: matches among the first R, R being the query's own number of matches."""
    average_precision: Tensor
    """B, float64: the precision at each rank up to R that holds a match, summed up and divided by R (MAP@R before the
    mean; Musgrave et al. 2020, "A Metric Learning Reality Check", section 4)."""


def rank(
    queries: Tensor,
    query_labels: Tensor,
    gallery: Tensor,
    gallery_labels: Tensor,
    *,
    ks: Sequence[int] = (1, 5, 10),
    apart: tuple[Tensor, Tensor] | None = None,
    products: Tensor | None = None,
    metric: Metric = "cosine",
    on_progress: Callable[[int], None] = lambda n_done: None,
) -> Ranking:
    """Let every query look for its label in the gallery.

    A query without a label, or whose label the gallery lacks, is left out. A gallery row without one matches nothing.

    Args:
        queries: unit rows (B x E), on any device.
        query_labels: whole numbers (B), -1 for none.
        gallery: unit rows (N x E) on the same device.
        gallery_labels: whole numbers (N), -1 for none.
        ks: the k of `Ranking.hits`.
        apart: whole numbers of queries (B) and gallery (N), -1 for none; where both are equal, and the labels too, the
            row is no answer to the query, such as the query itself.
        products: whole numbers of the gallery (N); the rows of one product that share a label are one answer, as
            similar as the most similar of them.
        metric: of the similarity. On unit rows ``l2`` gives the same ranks as ``cosine``; ``l1`` gives others.
        on_progress: is told how many of the queries are done.
    """
    import torch

    device = queries.device
    query_labels, gallery_labels = query_labels.to(device).long(), gallery_labels.to(device).long()
    columns = _Columns.sort(gallery, gallery_labels, products)
    start, end = columns.range_of(query_labels)
    order = torch.argsort(start, stable=True)  # so that the matches of neighbours lie side by side
    order = order[(end > start)[order]]
    theirs = None if apart is None else apart[1].to(device)[columns.rows]
    done, parts = 0, []
    for rows, labels in _blocks(order, start, end):
        own = None if apart is None or theirs is None else _Own(apart[0].to(device)[rows], theirs)
        parts.append((rows, *_rank_block(queries[rows], labels, columns, own, ks, metric)))
        done += len(rows)
        on_progress(done)
    if not parts:
        none = torch.zeros(0, dtype=torch.int64, device=device)
        return Ranking(none, none, none, none, none.reshape(0, len(ks)), none, none.double())
    query, n_relevant, first, hits, r_hits, precision = (torch.cat(part) for part in zip(*parts, strict=True))
    kept = (n_relevant > 0).nonzero()[:, 0]  # of some the only match is the query itself
    kept = kept[query[kept].argsort()]
    query, n_relevant = query[kept], n_relevant[kept]
    compared = columns.n_answers - (end - start)[query] + n_relevant
    return Ranking(query, n_relevant, compared, first[kept], hits[kept], r_hits[kept], precision[kept])


@dataclass(frozen=True)
class _Columns:
    """The gallery, sorted by label; the rows of one product that share a label stand together."""

    vectors: Tensor
    """N x E."""
    rows: Tensor
    """N: where a row stood before."""
    labels: Tensor
    """Of each answer, rising: a row, or a product."""
    sizes: Tensor | None
    """How many rows an answer has; ``None`` where each is one row."""
    bounds: Tensor | None
    """Where the rows of each answer begin, and where those of the last end."""
    bad: Tensor | None
    """N: rows that are not finite; ``None`` where all are."""

    @property
    def n_answers(self) -> int:
        return len(self.labels)

    @classmethod
    def sort(cls, gallery: Tensor, labels: Tensor, products: Tensor | None) -> _Columns:
        import torch

        rows = labels.argsort(stable=True)
        sizes = bounds = None
        if products is not None:
            products = products.to(labels.device).long()
            rows = products.argsort(stable=True)
            rows = rows[labels[rows].argsort(stable=True)]
            keys = torch.stack([labels[rows], products[rows]], dim=1)
            keys, sizes = torch.unique_consecutive(keys, dim=0, return_counts=True)
            bounds = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
            found = keys[:, 0].contiguous()
        else:
            found = labels[rows]
        vectors, finite = gallery[rows].float(), gallery.isfinite().all(dim=1)
        bad = None if bool(finite.all()) else ~finite[rows]
        return cls(vectors if bad is None else vectors.nan_to_num(0, 0, 0), rows, found, sizes, bounds, bad)

    def range_of(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return where the answers of each label (B) begin and end; nothing lies between for none."""
        import torch

        labels = labels.contiguous()
        start = torch.searchsorted(self.labels, labels)
        end = torch.searchsorted(self.labels, labels, right=True)
        return start, torch.where(labels >= 0, end, start)

    def similarities(self, queries: Tensor, first: int, last: int, metric: Metric, own: _Own | None = None) -> Tensor:
        """Return the similarity (B x last - first) of queries (B x E) to answers.

        Args:
            own: what is left out, by minus infinity.
        """
        import torch

        low, high = (first, last) if self.bounds is None else (int(self.bounds[first]), int(self.bounds[last]))
        others = self.vectors[low:high]
        similar = -torch.cdist(queries, others, p=1.0) if metric == "l1" else queries @ others.T
        if self.bad is not None:
            similar[:, self.bad[low:high]] = NOT_FINITE
        if own is not None:
            mine = own.queries[:, None]
            similar[(mine == own.gallery[low:high]) & (mine >= 0)] = -math.inf
        if self.sizes is None:
            return similar
        return torch.segment_reduce(similar.T.contiguous(), "max", lengths=self.sizes[first:last], axis=0).T


@dataclass(frozen=True)
class _Own:
    """Whole numbers; where those of a query (B) and of a row of the gallery (N) are equal, the row is no answer."""

    queries: Tensor
    gallery: Tensor


@dataclass(frozen=True)
class _Label:
    """Where a label stands in a block of queries, and in the gallery."""

    rows: slice
    start: int
    end: int


def _blocks(order: Tensor, start: Tensor, end: Tensor) -> Iterator[tuple[Tensor, list[_Label]]]:
    """Yield the queries, sorted by label, so many at a time that the similarities to their matches fit into memory."""
    most = GPU_ROWS if order.is_cuda else ROWS
    starts, ends = start[order].tolist(), end[order].tolist()
    first, widest, labels = 0, 0, list[_Label]()
    for n in range(len(starts)):
        widest = max(widest, ends[n] - starts[n])
        if n > first and (n - first == most or (n + 1 - first) * widest > CELLS):
            yield order[first:n], labels
            first, widest, labels = n, ends[n] - starts[n], []
        if labels and labels[-1].start == starts[n]:
            labels[-1] = _Label(slice(labels[-1].rows.start, n + 1 - first), starts[n], ends[n])
        else:
            labels.append(_Label(slice(n - first, n + 1 - first), starts[n], ends[n]))
    if labels:
        yield order[first:], labels


def _rank_block(
    block: Tensor, labels: Sequence[_Label], columns: _Columns, own: _Own | None, ks: Sequence[int], metric: Metric
) -> tuple[Tensor, ...]:
    """Return n_relevant, first, hits, r_hits and average_precision of some queries (B x E)."""
    import torch

    with torch.no_grad(), torch.autocast(block.device.type, enabled=False):  # bfloat16 would blur similarities
        block = block.float()
        finite = block.isfinite().all(dim=1)
        if not bool(finite.all()):
            block = block.nan_to_num(0, 0, 0) * finite[:, None]  # as similar to all, so everything ties
        matches = _matches(block, labels, columns, own, metric)
        n_relevant = (matches > -math.inf).sum(dim=1)
        depth = max([*ks, int(n_relevant.max()), 1])
        rivals = _Rivals(matches - TIE, n_relevant, min(depth, columns.n_answers))
        step = GPU_COLUMNS if block.is_cuda else COLUMNS
        for first in range(0, columns.n_answers, step):
            last = min(first + step, columns.n_answers)
            tile = columns.similarities(block, first, last, metric)
            for label in labels:
                if label.start < last and label.end > first:
                    tile[label.rows, max(label.start - first, 0) : label.end - first] = -math.inf
            rivals.look_at(tile)
        return n_relevant, *_score(matches, n_relevant, rivals, ks)


def _matches(block: Tensor, labels: Sequence[_Label], columns: _Columns, own: _Own | None, metric: Metric) -> Tensor:
    """Return the similarities (B x R) to what matches, falling; minus infinity where a query has no more."""
    matches = block.new_full((len(block), max(label.end - label.start for label in labels)), -math.inf)
    for label in labels:
        left_out = None if own is None else _Own(own.queries[label.rows], own.gallery)
        similar = columns.similarities(block[label.rows], label.start, label.end, metric, left_out)
        matches[label.rows, : similar.shape[1]] = similar
    return matches.sort(dim=1, descending=True).values


class _Rivals:
    """The highest similarities of each query to what does not match, and how many are ahead of its first match.

    Args:
        bars: what each match (B x R) must be beaten by, falling: what is at least as high is ahead of it.
        n_relevant: matches of each query (B).
        depth: D.
    """

    def __init__(self, bars: Tensor, n_relevant: Tensor, depth: int) -> None:
        import torch

        self.best_bar = bars[:, 0].clone()
        last = bars.gather(1, (n_relevant - 1).clamp(min=0)[:, None])[:, 0]
        # What is below the bar of the last match is ahead of none. Just below the bar, so that equal to it is above.
        self.least = torch.nextafter(last, torch.full_like(last, -math.inf))
        self.highest = bars.new_full((len(bars), depth), -math.inf)
        """B x D, falling."""
        self.ahead = torch.zeros(len(bars), dtype=torch.int64, device=bars.device)
        """B: right for queries that are lost; for the others `highest` tells."""
        self.lost = torch.zeros(len(bars), dtype=torch.bool, device=bars.device)
        """B: D or more are ahead of the first match, so that only their number is of interest."""
        self.limit = self.least
        """B: what is not above this is of no interest, unless the query is lost."""

    def look_at(self, tile: Tensor) -> None:
        """Take a tile (B x T) into account."""
        import torch

        if bool(self.lost.any()):
            ahead = (tile >= self.best_bar[:, None]).sum(dim=1, dtype=torch.int32)
            self.ahead += torch.where(self.lost, ahead, 0)
        candidates = self._above(tile)
        if candidates is not None:
            self._take(candidates)

    def _above(self, tile: Tensor) -> Tensor | None:
        """Return what is above the limit (B x C), filled up with minus infinity; ``None`` where nothing is."""
        import torch

        n_rows, n_columns = tile.shape
        whole = n_columns - n_columns % BLOCK
        # Every so manieth column together: the maximum over neighbours would take longer.
        blocks = tile[:, :whole].reshape(n_rows, BLOCK, -1)
        high = blocks.amax(dim=1) > self.limit[:, None]
        rest = tile[:, whole:]
        row, block = high.nonzero(as_tuple=True)
        if len(row) * 2 > high.numel():
            return tile  # so many that picking them would take longer
        picked = blocks[row, :, block]
        inside, column = (picked > self.limit[row, None]).nonzero(as_tuple=True)
        row_, values = row[inside], picked[inside, column]
        if rest.numel():
            row_rest, column = (rest > self.limit[:, None]).nonzero(as_tuple=True)
            row_, values = torch.cat([row_, row_rest]), torch.cat([values, rest[row_rest, column]])
            order = row_.argsort(stable=True)
            row_, values = row_[order], values[order]
        if not len(row_):
            return None
        counts = torch.bincount(row_, minlength=n_rows)
        place = torch.arange(len(row_), device=tile.device) - (counts.cumsum(0) - counts)[row_]
        found = tile.new_full((n_rows, int(counts.max())), -math.inf)
        found[row_, place] = values
        return found

    def _take(self, candidates: Tensor) -> None:
        import torch

        both = torch.cat([self.highest, candidates], dim=1)
        self.highest = both.topk(self.highest.shape[1], dim=1).values
        lost = (self.best_bar <= self.highest[:, -1]) & ~self.lost
        if bool(lost.any()):
            # Until now all that is ahead was kept, and this tile's is among the candidates.
            self.ahead[lost] = (both[lost] >= self.best_bar[lost, None]).sum(dim=1)
            self.lost |= lost
        self.limit = torch.maximum(self.least, self.highest[:, -1])

    def ahead_of(self, bars: Tensor) -> Tensor:
        """Return how many are ahead of each match (B x R), D where it is D or more."""
        import torch

        return torch.searchsorted(-self.highest, -bars, right=True)

    def ahead_of_best(self) -> Tensor:
        """Return how many are ahead of the first match (B)."""
        import torch

        kept = (self.highest >= self.best_bar[:, None]).sum(dim=1)
        return torch.where(self.lost, self.ahead, kept)


def _score(
    matches: Tensor, n_relevant: Tensor, rivals: _Rivals, ks: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return first, hits, r_hits and average_precision of `Ranking` for matches (B x R)."""
    import torch

    place = torch.arange(1, matches.shape[1] + 1, device=matches.device)
    rank = place + rivals.ahead_of(matches - TIE)
    known = place <= n_relevant[:, None]
    first = 1 + rivals.ahead_of_best()
    hits = torch.stack([((rank <= k) & known).sum(dim=1) for k in ks], dim=1)
    counts = known & (rank <= n_relevant[:, None])
    precision = torch.where(counts, place / rank.double(), 0).sum(dim=1) / n_relevant.clamp(min=1)
    return first, hits, counts.sum(dim=1), precision
