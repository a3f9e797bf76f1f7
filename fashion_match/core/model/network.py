"""The whole way from photos to unit vectors as one torch module: what every engine runs. Importing it imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from fashion_match.core.model.preprocess import Preprocess

_TINY = 1e-30


class Network(nn.Module):
    """Photos to unit vectors, with the normalisation of the pixels inside.

    Args:
        backbone: normalised pixels (B x 3 x H x W) to features (B x D).
        head: features (B x D) to embeddings (B x E), or ``None`` for the features themselves.
        preprocess: the pixels that the backbone expects.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, backbone: Any, head: nn.Module | None, preprocess: Preprocess) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        # Not persistent: they are part of the card, not of the weights.
        scale = torch.tensor([1 / (255 * std) for std in preprocess.std])
        shift = torch.tensor([-mean / std for mean, std in zip(preprocess.mean, preprocess.std, strict=True)])
        self.register_buffer("scale", scale.view(1, 3, 1, 1), persistent=False)
        self.register_buffer("shift", shift.view(1, 3, 1, 1), persistent=False)

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Map photos (B x H x W x 3, uint8) to unit rows (B x E, float32); a row stays zero where the features are."""
        pixels = photos.permute(0, 3, 1, 2).to(self.scale.dtype) * self.scale + self.shift
        features = self.backbone(pixels)
        embeddings = (features if self.head is None else self.head(features)).float()
        # Random networks may give features so small that their squares vanish.
        embeddings = embeddings / embeddings.abs().amax(dim=1, keepdim=True).clamp_min(_TINY)
        return F.normalize(embeddings, dim=1)
