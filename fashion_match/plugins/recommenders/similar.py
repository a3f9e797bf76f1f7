"""Nearest to the anchor, within the filter."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from fashion_match import Hit, Options, Request, UsageError, VectorStore

from .reason import make_hit


class SimilarOptions(Options):
    """Options of ``similar``."""

    diversity: float = Field(0.0, ge=0, le=1, description="0 nearest first; towards 1 each hit unlike the earlier ones")


class SimilarRecommender:
    """Ranks by the cosine between an item's vector and the anchor's.

    With diversity the store picks by maximal marginal relevance (Carbonell and Goldstein, 1998): each hit is the one
    with the largest ``(1 - diversity) * cosine to the anchor - diversity * cosine to the most alike of the earlier
    hits``. The scores stay cosines, so they need not fall.
    """

    ranked_by = "cosine to the anchor"

    def __init__(self, options: SimilarOptions) -> None:
        self.options = options

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        """Return the items nearest to the anchor. Raises UsageError where the request has none."""
        if request.vector is None:
            raise UsageError("'similar' needs something to be similar to.", "Give a picture, or --like ID.")
        if request.negatives:
            self.ranked_by = "cosine to what is liked, away from what is not"
        return nearest_hits(request, store, request.vector, diversity=self.options.diversity)


def nearest_hits(request: Request, store: VectorStore, vector: Sequence[float], *, diversity: float = 0.0) -> list[Hit]:
    """Return the items nearest to ``vector`` (E) that ``request`` allows."""
    found = store.nearest(
        vector,
        where=request.where,
        k=request.k,
        offset=request.offset,
        min_score=request.min_score,
        exact=request.exact,
        exclude=sorted(request.exclude),
        diversity=diversity,
    )
    return [make_hit(stored, request) for stored in found]
