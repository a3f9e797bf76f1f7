"""A head over photo and attributes. Importing it imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from fashion_match.plugins.methods.head import make_mlp

BRANCH = 256
"""Width of what either branch says."""


class FusionHead(nn.Module):
    """Photo (B x D) and attributes (B x A) each through a branch of their own, then through common layers.

    A photo that is missing is a row of zeros and an attribute that is missing a zero code: each branch has learned
    what that means, because either is left out in training.
    """

    def __init__(self, dim: int, width: int, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.photo = nn.Sequential(nn.Linear(dim, BRANCH), nn.LayerNorm(BRANCH), nn.ReLU())
        self.attributes = nn.Sequential(
            nn.Linear(width, BRANCH), nn.LayerNorm(BRANCH), nn.ReLU(), nn.Linear(BRANCH, BRANCH), nn.ReLU()
        )
        self.fused = make_mlp(2 * BRANCH, options)
        self.dim: int = options["dim"]

    def forward(self, features: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        embeddings: torch.Tensor = self.fused(torch.cat([self.photo(features), self.attributes(codes)], dim=1))
        return embeddings
