"""From candidates for each slot to whole outfits, the best first, each of them different."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from .garment import Garment, agreement, genders_agree

BEAM = 4
"""Unfinished outfits that are kept after each slot, for each garment that an outfit begins with."""
BEST = 3
"""Finished ones of them that are kept."""
AGAIN = 0.04
"""What an outfit loses for each garment that an earlier one has already."""


@dataclass(frozen=True)
class Outfit:
    """Garments that are added to the given ones, one for each slot."""

    garments: tuple[Garment, ...]
    score: float
    """0..1: the mean agreement of all pairs, given garments included, less what it repeats."""

    def less_whole(self, share: float) -> Outfit:
        """Return the outfit at ``share`` (0..1) of its score: that of the wanted slots which are filled."""
        return replace(self, score=self.score * share)

    @property
    def price(self) -> float:
        """Of the added garments; one without a price counts as nothing."""
        return sum(garment.price or 0.0 for garment in self.garments)


def compose(
    given: Sequence[Garment], candidates: Sequence[Sequence[Garment]], *, budget: float | None
) -> Iterator[Outfit]:
    """Yield for each candidate of the first slot the best outfits that begin with it.

    Args:
        candidates: for each slot, at least one.
        budget: most that the added garments may cost together; those without a price are not taken then.
    """
    slots = [[g for g in slot if budget is None or g.price is not None] for slot in candidates]
    if not slots or not all(slots):
        return
    with_given = [[sum(agreement(g.look, other.look) for other in given) for g in slot] for slot in slots]
    pairs = {(a, b): _agreements(slots[a], slots[b]) for a, b in combinations(range(len(slots)), 2)}
    among_given = sum(agreement(a.look, b.look) for a, b in combinations(given, 2))
    n_pairs = len(list(combinations(range(len(given) + len(slots)), 2)))
    prices = [[garment.price or 0.0 for garment in slot] for slot in slots]
    rest = [sum(map(min, prices[n + 1 :])) for n in range(len(slots))]
    for lead in range(len(slots[0])):
        beam: list[tuple[float, float, tuple[int, ...]]] = [
            (among_given + with_given[0][lead], prices[0][lead], (lead,))
        ]
        for n in range(1, len(slots)):
            longer = []
            for worth, price, chosen in beam:
                rows = (pairs[slot, n][garment] for slot, garment in enumerate(chosen))
                for garment, more in enumerate(map(sum, zip(with_given[n], *rows, strict=True))):
                    cost = price + prices[n][garment]
                    if more >= 0 and (budget is None or cost + rest[n] <= budget):
                        longer.append((worth + more, cost, (*chosen, garment)))
            beam = heapq.nlargest(BEAM, longer)
        for worth, price, chosen in beam[:BEST]:
            if budget is None or price <= budget:
                garments = tuple(slots[n][garment] for n, garment in enumerate(chosen))
                yield Outfit(garments, worth / n_pairs if n_pairs else 1.0)


def _agreements(one: Sequence[Garment], two: Sequence[Garment]) -> list[list[float]]:
    """Return the agreement of each pair; minus infinity where one person cannot wear both."""
    return [
        [
            agreement(a.look, b.look) if genders_agree(a.look, b.look) and a.item.id != b.item.id else -math.inf
            for b in two
        ]
        for a in one
    ]


def ranked(outfits: Sequence[Outfit], n: int) -> list[Outfit]:
    """Return ``n`` outfits, best first, that all begin with another garment and repeat few of the others.

    An outfit is taken at its score less `AGAIN` for each of its garments that has been worn before: as that only grows,
    the scores fall.
    """
    left, worn = list(outfits), set[str]()
    taken: list[Outfit] = []
    while left and len(taken) < n:
        best = max(left, key=lambda outfit: (_new(outfit, worn), outfit.garments[0].item.id))
        taken.append(Outfit(best.garments, max(_new(best, worn), 0.0)))
        worn |= {garment.item.id for garment in best.garments}
        left = [outfit for outfit in left if outfit.garments[0].item.id != best.garments[0].item.id]
    return taken


def _new(outfit: Outfit, worn: set[str]) -> float:
    return outfit.score - AGAIN * sum(garment.item.id in worn for garment in outfit.garments)
