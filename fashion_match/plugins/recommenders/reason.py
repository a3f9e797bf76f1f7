"""Why a hit is a hit, in words: the conditions that it meets, and what it has in common with the anchor."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fashion_match import Hit, Item, Request, Stored

from .given import given_items

COMPARED = ("category", "color", "pattern", "season", "gender", "brand", "usage")
"""Attributes worth naming when anchor and hit agree."""


def make_hit(stored: Stored, request: Request, *, score: float | None = None, reasons: Iterable[str] = ()) -> Hit:
    """Return ``stored`` as a hit of ``request``; its score is the cosine unless another one is given.

    Args:
        reasons: what speaks for it, beside what it has in common with the anchor.
    """
    item = stored.item
    value = stored.score if score is None else score
    return Hit(
        id=item.id,
        score=value if value is not None else 0.0,
        image=item.image,
        label=item.label,
        attributes=dict(item.attributes),
        why=tuple(dict.fromkeys((*_met(item, request), *_shared(item, request), *reasons))),
    )


def _met(item: Item, request: Request) -> list[str]:
    keys = dict.fromkeys(condition.key for condition in request.where.conditions)
    return [f"{key}: {_text(item.attributes[key])}" for key in keys if key in item.attributes]


def _shared(item: Item, request: Request) -> list[str]:
    shared = []
    given = given_items(request)
    for key in COMPARED:
        value = item.attributes.get(key)
        if value is not None and any(anchor.attributes.get(key) == value for anchor in given):
            shared.append(f"{key}: {_text(value)}")
    if item.label is not None and any(anchor.label == item.label for anchor in given):
        shared.insert(0, "same label")
    return shared


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Candidate:
    """An item that may become a hit."""

    score: float
    stored: Stored
    reasons: Sequence[str] = ()
    """What speaks for it, beside what it has in common with the anchor."""


def best_hits(candidates: Iterable[Candidate], request: Request) -> list[Hit]:
    """Return the page of hits that ``request`` asks for, by falling score, ties by id."""
    least = -math.inf if request.min_score is None else request.min_score
    ranked = heapq.nsmallest(
        request.offset + request.k,
        (candidate for candidate in candidates if candidate.score >= least),
        key=lambda candidate: (-candidate.score, candidate.stored.item.id),
    )
    return [make_hit(c.stored, request, score=c.score, reasons=c.reasons) for c in ranked[request.offset :]]
