"""Which garments may fill a slot: asked of the store, the nearest in looks of those that suit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from fashion_match import Condition, Request, Stored, VectorStore, Where
from fashion_match.plugins.recommenders.narrow import both, one_of

from .garment import UNISEX, Garment, Look, harmony_of, look_of, make_garment
from .slot import Slots

ENOUGH = 8
"""Candidates of a slot from which on the wishes are left as they are."""


@dataclass(frozen=True)
class Wishes:
    """What the garments of an outfit should be like."""

    looks: Sequence[Look]
    """Of the given garments."""
    vector: Sequence[float] | None
    """E; ``None`` where nothing is known of the looks."""
    gender: str | None
    """Of who wears it; not given up for anything."""
    seasons: tuple[str, ...]
    usage: str | None


class Wardrobe:
    """What matches the request, by slots."""

    def __init__(self, slots: Slots, wishes: Wishes, request: Request, store: VectorStore) -> None:
        self._wishes, self._request, self._store = wishes, request, store
        self._categories = slots.by_slot(self._values("category"))
        self._colors = self._going_colors()
        self._others = [value for value in self._values("gender") if self._is_for_others(value)]

    def nearest(self, slot: str, *, n: int, most: float | None) -> list[Garment]:
        """Return up to ``n`` garments: of fitting colour, season and usage, else with fewer of these wishes.

        Args:
            most: highest price of one.
        """
        where = self._where(slot, most)
        if where is None:
            return []
        found: dict[str, Stored] = {}
        for narrowed in dict.fromkeys(self._wished(where)):
            for stored in self._ask(narrowed, n):
                found.setdefault(stored.item.id, stored)
            if len(found) >= min(ENOUGH, n):
                break
        return [make_garment(stored.item, slot, stored) for stored in list(found.values())[:n]]

    def cheapest(self, slot: str, *, n: int, most: float | None) -> list[Garment]:
        """Return the ``n`` cheapest garments with a price; it looks at all that match."""
        where = self._where(slot, most)
        if where is None:
            return []
        every = (
            make_garment(s.item, slot, s) for s in self._store.scan(where) if s.item.id not in self._request.exclude
        )
        return sorted((g for g in every if g.price is not None), key=lambda g: (g.price or 0.0, g.item.id))[:n]

    def _where(self, slot: str, most: float | None) -> Where | None:
        """Return what every garment of a slot must meet, whatever else is given up; ``None`` where none can."""
        categories = self._categories.get(slot)
        if not categories:
            return None
        where = one_of(self._request.where, "category", categories)
        if self._others:  # not "in": what names no gender may be worn by anyone
            where = both(where, _condition("gender", "not in", *self._others))
        return where if most is None else both(where, _condition("price", "<=", most))

    def _wished(self, where: Where) -> Iterator[Where]:
        """Yield ``where`` with all wishes, then with that for colour alone, then without any."""
        colored = one_of(where, "color", self._colors) if self._colors else where
        wished = colored
        if self._wishes.seasons and self._is_text("season"):
            wished = one_of(wished, "season", self._wishes.seasons)
        if self._wishes.usage is not None and self._is_text("usage"):
            wished = one_of(wished, "usage", [self._wishes.usage])
        yield from (wished, colored, where)

    def _ask(self, where: Where, n: int) -> list[Stored]:
        request = self._request
        if self._wishes.vector is None:
            matching = (stored for stored in self._store.scan(where) if stored.item.id not in request.exclude)
            return list(islice(matching, n))
        exclude = sorted(request.exclude)
        return self._store.nearest(self._wishes.vector, where=where, k=n, exact=request.exact, exclude=exclude)

    def _going_colors(self) -> list[str]:
        """Return the colours of the collection that go with all given garments; none where that bars nothing."""
        bases = [look for look in self._wishes.looks if look.colors]
        names = self._values("color") if bases else []
        going = [name for name in names if all(harmony_of(base, look_of({"color": name})) for base in bases)]
        return going if len(going) < len(names) else []

    def _is_for_others(self, gender: str) -> bool:
        wanted = self._wishes.gender
        return wanted is not None and gender.casefold() not in (wanted.casefold(), UNISEX)

    def _is_text(self, key: str) -> bool:
        return self._store.spec.kinds.get(key) == "keyword"

    def _values(self, key: str) -> list[str]:
        return [str(value) for value in self._store.facet(key)] if self._is_text(key) else []


def _condition(key: str, op: Literal["not in", "<="], *values: str | float) -> Where:
    return Where(conditions=(Condition(key=key, op=op, values=values),))
