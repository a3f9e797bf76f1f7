"""What suits a season: by the items' own season, and where that is missing, by the seasons of their neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from pydantic import Field

from fashion_match import (
    Hit,
    Item,
    Options,
    Request,
    Stored,
    UsageError,
    VectorStore,
    canonical_attributes,
    did_you_mean,
)

from .given import given_items
from .narrow import lacking, one_of
from .pool import pool_size
from .reason import Candidate, best_hits
from .typical import typical_vector
from .vote import NEIGHBOURS, neighbours_of, vote

KEY = "season"


class SeasonOptions(Options):
    """Options of ``season``."""

    season: str | None = Field(None, description="which; by default that of the filter, else of the given garments")
    guessed: int = Field(16, ge=0, description="items without a season whose neighbours are asked, nearest first")
    neighbours: int = Field(NEIGHBOURS, ge=1, description="that vote on an item without a season")


class SeasonRecommender:
    """Ranks by how surely an item suits the season, times how near the looks are.

    The score is the confidence (0..1; 1 where the source names the season and gives none) x (1 + cosine) / 2, the
    cosine being that to the anchor, or to what is typical of the season where no garment is given.
    """

    ranked_by = "confidence in the season x closeness"

    def __init__(self, options: SeasonOptions) -> None:
        self.options = options
        self.note = ""

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        """Return items that suit the season.

        Raises:
            UsageError: no season is given, or none of the items has it.
        """
        season = self._season(request, store)
        self.ranked_by = f"confidence in {season} x closeness"
        vector = request.vector
        if vector is None:
            vector = typical_vector(store, one_of(request.where, KEY, [season]))[0]
        if vector is None:
            if store.count(request.where):
                self.note = f"None of the items that match is known to be for {season}, so nothing tells what suits it."
            return []
        known = self._known(season, vector, request, store)
        return best_hits(chain(known, self._guessed(season, vector, request, store)), request)

    def _season(self, request: Request, store: VectorStore) -> str:
        if self.options.season is not None:
            return season_meant(self.options.season, store)
        asked = [
            condition.values for condition in request.where.conditions if (condition.key, condition.op) == (KEY, "in")
        ]
        if len(asked) == 1 and len(asked[0]) == 1:
            return str(asked[0][0])
        given = Counter(season for item in given_items(request) for season in seasons_of(item))
        if not given:
            raise UsageError(
                "'season' needs to know which season.", "Give --for-season Summer, or a garment that has one."
            )
        return max(given, key=lambda season: (given[season], season))

    def _known(self, season: str, vector: Sequence[float], request: Request, store: VectorStore) -> Iterator[Candidate]:
        """Yield the nearest items of the season."""
        if store.spec.kinds.get(KEY) != "keyword":
            return
        where = one_of(request.where, KEY, [season])
        for stored in _nearest(vector, replace(request, where=where), pool_size(request), store):
            sure = stored.item.scores.get(KEY)
            reason = f"for {season}" if sure is None else f"for {season}, {sure:.0%} sure"
            yield Candidate(_score(1.0 if sure is None else sure, stored), stored, [reason])

    def _guessed(
        self, season: str, vector: Sequence[float], request: Request, store: VectorStore
    ) -> Iterator[Candidate]:
        """Yield the nearest items without a season, as far as their neighbours are for it."""
        where = lacking(request.where, KEY, store) if self.options.guessed else None
        if where is None:
            return
        for stored in _nearest(vector, replace(request, where=where), self.options.guessed, store, with_vectors=True):
            near = neighbours_of(stored.vector or (), KEY, store, n=self.options.neighbours, exclude=[stored.item.id])
            share = vote(near, KEY).get(season, 0.0)
            if share > 0:
                reason = f"probably {season}: {share:.0%} of its {len(near)} neighbours"
                yield Candidate(_score(share, stored), stored, [reason])


def _score(sure: float, stored: Stored) -> float:
    return sure * (1 + (stored.score or 0.0)) / 2


def season_meant(text: str, store: VectorStore) -> str:
    """Return a season in the spelling of the collection: ``"autumn"`` as ``"Fall"``.

    Raises:
        UsageError: none of the items is for it; the remedy gives the nearest.
    """
    seasons = [str(value) for value in store.facet(KEY)] if store.spec.kinds.get(KEY) == "keyword" else []
    meant = str(canonical_attributes({KEY: text}).get(KEY, ""))
    found = next((season for season in seasons if season.casefold() == meant.casefold()), None)
    if found is None and store.count():
        raise UsageError(f"no item is for the season {meant!r}.", did_you_mean(meant, seasons, what="seasons"))
    return found or meant


def _nearest(
    vector: Sequence[float], request: Request, k: int, store: VectorStore, *, with_vectors: bool = False
) -> list[Stored]:
    return store.nearest(
        vector,
        where=request.where,
        k=k,
        exact=request.exact,
        exclude=sorted(request.exclude),
        with_vectors=with_vectors,
    )


def seasons_of(item: Item) -> list[str]:
    """Return the seasons that an item is known to be for."""
    value = item.attributes.get(KEY)
    return list(value) if isinstance(value, list) else [] if value is None else [str(value)]
