"""Nearest to the anchor, within the filter."""

from __future__ import annotations

from collections.abc import Sequence

from fashion_match import Hit, Options, Request, UsageError, VectorStore

from .reason import make_hit


class SimilarRecommender:
    """Ranks by the cosine between an item's vector and the anchor's."""

    ranked_by = "cosine to the anchor"

    def __init__(self, options: Options) -> None:
        self.options = options

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        """Return the items nearest to the anchor. Raises UsageError where the request has none."""
        if request.vector is None:
            raise UsageError("'similar' needs something to be similar to.", "Give a picture, or --like ID.")
        return nearest_hits(request, store, request.vector)


def nearest_hits(request: Request, store: VectorStore, vector: Sequence[float]) -> list[Hit]:
    """Return the items nearest to ``vector`` (E) that ``request`` allows."""
    found = store.nearest(
        vector,
        where=request.where,
        k=request.k,
        offset=request.offset,
        min_score=request.min_score,
        exact=request.exact,
        exclude=sorted(request.exclude),
    )
    return [make_hit(stored, request) for stored in found]
