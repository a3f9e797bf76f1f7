"""The card of a model: everything about it but its weights."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fashion_match.core.item import Record
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
    vocabularies: dict[str, list[str]] = Field(default_factory=dict)
    dim: int = Field(gt=0)
    """E, the width of its unit vectors."""
    preprocess: Preprocess
    fingerprint: str
    """Hash of weights, preprocessing and head options: two models with the same fingerprint give the same vectors."""
    threshold: float | None = None
    calibration: dict[str, float] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)
    """Where the weights came from: pretrained, random with its seed, a file with its hash, a training run; versions."""
