"""What a run tells while it is under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TrainProgress:
    """How far a run is."""

    phase: Literal["decode", "train"]
    part: float
    """0..1, of the phase."""
    epoch: int = 0
    """Counted from 1."""
    seconds: float = 0.0
    loss: float = 0.0
    row: dict[str, float] | None = None
    """Figures of the epoch, at its end."""
