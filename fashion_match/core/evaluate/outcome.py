"""What a protocol finds, before its uncertainty is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fashion_match.core.evaluation import ClassRow, Confusion, Curve, FilterRow, Worst

Table = dict[str, Sequence[Any]]
"""Columns of equal length: a row for each query, or pair. It is kept beside the report, and resampled."""

N_WORST = 20
N_ANSWERS = 6
"""Shown beside each of the worst queries."""
CURVE_POINTS = 400


@dataclass(frozen=True)
class Outcome:
    """See the fields of the same names of `Evaluation`."""

    heading: str
    table: Table
    guesses: Mapping[str, float] = field(default_factory=dict)
    """What a trivial guess gets, by figure."""
    chances: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """The same for each query, where figures are means over queries."""
    draws: tuple[dict[str, float], ...] = ()
    classes: Mapping[str, tuple[ClassRow, ...]] = field(default_factory=dict)
    confusion: Mapping[str, Confusion] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    filters: tuple[FilterRow, ...] = ()
    worst: tuple[Worst, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """What was chosen where the choice was left open."""


def curve(x: Sequence[float], y: Sequence[float]) -> Curve:
    """Return a line of at most so many points that a picture shows; the first and the last are kept."""
    n = len(x)
    step = max(1, -(-n // CURVE_POINTS))
    kept = sorted({*range(0, n, step), n - 1}) if n else []
    return Curve(x=tuple(round(float(x[i]), 6) for i in kept), y=tuple(round(float(y[i]), 6) for i in kept))
