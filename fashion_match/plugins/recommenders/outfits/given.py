"""A given garment as the recommender sees it: what is not known of it is told by its neighbours and its photo."""

from __future__ import annotations

from fashion_match import Example, Item, UsageError, VectorStore
from fashion_match.plugins.recommenders.coloring.garment_color import colors_of
from fashion_match.plugins.recommenders.vote import neighbours_of, vote

from .garment import Garment, make_garment
from .slot import Slots

NEEDED = ("category", "season", "usage", "gender")
SURE = 0.5
"""Share of the neighbours' votes from which they are believed."""


def place_given(example: Example, slots: Slots, store: VectorStore) -> tuple[Garment, str]:
    """Return a given garment in its slot, and what was guessed about it, in words.

    Raises:
        UsageError: its category is not known and cannot be guessed, or fills no slot.
    """
    item, guessed = _completed(example, slots, store)
    category = item.attributes.get("category")
    if category is None:
        raise UsageError(
            f"{item.id}: its category is not known, and its neighbours do not agree on one.",
            "Give --describe category=Shirt, or whatever it is.",
        )
    name = category[0] if isinstance(category, list) else str(category)
    slot = slots.slot_of(name)
    if slot is None:
        raise UsageError(
            f"{item.id}: the category {name!r} is in no slot.",
            f"Give --set 'put.{name}=SLOT' with one of {', '.join(slots.names)}.",
        )
    return make_garment(item, slot, colors=colors_of(item)), guessed


def _completed(example: Example, slots: Slots, store: VectorStore) -> tuple[Item, str]:
    item, told = example.item, []
    attributes = dict(item.attributes)
    for key in NEEDED if example.vector is not None else ():
        if key in attributes:
            continue
        shares = vote(neighbours_of(example.vector or (), key, store, exclude=[item.id]), key)
        if key == "category":
            shares = _one_slot(shares, slots)
        value, share = next(iter(shares.items()), ("", 0.0))
        if share >= SURE:
            attributes[key] = value
            told.append(f"{value} ({share:.0%})")
    guessed = f"By its neighbours, {item.id} is taken for {', '.join(told)}." if told else ""
    return item.model_copy(update={"attributes": attributes}), guessed


def _one_slot(shares: dict[str, float], slots: Slots) -> dict[str, float]:
    """Return the first category of the most frequent slot, with the share of the slot: shirt or T-shirt, a top."""
    by_slot: dict[str | None, float] = {}
    for category, share in shares.items():
        slot = slots.slot_of(category)
        by_slot[slot] = by_slot.get(slot, 0.0) + share
    by_slot.pop(None, None)
    if not by_slot:
        return {}
    best = max(by_slot, key=lambda slot: by_slot[slot])
    return {next(category for category in shares if slots.slot_of(category) == best): by_slot[best]}
