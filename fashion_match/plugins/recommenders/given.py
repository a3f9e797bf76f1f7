"""The garments that a request is about."""

from __future__ import annotations

from fashion_match import Item, Request


def given_items(request: Request) -> tuple[Item, ...]:
    """Return every garment that was given: items of the catalogue, and what a picture or a description makes."""
    return tuple(example.item for example in request.positives) or request.anchors
