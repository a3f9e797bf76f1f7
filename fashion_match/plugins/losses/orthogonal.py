"""How far a batch is from having all its rows at right angles, in time linear in their number."""

from __future__ import annotations

import torch
from torch import nn


class Orthogonal(nn.Module):
    """Sum of the dot products of all pairs of rows, each pair once.

    Of the matrix of all dot products it is what lies above the diagonal, and that has a closed form:
    ``(|sum of rows|^2 - sum of |row|^2) / 2``. It needs no pair: time and memory are those of the batch itself.

    Args:
        mean: divide by the number of pairs, B (B - 1) / 2.
    """

    def __init__(self, *, mean: bool = False) -> None:
        super().__init__()
        self.mean = mean

    def forward(self, embeddings: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Return the scalar for embeddings (B x E); the labels do not matter."""
        total = (embeddings.sum(0).square().sum() - embeddings.square().sum()) / 2
        n = len(embeddings)
        return total / max(n * (n - 1) // 2, 1) if self.mean else total
