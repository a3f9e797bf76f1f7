"""How photos are embedded: which engine, on what, how many at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Compute:
    """How the photos are embedded; see `fashion_match.core.model.embedder.Embedder`."""

    engine: str = "auto"
    device: str = "auto"
    precision: str = "fp32"
    batch_size: int | None = None
    workers: int | None = None
    max_pixels: int = 100_000_000
