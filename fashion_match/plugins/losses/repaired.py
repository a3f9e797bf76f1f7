"""Losses of pytorch-metric-learning 2.9 that need a repair, under their own names; any other is the library's own.

On batches that the library serves they are what the library's are, but for `SmoothAPLoss`.
"""
# mypy: disable-error-code="import-untyped, misc, no-any-return, no-untyped-call"
# (the library has no types)

from __future__ import annotations

from typing import Any

import torch
from pytorch_metric_learning import distances, losses
from pytorch_metric_learning.utils import common_functions
from pytorch_metric_learning.utils import loss_and_miner_utils as mining

NEAR_ONE = 1 - 1e-6
"""Cosines are kept this far from 1, where the angle's derivative is infinite."""


def __getattr__(name: str) -> Any:
    """Return the library's own class where there is none of that name here."""
    return getattr(losses, name)


class CrossBatchMemory(losses.CrossBatchMemory):
    """Keeps in its state how far it is filled, and never compares a row with itself, a batch of one row included."""

    def create_indices_tuple(self, *arguments: Any) -> Any:
        *others, drop_selves = arguments
        indices = super().create_indices_tuple(*others, False)
        if not drop_selves:
            return indices
        anchors, positives, *negatives = indices
        kept = self.curr_batch_idx[anchors] != positives
        if len(negatives) == 1:
            return anchors[kept], positives[kept], negatives[0][kept]
        return anchors[kept], positives[kept], *negatives

    def get_extra_state(self) -> dict[str, Any]:
        return {"queue_idx": self.queue_idx, "has_been_filled": self.has_been_filled}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.queue_idx, self.has_been_filled = state["queue_idx"], state["has_been_filled"]


class ArcFaceLoss(losses.ArcFaceLoss):
    def get_angles(self, cosines: torch.Tensor) -> torch.Tensor:
        return super().get_angles(cosines.clamp(-NEAR_ONE, NEAR_ONE))


class SubCenterArcFaceLoss(losses.SubCenterArcFaceLoss):
    def get_angles(self, cosines: torch.Tensor) -> torch.Tensor:
        return super().get_angles(cosines.clamp(-NEAR_ONE, NEAR_ONE))


class TupletMarginLoss(losses.TupletMarginLoss):
    """Two photos that are the same have the cosine 1, or 1 and a rounding error."""

    def _compute_loss(self, pos_pairs: Any, neg_pairs: Any, indices_tuple: Any) -> Any:
        if torch.is_tensor(pos_pairs):
            pos_pairs = pos_pairs.clamp(-NEAR_ONE, NEAR_ONE)
        return super()._compute_loss(pos_pairs, neg_pairs, indices_tuple)


class DynamicSoftMarginLoss(losses.DynamicSoftMarginLoss):
    """Its histogram is a buffer, has no gradient from one batch to the next, and has room for every difference."""

    hist_: torch.Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        del self.hist_
        # Distances of unit rows differ by 2 at most; one bin more for its upper edge, one for rounding.
        self.register_buffer("hist_", torch.zeros(int((2 - self.min_val) / self.delta) + 3))

    def compute_loss_with_labels(self, *arguments: Any) -> torch.Tensor:
        return super().compute_loss_with_labels(*arguments).clamp(min=self.min_val)

    def compute_loss(self, *arguments: Any) -> Any:
        parts = super().compute_loss(*arguments)
        self.hist_ = self.hist_.detach()
        return parts


class HistogramLoss(losses.HistogramLoss):
    """The cosine 1 falls into its last bin; and it indexes in the way that torch goes on to support."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        common_functions.assert_distance_type(self, distances.CosineSimilarity)

    def compute_loss(self, embeddings: Any, labels: Any, indices_tuple: Any, ref_emb: Any, ref_labels: Any) -> Any:
        triplets = mining.convert_to_triplets(indices_tuple, labels, ref_labels, t_per_anchor="all")
        if len(triplets[0]) == 0:
            return self.zero_losses()
        anchors, positives, negatives = triplets
        cosines = self.distance(embeddings, ref_emb)
        of_positives = self.compute_density(cosines[_unordered(anchors, positives)])
        of_negatives = self.compute_density(cosines[_unordered(anchors, negatives)])
        chance = (of_negatives * of_positives.cumsum(0)).sum()
        return {"loss": {"losses": chance, "indices": None, "reduction_type": "already_reduced"}}

    def compute_density(self, cosines: torch.Tensor) -> torch.Tensor:
        return super().compute_density(cosines.clamp(-1, NEAR_ONE))


def _unordered(ones: torch.Tensor, others: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return each pair once, whichever way round it comes."""
    return torch.stack((torch.minimum(ones, others), torch.maximum(ones, others))).unique(dim=1).unbind()


class ManifoldLoss(losses.ManifoldLoss):
    """Takes labels: they are dealt out to the proxies in turn. The library would draw the proxy of each row."""

    def forward(self, embeddings: Any, labels: Any = None, indices_tuple: Any = None) -> Any:
        common_functions.indices_tuple_not_supported(indices_tuple)
        return super().forward(embeddings, indices_tuple=labels % self.K)


class VICRegLoss(losses.VICRegLoss):
    """Takes labels: rows of one label are views of one thing, and are paired in the order in which they come."""

    def forward(self, embeddings: Any, labels: Any = None, indices_tuple: Any = None) -> Any:
        common_functions.indices_tuple_not_supported(indices_tuple)
        ones, others = _paired(labels)
        if len(ones) < 2:  # there is no variance of one row
            return (embeddings * 0).sum()
        return super().forward(embeddings[ones], ref_emb=embeddings[others])


def _paired(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return disjoint pairs of rows of one label; the last of an odd number is left out."""
    order = labels.argsort(stable=True)
    _, counts = labels[order].unique_consecutive(return_counts=True)
    rank = torch.arange(len(labels), device=labels.device) - (counts.cumsum(0) - counts).repeat_interleave(counts)
    first = (rank % 2 == 0) & (rank + 1 < counts.repeat_interleave(counts))
    ones = first.nonzero().squeeze(1)
    return order[ones], order[ones + 1]


class SmoothAPLoss(losses.SmoothAPLoss):
    """Smooth-AP (Brown et al. 2020, equation 6) for rows in any order, any number of them to a label.

    The library takes rows sorted by label, as many of each, and confuses the number of labels with that number: its
    value is right only where the two are equal.
    """

    def compute_loss(self, embeddings: Any, labels: Any, indices_tuple: Any, ref_emb: Any, ref_labels: Any) -> Any:
        similarities = self.distance(embeddings)
        same = labels[:, None] == labels
        # before[q, i, j]: how surely j comes before i, when rows are ranked by their similarity to q.
        before = torch.sigmoid((similarities[:, None, :] - similarities[:, :, None]) / self.temperature)
        before = before * ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        rank = 1 + before.sum(2)
        rank_among_positives = 1 + (before * same[:, None, :]).sum(2)
        precision = (same * rank_among_positives / rank).sum(1) / same.sum(1)
        weights = mining.convert_to_weights(indices_tuple, labels, dtype=embeddings.dtype)
        rows = torch.arange(len(labels), device=labels.device)
        return {"ap_loss": {"losses": (1 - precision) * weights, "indices": rows, "reduction_type": "element"}}
