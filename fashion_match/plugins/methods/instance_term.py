"""A loss in which every photo is its own label. Importing it imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from fashion_match import Step


class InstanceTerm(nn.Module):
    """Gives a loss the numbers of the items as labels, counted anew in each batch."""

    def __init__(self, loss: Any) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, step: Step) -> torch.Tensor:
        value: torch.Tensor = self.loss(step.embeddings, step.items.unique(return_inverse=True)[1])  # type: ignore[no-untyped-call]
        return value
