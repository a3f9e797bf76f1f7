"""Of several photos of one product only the best is a hit: for any recommender, which need not know of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fashion_match.core.item import Hit
from fashion_match.core.protocol import Recommender, Request
from fashion_match.core.store.protocol import VectorStore

MORE = 4
"""By how much more is asked for where too many hits were of products that were there already."""


def one_per_product(recommender: Recommender, request: Request, store: VectorStore) -> tuple[list[Hit], str]:
    """Return hits of different labels, none of them an anchor's own, and a note where that leaves too few.

    Items without a label are products of their own.
    """
    own = {example.item.label for example in request.positives}
    wanted = n = request.offset + request.k
    while True:
        hits = recommender.recommend(replace(request, offset=0, k=n), store)
        kept = _first_of_each(hits, own)
        if len(kept) >= wanted or len(hits) < n:
            break
        n *= MORE
    dropped = len(hits) - len(kept)
    note = ""
    if len(kept) < wanted and dropped:
        shown = "1 more is" if dropped == 1 else f"{dropped} more are"
        note = f"{shown} left out as of the same products; --no-one-per-product shows all."
    return kept[request.offset : wanted], note


def _first_of_each(hits: Iterable[Hit], own: set[str | None]) -> list[Hit]:
    seen, kept = set(own), []
    for hit in hits:
        if hit.label is None or hit.label not in seen:
            kept.append(hit)
            seen.add(hit.label)
    return kept
