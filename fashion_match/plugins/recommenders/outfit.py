"""An item completed to whole outfits: one garment for each missing slot, coordinated with each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from pydantic import Field, PositiveFloat

from fashion_match import Example, Hit, Item, Options, Request, UsageError, VectorStore, did_you_mean

from .outfits.compose import Outfit, compose, ranked
from .outfits.garment import UNISEX, Garment, genders_agree, make_garment, neighbours
from .outfits.given import place_given
from .outfits.slot import load_slots
from .outfits.told import outfit_hit
from .outfits.wardrobe import Wardrobe, Wishes
from .pool import pool_size
from .season import season_meant

CANDIDATES = 12
"""Of each slot but the first, which has as many as outfits are asked for, and some."""
CHEAPEST = 8
"""Added to them where the nearest ones cost too much together."""


class OutfitOptions(Options):
    """Options of ``outfit``."""

    slots: tuple[str, ...] = Field(("top", "bottom", "shoes", "bag"), description="what a whole outfit has")
    budget: PositiveFloat | None = Field(None, description="most that it may cost in all, given garments included")
    owned: bool = Field(False, description="the given garments are owned already, so their prices do not count")
    season: str | None = Field(None, description="what to dress for; by default the season of the given garments")
    slots_file: Path | None = Field(None, description="TOML or JSON table of slots and their categories, over our own")
    put: dict[str, str] = Field({}, description="put.CATEGORY=SLOT for a single category")


class OutfitRecommender:
    """Ranks outfits by how well all their garments go together, each pair of them.

    A pair agrees in colour (half), season and usage (a quarter each); what is worn by another gender is never put
    together. The candidates of a slot are the nearest in looks that fit the given garments. A hit is an outfit: itself
    is the garment of the first missing slot, which no two outfits share, and `Hit.outfit` has all of them.
    """

    ranked_by = "agreement of colours, season and usage"

    def __init__(self, options: OutfitOptions) -> None:
        self.options = options
        self.note = ""
        self._slots = load_slots(options.slots_file, options.put)
        for slot in options.slots:
            if slot not in self._slots.names:
                raise UsageError(f"there is no slot {slot!r}.", did_you_mean(slot, self._slots.names, what="slots"))

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        """Return outfits, each as the hit of its first added garment.

        Raises:
            UsageError: nothing is known of what a given garment is, or the budget is spent on the given ones.
        """
        if "category" not in store.spec.kinds:
            if store.count():
                raise UsageError("'outfit' needs to know the category of each item.", "Ingest items that have one.")
            return []
        examples = request.positives or tuple(map(Example, request.anchors))
        placed = [place_given(example, self._slots, store) for example in examples]
        given = [garment for garment, _ in placed]
        notes = [guessed for _, guessed in placed if guessed]
        for one, two in combinations(given, 2):
            if not genders_agree(one.look, two.look):
                raise UsageError(f"{one.item.id} and {two.item.id} are not worn by one person.", "Give one of them.")
        left = self._left(given, store)
        season = None if self.options.season is None else season_meant(self.options.season, store)
        wardrobe = Wardrobe(self._slots, self._wishes(given, season, request), request, store)
        # What to dress for counts like one more garment that all others should agree with.
        told = (
            [*given, make_garment(Item(id=season, image=None, attributes={"season": season}), "")] if season else given
        )
        outfits: list[Outfit] = []
        for wanted in self._ways(given):
            made, empty = self._outfits(told, wanted, wardrobe, left, request)
            outfits += made
            if not any(slot in self._slots.fills for slot in wanted):
                notes += [f"Nothing that matches for {slot}." for slot in empty]
        least = request.min_score
        found = [o for o in ranked(outfits, request.offset + request.k) if least is None or o.score >= least]
        if not outfits:
            notes.append(self._why_none(given, left, wardrobe))
        self.note = " ".join(filter(None, notes))
        return [
            outfit_hit(outfit, given, request, self.options.budget, self._spent(given))
            for outfit in found[request.offset :]
        ]

    def _ways(self, given: Sequence[Garment]) -> Iterator[list[str]]:
        """Yield the slots that are to be filled; again with one garment for several, such as a dress."""
        covered = self._slots.covered(garment.slot for garment in given)
        missing = [slot for slot in self.options.slots if slot not in covered]
        if missing:
            yield missing
        for whole, parts in self._slots.fills.items():
            if whole not in missing and set(parts) <= set(missing):
                yield [whole, *(slot for slot in missing if slot not in parts)]

    def _outfits(
        self, given: Sequence[Garment], wanted: list[str], wardrobe: Wardrobe, left: float | None, request: Request
    ) -> tuple[list[Outfit], list[str]]:
        """Return outfits of all slots that can be filled, and the slots that cannot."""
        first = pool_size(request)
        pools = {s: wardrobe.nearest(s, n=CANDIDATES if n else first, most=left) for n, s in enumerate(wanted)}
        empty = [slot for slot, pool in pools.items() if not pool]
        if any(slot in self._slots.fills for slot in empty):
            return [], empty
        filled = [slot for slot in wanted if slot not in empty]
        made = list(compose(given, [pools[slot] for slot in filled], budget=left))
        if not made and left is not None:
            cheap = [wardrobe.cheapest(slot, n=CHEAPEST, most=left) for slot in filled]
            made = list(compose(given, cheap, budget=left))
        return [outfit.less_whole(len(filled) / len(wanted)) for outfit in made], empty

    def _wishes(self, given: Sequence[Garment], season: str | None, request: Request) -> Wishes:
        looks = [garment.look for garment in given]
        seasons = next((look.seasons for look in looks if look.seasons), ())
        beside = [other for one in seasons for other in neighbours(one)]
        return Wishes(
            looks=looks,
            vector=request.vector,
            gender=next((look.gender for look in looks if look.gender and look.gender.casefold() != UNISEX), None),
            seasons=tuple(dict.fromkeys((*seasons, *beside))) if season is None else (season,),
            usage=next((look.usage for look in looks if look.usage), None),
        )

    def _spent(self, given: Sequence[Garment]) -> float:
        return 0.0 if self.options.owned else sum(garment.price or 0.0 for garment in given)

    def _left(self, given: Sequence[Garment], store: VectorStore) -> float | None:
        """Return what may be spent on what is added, ``None`` for any sum."""
        budget = self.options.budget
        if budget is None:
            return None
        if store.spec.kinds.get("price") not in ("integer", "float"):
            raise UsageError("there is a budget, but no item has a price.", "Leave --budget out.")
        spent = self._spent(given)
        if spent >= budget:
            raise UsageError(
                f"what was given costs {spent:g} already, and the budget is {budget:g}.",
                "Give a larger --budget, or --set owned=true.",
            )
        return budget - spent

    def _why_none(self, given: Sequence[Garment], left: float | None, wardrobe: Wardrobe) -> str:
        wanted = next(self._ways(given), [])
        if not wanted:
            return f"Nothing is missing of {', '.join(self.options.slots)}."
        if left is None:
            return ""
        least = [wardrobe.cheapest(slot, n=1, most=None) for slot in wanted]
        total = sum(garments[0].price or 0.0 for garments in least if garments)
        return f"No outfit for {left:g} or less: the cheapest of each slot cost {total:g} together." if total else ""
