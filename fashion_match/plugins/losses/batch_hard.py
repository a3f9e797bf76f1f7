"""Triplet loss on the hardest triplets of a batch, without ever holding the distances of all its pairs."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from .memory import RowMemory
from .mining import mine_triplets


class BatchHard(nn.Module):
    """Batch-hard triplet loss (Hermans, Beyer & Leibe 2017, "In Defense of the Triplet Loss", equation 5).

    Mean of ``max(0, margin + d(anchor, positive) - d(anchor, negative))`` over the anchors that have both. Triplets
    are chosen without gradient; only the distances of those that were chosen are then measured with it.

    Args:
        margin: ``None`` for ``softplus(d(anchor, positive) - d(anchor, negative))`` instead.
        mining: which negative; the positive is the farthest one.
        distance: ``"l2"``, its square, or ``"cosine"``: 1 - cos. At distance zero the gradient is zero.
        memory: rows of past batches to mine among as well.
        dim: E, the width of the embeddings; only a memory needs it.
    """

    last_anchors: torch.Tensor | None = None
    """How many anchors of the last batch had a positive and a negative. A tensor, so that only reading it waits."""
    last_violations: torch.Tensor | None = None
    """How many of them had ``d(anchor, positive) - d(anchor, negative) + margin > 0``."""

    def __init__(
        self,
        *,
        margin: float | None = 0.5,
        mining: Literal["hard", "semihard"] = "hard",
        distance: Literal["l2", "squared_l2", "cosine"] = "l2",
        memory: int = 0,
        dim: int = 0,
    ) -> None:
        super().__init__()
        self.margin = margin
        self.mining = mining
        self.distance = distance
        self.memory = RowMemory(memory, dim) if memory else None

    def forward(
        self,
        embeddings: torch.Tensor,
        labels: torch.Tensor,
        *,
        ref_embeddings: torch.Tensor | None = None,
        ref_labels: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the scalar for embeddings (B x E) and labels (B).

        Args:
            ref_embeddings: M x E, rows to mine among as well; they are no anchors and have no gradient.
            ref_labels: M, their labels.
        """
        references = [] if self.memory is None else [self.memory.contents()]
        if ref_embeddings is not None and ref_labels is not None:
            references.append((ref_embeddings.detach(), ref_labels))
        anchors = pool = self._scaled(embeddings)
        pool_labels = labels
        for rows, row_labels in references:
            pool = torch.cat((pool, self._scaled(rows.to(pool))))
            pool_labels = torch.cat((pool_labels, row_labels.to(labels)))
        loss = self._loss(anchors, pool, pool_labels)
        if self.memory is not None:
            self.memory.push(embeddings, labels)
        return loss

    def _loss(self, anchors: torch.Tensor, pool: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        positives, negatives, found = mine_triplets(pool.detach(), labels, len(anchors), self.mining)
        partners = pool.index_select(0, torch.cat((positives, negatives))).view(2, *anchors.shape)
        to_positive, to_negative = self._distances(anchors - partners)
        gap = to_positive - to_negative + (self.margin or 0)
        self.last_anchors = found.sum()
        self.last_violations = ((gap.detach() > 0) & found).sum()
        each = functional.softplus(gap) if self.margin is None else functional.relu(gap)
        # A product, where indexing would make a GPU wait for the number of anchors; and a zero keeps the graph.
        return torch.sum(each * found) / self.last_anchors.clamp_min(1)

    def _scaled(self, rows: torch.Tensor) -> torch.Tensor:
        return functional.normalize(rows) if self.distance == "cosine" else rows

    def _distances(self, difference: torch.Tensor) -> torch.Tensor:
        if self.distance == "l2":
            # Not by a square root, whose gradient at zero is infinite: that of a norm is zero there.
            norms: torch.Tensor = torch.linalg.vector_norm(difference, dim=-1)
            return norms
        squared = difference.square().sum(-1)
        return squared / 2 if self.distance == "cosine" else squared  # of unit rows |a - b|^2 = 2 - 2 cos
