"""What a cosine means: the probability that two photos show one style, as a model's card says. Needs no numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import Field

from fashion_match.core.item import Record


class Calibration(Record):
    """What held-out pairs say about the cosines of a model.

    A *genuine* pair shows one style, an *impostor* pair two (the terms of ISO/IEC 19795-1). A card keeps the threshold
    by itself and everything else as its ``calibration``.
    """

    threshold: float
    """Least cosine at which two photos are taken for one style."""
    false_match_rate: float = Field(ge=0, lt=1)
    """The share of impostor pairs at or above the threshold that was asked for, at most."""
    observed_false_match_rate: float
    """The share that was found."""
    false_non_match_rate: float
    """The share of genuine pairs below the threshold."""
    slope: float | None = None
    """Of the log odds over the cosine; ``None`` where a higher cosine does not speak for one style."""
    intercept: float | None = None
    """Log odds at cosine 0, where one style and two are as likely beforehand."""
    n_genuine: int
    n_impostor: int


def p_same(calibration: Mapping[str, float], score: float) -> float | None:
    """Return the probability that two photos of cosine ``score`` show one style, or ``None`` without a calibration.

    It is ``1 / (1 + exp(-(slope * score + intercept)))`` (Platt 1999, "Probabilistic Outputs for Support Vector
    Machines") and takes one style and two for equally likely beforehand: that is the odds of a doubtful pair that was
    picked by hand, not those of two photos drawn from a large catalogue.

    Args:
        calibration: that of a card.
        score: -1..1.
    """
    if "slope" not in calibration or "intercept" not in calibration:
        return None
    odds = calibration["slope"] * score + calibration["intercept"]
    # The exponent must not be positive: a large one does not fit into a float.
    return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))
