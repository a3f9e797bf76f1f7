"""Several recommenders at once, each with its weight."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, PositiveFloat

from fashion_match import Hit, Options, Recommender, Registry, Request, UsageError, VectorStore

from .pool import pool_size

WEIGHTS = {"similar": 0.4, "color": 0.3, "season": 0.3}
RANK_OFFSET = 60
"""k of reciprocal rank fusion, as its authors chose it: the first of a list is worth 1/61, the tenth 1/70."""


class EnsembleOptions(Options):
    """Options of ``ensemble``."""

    weights: dict[str, PositiveFloat] = Field(WEIGHTS, description="weights.NAME=0.4 for each recommender to combine")
    fusion: Literal["rank", "score"] = Field("rank", description="by reciprocal ranks, or by scores scaled to 0..1")
    parts: dict[str, dict[str, Any]] = Field({}, description="parts.NAME.OPTION=VALUE for a recommender's own options")
    season: str | None = Field(None, description="short for parts.season.season")


class EnsembleRecommender:
    """Ranks by the weighted sum of what its parts say.

    ``rank`` is reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009): an item gets ``weight / (60 + rank)`` from
    every part that found it. ``score`` takes the scores instead, scaled so that a part's best is 1 and its last is 0.
    Either sum is divided by what an item would get that is first everywhere. A part that cannot serve the request is
    left out, and the note says so.

    Args:
        recommenders: where the parts are looked up, those of other packages as well.
    """

    def __init__(self, options: EnsembleOptions, recommenders: Registry[Recommender]) -> None:
        self.options = options
        self.note = ""
        self.ranked_by = "weighted ranks" if options.fusion == "rank" else "weighted scores"
        self._parts = {
            name: recommenders[name].make(self._options_of(name)) for name in options.weights if name != SELF
        }
        if SELF in options.weights:
            raise UsageError("an ensemble cannot be a part of itself.", "Leave weights.ensemble out.")

    def _options_of(self, name: str) -> Mapping[str, Any]:
        own = self.options.parts.get(name, {})
        return {"season": self.options.season, **own} if name == "season" and self.options.season is not None else own

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        """Return what the parts together find best.

        Raises:
            UsageError: none of the parts can serve the request, or one of them makes outfits.
        """
        everything = replace(request, k=max(pool_size(request), LEAST), offset=0, min_score=None)
        lists: dict[str, list[Hit]] = {}
        refused: dict[str, UsageError] = {}
        for name, part in self._parts.items():
            try:
                lists[name] = part.recommend(everything, store)
            except UsageError as error:
                refused[name] = error
        if not lists:
            raise next(iter(refused.values()))
        if any(hit.outfit for hits in lists.values() for hit in hits):
            raise UsageError("outfits cannot be combined with single garments.", "Leave weights.outfit out.")
        self.note = " ".join(f"Without {name}: {error.problem}" for name, error in refused.items())
        weights = {name: self.options.weights[name] for name in lists}
        self.ranked_by = f"{'ranks' if self.options.fusion == 'rank' else 'scores'} of " + " + ".join(
            f"{weight:g} {name}" for name, weight in weights.items()
        )
        least = -math.inf if request.min_score is None else request.min_score
        fused = [hit for hit in _fused(lists, weights, self.options.fusion) if hit.score >= least]
        return sorted(fused, key=lambda hit: (-hit.score, hit.id))[request.offset : request.offset + request.k]


SELF = "ensemble"
LEAST = 64
"""Hits of each part: what only one of them finds cannot be first in all."""


def _fused(lists: Mapping[str, list[Hit]], weights: Mapping[str, float], fusion: str) -> list[Hit]:
    worth: dict[str, float] = defaultdict(float)
    first: dict[str, Hit] = {}
    why: dict[str, list[str]] = defaultdict(list)
    ranks: dict[str, list[str]] = defaultdict(list)
    for name, hits in lists.items():
        shares = _by_rank(hits) if fusion == "rank" else _by_score(hits)
        for rank, (hit, share) in enumerate(zip(hits, shares, strict=True), start=1):
            first.setdefault(hit.id, hit)
            worth[hit.id] += weights[name] * share
            why[hit.id] += hit.why
            ranks[hit.id].append(f"{name} {rank}")
    total = sum(weights.values())
    return [
        hit.model_copy(
            update={
                "score": min(worth[hit.id] / total, 1.0),
                "why": (*dict.fromkeys(why[hit.id]), f"ranks: {', '.join(ranks[hit.id])}"),
            }
        )
        for hit in first.values()
    ]


def _by_rank(hits: list[Hit]) -> list[float]:
    """Return 1 for the first, then ever less."""
    return [(RANK_OFFSET + 1) / (RANK_OFFSET + rank) for rank in range(1, len(hits) + 1)]


def _by_score(hits: list[Hit]) -> list[float]:
    """Return the scores scaled from 0, the least, to 1, the largest; all 1 where they are alike."""
    low, high = min((hit.score for hit in hits), default=0.0), max((hit.score for hit in hits), default=0.0)
    return [1.0 if high == low else (hit.score - low) / (high - low) for hit in hits]
