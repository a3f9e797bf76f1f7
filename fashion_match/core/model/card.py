"""The card of a model: everything about it but its weights."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fashion_match.core.item import Record
from fashion_match.core.model.encoding import Encoding
from fashion_match.core.model.preprocess import Preprocess


class ModelCard(Record):
    """Kept as ``card.json`` in the model's folder, beside ``weights.safetensors``."""

    version: int = 1
    backbone: str
    """Registered name of the backbone."""
    backbone_options: dict[str, Any] = Field(default_factory=dict)
    head: str | None = None
    """Training method that makes the head; ``None`` for the backbone's features alone."""
    head_options: dict[str, Any] = Field(default_factory=dict)
    vocabularies: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Values of the categorical attributes that the head looks at."""
    numbers: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """Mean and deviation of the numeric attributes that the head looks at."""
    classes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Attributes that the model predicts from a vector, and the classes of each."""
    dim: int = Field(gt=0)
    """E, the width of its unit vectors."""
    preprocess: Preprocess
    fingerprint: str
    """Hash of weights, preprocessing and head options: two models with the same fingerprint give the same vectors."""
    threshold: float | None = None
    """Least cosine of two photos of one style, for a wanted rate of false matches."""
    calibration: dict[str, float] = Field(default_factory=dict)
    """What turns a cosine into the probability that both photos show one style, and how it was fitted."""
    temperatures: dict[str, float] = Field(default_factory=dict)
    """What the logits of a predicted attribute are divided by, for its confidence to be calibrated."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """Figures on held-out items, of the run that made the model."""
    provenance: dict[str, Any] = Field(default_factory=dict)
    """Where the weights came from: pretrained, random with its seed, a file with its hash, a training run; versions."""

    @property
    def encoding(self) -> Encoding | None:
        """How the attributes are encoded that the head looks at; ``None`` where it looks at the photo alone."""
        if not self.vocabularies and not self.numbers:
            return None
        return Encoding(vocabularies=self.vocabularies, numbers=self.numbers)
