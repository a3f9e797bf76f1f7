"""Why a hit is a hit, in words: the conditions that it meets, and what it has in common with the anchor."""

from __future__ import annotations

from fashion_match import Hit, Item, Request, Stored

COMPARED = ("category", "color", "pattern", "season", "gender", "brand", "usage")
"""Attributes worth naming when anchor and hit agree."""


def make_hit(stored: Stored, request: Request, *, score: float | None = None) -> Hit:
    """Return ``stored`` as a hit of ``request``; its score is the cosine unless another one is given."""
    item = stored.item
    value = stored.score if score is None else score
    return Hit(
        id=item.id,
        score=value if value is not None else 0.0,
        image=item.image,
        label=item.label,
        attributes=dict(item.attributes),
        why=tuple(dict.fromkeys((*_met(item, request), *_shared(item, request)))),
    )


def _met(item: Item, request: Request) -> list[str]:
    keys = dict.fromkeys(condition.key for condition in request.where.conditions)
    return [f"{key}: {_text(item.attributes[key])}" for key in keys if key in item.attributes]


def _shared(item: Item, request: Request) -> list[str]:
    shared = []
    for key in COMPARED:
        value = item.attributes.get(key)
        if value is not None and any(anchor.attributes.get(key) == value for anchor in request.anchors):
            shared.append(f"{key}: {_text(value)}")
    if item.label is not None and any(anchor.label == item.label for anchor in request.anchors):
        shared.insert(0, "same label")
    return shared


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
