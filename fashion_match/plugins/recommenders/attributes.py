"""By the filter alone: the items whose attributes are most certain, else the most typical of what matches."""

from __future__ import annotations

import math

from fashion_match import Hit, Item, Options, Request, VectorStore

from .reason import Candidate, best_hits
from .similar import nearest_hits
from .typical import SAMPLE, typical_vector


class AttributeRecommender:
    """Ranks by confidence or by typicality.

    The confidence is the product of those that the source gave for the wanted attributes; a value that came without one
    counts as certain (1). Where no source gave any, items rank by the cosine to the mean vector of what matches.
    """

    ranked_by = ""

    def __init__(self, options: Options) -> None:
        self.options = options

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        wanted = dict.fromkeys(condition.key for condition in request.where.conditions if condition.op == "in")
        scored = [key for key in wanted if key in store.spec.scored]
        if scored:
            return self._by_confidence(request, store, scored)
        return self._by_typicality(request, store)

    def _by_confidence(self, request: Request, store: VectorStore, keys: list[str]) -> list[Hit]:
        self.ranked_by = f"confidence of {' x '.join(keys)}"
        sure = (
            Candidate(math.prod(stored.item.scores.get(key, 1.0) for key in keys), stored, _sure(stored.item, keys))
            for stored in store.scan(request.where)
            if stored.item.id not in request.exclude
        )
        return best_hits(sure, request)

    def _by_typicality(self, request: Request, store: VectorStore) -> list[Hit]:
        mean, n = typical_vector(store, request.where)
        if n == SAMPLE:
            self.ranked_by = f"closeness to the mean of {SAMPLE} of the matching items"
        else:
            self.ranked_by = f"closeness to the mean of the {n} matching items"
        return [] if mean is None else nearest_hits(request, store, mean)


def _sure(item: Item, keys: list[str]) -> list[str]:
    """Return how sure the source is of each attribute that it gave a confidence for."""
    return [f"{key} {item.scores[key]:.0%} sure" for key in keys if key in item.scores]
