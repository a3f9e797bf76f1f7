"""A head that looks at the photo alone. Importing it imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class PhotoHead(nn.Module):
    """``layers`` over the features (B x D); attributes are not looked at."""

    def __init__(self, layers: Any) -> None:
        super().__init__()
        self.layers = layers
        self.dim: int = layers.dim

    def forward(self, features: torch.Tensor, codes: torch.Tensor | None = None) -> torch.Tensor:
        embeddings: torch.Tensor = self.layers(features)
        return embeddings
