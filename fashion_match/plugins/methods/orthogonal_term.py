"""Pairwise dot products of unit rows, in time linear in their number. Importing it imports torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

from fashion_match import Step


class OrthogonalTerm(nn.Module):
    """Mean dot product of all pairs of rows.

    The sum over pairs is (|S|^2 - sum of |row|^2) / 2 with S the sum of the rows, so no matrix of pairs is needed.
    With ``exact`` the pairs are those of the whole epoch, however many batches it takes: S is added up before the
    epoch, and since the gradient by a row is S minus that row, each batch contributes its part of the very gradient
    that one batch of all rows would give.
    """

    def __init__(self, *, exact: bool = True) -> None:
        super().__init__()
        self._exact = exact
        self._sum: torch.Tensor | None = None
        self._n = self._n_batches = 0
        self._value = 0.0

    def begin_epoch(self, embed: Callable[[], Iterator[torch.Tensor]], n_batches: int) -> None:
        """Add up the rows of the epoch, unless a batch is the whole of it."""
        self._sum = None
        if not self._exact or n_batches == 1:
            return
        total: torch.Tensor | None = None
        self._n, squares = 0, 0.0
        self._n_batches = 0
        for rows in embed():
            summed = rows.sum(0)
            total = summed if total is None else total + summed
            squares += float(rows.square().sum())
            self._n += len(rows)
            self._n_batches += 1
        if self._n_batches > 1 and total is not None:
            self._sum = total
            self._value = (float(total.square().sum()) - squares) / 2 / self._n_pairs

    @property
    def _n_pairs(self) -> float:
        return max(1, self._n * (self._n - 1) // 2)

    def forward(self, step: Step) -> torch.Tensor:
        rows = step.embeddings
        if self._sum is None:
            pairs = max(1, len(rows) * (len(rows) - 1) // 2)
            return (rows.sum(0).square().sum() - rows.square().sum()) / 2 / pairs
        others = self._sum - rows.detach()
        # Gradients of the batches of a step are averaged, but this is a sum of parts.
        part = (rows * others).sum() / self._n_pairs * self._n_batches
        # The value is that of the whole catalogue; the gradient is the part's.
        return part - part.detach() + self._value
