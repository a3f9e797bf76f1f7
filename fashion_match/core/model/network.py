"""The whole way from photos to unit vectors as one torch module: what every engine runs. Importing it imports torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from fashion_match.core.model.encoding import PHOTO
from fashion_match.core.model.preprocess import Preprocess

FIRST_SCALE = 16.0
"""Of the logits, before training: cosines alone, between -1 and 1, could not tell a class apart from many others."""


class Network(nn.Module):
    """Photos, and where the head wants them attributes, to unit vectors, with the normalisation of the pixels inside.

    Args:
        backbone: normalised pixels (B x 3 x H x W) to features (B x D).
        head: features (B x D) and codes (B x A, or ``None``) to embeddings (B x E); ``None`` for the features
            themselves.
        preprocess: the pixels that the backbone expects.
        classifier: unit rows to logits of each attribute, no part of the way to the vector; ``None`` without one.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(
        self, backbone: Any, head: nn.Module | None, preprocess: Preprocess, classifier: Classifier | None = None
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.classifier = classifier
        # Not persistent: they are part of the card, not of the weights.
        scale = torch.tensor([1 / (255 * std) for std in preprocess.std])
        shift = torch.tensor([-mean / std for mean, std in zip(preprocess.mean, preprocess.std, strict=True)])
        self.register_buffer("scale", scale.view(1, 3, 1, 1), persistent=False)
        self.register_buffer("shift", shift.view(1, 3, 1, 1), persistent=False)

    @property
    def dim(self) -> int:
        """E, the width of the vectors."""
        return int(self.backbone.dim if self.head is None else self.head.dim)  # type: ignore[arg-type]

    def features(self, photos: torch.Tensor, codes: torch.Tensor | None = None) -> torch.Tensor:
        """Map photos (B x H x W x 3, uint8) to features (B x D), which are zero where the codes say "no photo"."""
        pixels = photos.permute(0, 3, 1, 2).to(self.scale.dtype) * self.scale + self.shift
        features: torch.Tensor = self.backbone(pixels)
        return features if codes is None else features * codes[:, PHOTO : PHOTO + 1]

    def embed(self, features: torch.Tensor, codes: torch.Tensor | None = None) -> torch.Tensor:
        """Map features (B x D) to embeddings (B x E) that are not yet scaled to unit length."""
        return (features if self.head is None else self.head(features, codes)).float()

    def forward(self, photos: torch.Tensor, codes: torch.Tensor | None = None) -> torch.Tensor:
        """Map photos (B x H x W x 3, uint8) to unit rows (B x E, float32); a row stays zero where the features are.

        Args:
            codes: encoded attributes (B x A), for a head that looks at them.
        """
        return to_unit(self.embed(self.features(photos, codes), codes))


class Classifier(nn.Module):
    """Unit rows to logits, one linear layer for each attribute: what it knows, the vector holds.

    The logits are scaled by a factor that is learned, because rows of length one cannot say how sure they are
    (Wang et al. 2017, "NormFace").

    Args:
        dim: E.
        classes: of each attribute.
    """

    def __init__(self, dim: int, classes: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        # Attributes by number, because their names may hold a dot, which the names of modules may not.
        self.names = tuple(classes)
        self.classes = {name: tuple(values) for name, values in classes.items()}
        self.layers = nn.ModuleList(nn.Linear(dim, len(values)) for values in classes.values())
        self.log_scale = nn.Parameter(torch.full((len(self.names),), math.log(FIRST_SCALE)))

    def forward(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """Map unit rows (B x E) to logits (B x K) of each attribute."""
        return {
            name: layer(rows * scale)
            for name, layer, scale in zip(self.names, self.layers, self.log_scale.exp(), strict=True)
        }


def to_unit(embeddings: torch.Tensor) -> torch.Tensor:
    """Scale rows (B x E) to length one; a row of zeros stays zero."""
    # Random networks may give features so small that their squares vanish. The length does not depend on what they are
    # divided by; and of a row of zeros the gradient must be finite too, so nothing is divided by something tiny.
    largest = embeddings.detach().abs().amax(dim=1, keepdim=True)
    embeddings = embeddings / torch.where(largest > 0, largest, 1.0)
    length: torch.Tensor = torch.linalg.vector_norm(embeddings, dim=1, keepdim=True)
    return embeddings / length.clamp_min(1.0)
