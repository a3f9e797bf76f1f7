"""By the filter alone: the items whose attributes are most certain, else the most typical of what matches."""

from __future__ import annotations

import heapq
import math
from itertools import islice

from fashion_match import Hit, Options, Request, VectorStore

from .reason import make_hit
from .similar import nearest_hits

SAMPLE = 256
"""Items that the mean is taken of. A scan runs in random order, so the first ones are a fair sample; the standard error
of the mean is a sixteenth of the spread."""


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
            (math.prod(stored.item.scores.get(key, 1.0) for key in keys), stored)
            for stored in store.scan(request.where)
            if stored.item.id not in request.exclude
        )
        least = -math.inf if request.min_score is None else request.min_score
        best = heapq.nsmallest(
            request.offset + request.k,
            (pair for pair in sure if pair[0] >= least),
            key=lambda pair: (-pair[0], pair[1].item.id),
        )
        return [make_hit(stored, request, score=confidence) for confidence, stored in best[request.offset :]]

    def _by_typicality(self, request: Request, store: VectorStore) -> list[Hit]:
        vectors = [
            stored.vector for stored in islice(store.scan(request.where, with_vectors=True), SAMPLE) if stored.vector
        ]
        if len(vectors) == SAMPLE:
            self.ranked_by = f"closeness to the mean of {SAMPLE} of the matching items"
        else:
            self.ranked_by = f"closeness to the mean of the {len(vectors)} matching items"
        if not vectors:
            return []
        mean = [math.fsum(column) / len(vectors) for column in zip(*vectors, strict=True)]
        if not any(mean):  # opposite vectors that cancel out: any of them is as typical as the others
            mean = vectors[0]
        return nearest_hits(request, store, mean)
