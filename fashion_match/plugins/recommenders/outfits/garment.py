"""A garment of an outfit, with what decides whether it goes with another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from fashion_match import Item, Stored
from fashion_match.plugins.recommenders.coloring.garment_color import Colors
from fashion_match.plugins.recommenders.coloring.harmony import Harmony, Relation, best_harmony
from fashion_match.plugins.recommenders.coloring.name import shades_of

UNISEX = "unisex"
WEIGHTS = {"color": 0.5, "season": 0.25, "usage": 0.25}
UNKNOWN = 0.6
"""What an attribute is worth that one of two garments lacks: less than agreeing, more than not."""
CLASH = 0.2
"""What colours are worth that have no relation."""
YEAR = ("Spring", "Summer", "Fall", "Winter")
NEXT_SEASON = 0.7
ALL = frozenset(Relation)
TONE_ON_TONE = 0.7
"""What one colour is worth in two garments: from head to foot in one colour is a uniform."""


@dataclass(frozen=True, eq=False)
class Look:
    """What is compared. Garments that are described alike share one, so that two looks are compared once."""

    colors: Colors
    seasons: tuple[str, ...]
    usage: str | None
    gender: str | None


@dataclass(frozen=True, eq=False)
class Garment:
    """One garment in its slot."""

    item: Item
    slot: str
    look: Look
    price: float | None
    stored: Stored | None = None
    """As the store returned it; ``None`` for a given garment."""


def make_garment(item: Item, slot: str, stored: Stored | None = None, colors: Colors | None = None) -> Garment:
    """Return an item in its slot; its colours are those that it names, unless others are given."""
    price, look = item.attributes.get("price"), look_of(item.attributes)
    if colors is not None:
        look = replace(look, colors=colors)
    return Garment(item, slot, look, float(price) if isinstance(price, int | float) else None, stored)


def look_of(attributes: Mapping[str, object]) -> Look:
    """Return what is compared of a garment with these attributes."""
    known = (attributes.get(key) for key in ("color", "season", "usage", "gender"))
    return _look(*(tuple(value) if isinstance(value, list) else value for value in known))


@lru_cache(16_384)
def _look(color: object, season: object, usage: object, gender: object) -> Look:
    shades = shades_of(list(color) if isinstance(color, tuple) else color)
    return Look(
        colors=tuple((shade, 1 / len(shades)) for shade in shades),
        seasons=season if isinstance(season, tuple) else () if season is None else (str(season),),
        usage=usage if isinstance(usage, str) else None,
        gender=gender if isinstance(gender, str) else None,
    )


@lru_cache(65_536)
def genders_agree(one: Look, two: Look) -> bool:
    """Return whether one person may wear both: unknown and unisex go with any."""
    genders = {gender.casefold() for gender in (one.gender, two.gender) if gender}
    return len(genders - {UNISEX}) < 2


@lru_cache(65_536)
def harmony_of(one: Look, two: Look) -> Harmony | None:
    """Return how the colours of two looks go together."""
    return best_harmony(one.colors, two.colors, ALL)


@lru_cache(65_536)
def agreement(one: Look, two: Look) -> float:
    """Return how well two looks go together, 0..1: colours count half, season and usage a quarter each."""
    between = harmony_of(one, two)
    known = bool(one.colors and two.colors)
    color = _worth(between) if between is not None else CLASH if known else UNKNOWN
    return (
        WEIGHTS["color"] * color
        + WEIGHTS["season"] * _seasons_agree(one.seasons, two.seasons)
        + WEIGHTS["usage"] * _usages_agree(one.usage, two.usage)
    )


def _worth(between: Harmony) -> float:
    return min(between.strength, TONE_ON_TONE) if between.relation is Relation.SAME else between.strength


def _seasons_agree(one: tuple[str, ...], two: tuple[str, ...]) -> float:
    if not one or not two:
        return UNKNOWN
    if set(one) & set(two):
        return 1.0
    return NEXT_SEASON if any(b in neighbours(a) for a in one for b in two) else 0.0


def neighbours(season: str) -> tuple[str, ...]:
    """Return the seasons before and after one."""
    if season not in YEAR:
        return ()
    n = YEAR.index(season)
    return YEAR[n - 1], YEAR[(n + 1) % len(YEAR)]


def _usages_agree(one: str | None, two: str | None) -> float:
    if one is None or two is None:
        return UNKNOWN
    if one.casefold() == two.casefold():
        return 1.0
    return NEXT_SEASON if set(one.casefold().split()) & set(two.casefold().split()) else 0.0
