"""How two colours go together: the same, neighbours, a triad, opposites on the wheel, or one of them a neutral."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import product

from .name import Shade
from .wheel import angle_between, wheel_angle


class Relation(StrEnum):
    """What a harmony is called."""

    SAME = "same"
    ANALOGOUS = "analogous"
    TRIADIC = "triadic"
    COMPLEMENTARY = "complementary"
    NEUTRAL = "neutral"


ARCS = {
    Relation.SAME: (0, 0, 15),
    Relation.ANALOGOUS: (15, 30, 68),
    Relation.TRIADIC: (105, 120, 140),
    Relation.COMPLEMENTARY: (140, 180, 180),
}
"""From, ideal and up to: degrees apart on the wheel. Neighbours are up to two of the twelve stations apart; a split
complement counts as one. Between neighbours and triad hues quarrel, and there is no relation."""

WORTH = {
    Relation.COMPLEMENTARY: 1.0,
    Relation.ANALOGOUS: 0.95,
    Relation.SAME: 0.9,
    Relation.TRIADIC: 0.85,
    Relation.NEUTRAL: 0.8,
}
"""How much a relation says: a neutral goes with everything, so that it does says least."""
AT_THE_EDGE = 0.7
"""Of its worth that a relation keeps at the edge of its arc."""


@dataclass(frozen=True)
class Harmony:
    """One relation between two colours."""

    relation: Relation
    strength: float
    """0..1: the worth of the relation, less where the hues stand off the ideal."""
    base: str
    other: str
    """The two names."""

    def __str__(self) -> str:
        return f"{self.relation} colour: {self.base}/{self.other}"


@lru_cache(16_384)  # of a few dozen names
def harmony(base: Shade, other: Shade) -> Harmony | None:
    """Return how ``other`` goes with ``base``, ``None`` where it does not."""
    if base.name.casefold() == other.name.casefold():
        return Harmony(Relation.SAME, WORTH[Relation.SAME], base.name, other.name)
    if base.neutral or other.neutral:
        return Harmony(Relation.NEUTRAL, WORTH[Relation.NEUTRAL], base.name, other.name)
    apart = angle_between(wheel_angle(base.lch[2]), wheel_angle(other.lch[2]))
    for relation, (start, ideal, end) in ARCS.items():
        if start <= apart <= end:
            off = abs(apart - ideal) / max(ideal - start, end - ideal)
            return Harmony(relation, WORTH[relation] * (1 - (1 - AT_THE_EDGE) * off), base.name, other.name)
    return None


def best_harmony(
    base: Sequence[tuple[Shade, float]], other: Sequence[tuple[Shade, float]], among: frozenset[Relation]
) -> Harmony | None:
    """Return the strongest relation between colours with shares (0..1) of two garments, weighted by these shares.

    Args:
        among: the relations that are wanted.
    """
    best: Harmony | None = None
    most = 0.0
    for (one, share), (two, other_share) in product(base, other):
        between = harmony(one, two)
        if between is None or between.relation not in among:
            continue
        strength = between.strength * (share * other_share) ** 0.5
        if strength > most:
            most, best = strength, between
    return best if best is None or best.strength == most else replace(best, strength=most)
