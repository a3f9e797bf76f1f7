"""What every recommender promises, checked on a small collection in memory."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from fashion_match.core.error import UsageError
from fashion_match.core.item import Hit, Item
from fashion_match.core.protocol import Example, Request
from fashion_match.core.store.protocol import Point
from fashion_match.core.where import Where
from fashion_match.testing.contract import Skip, Subject, options_refuse_what_they_do_not_know, require
from fashion_match.testing.memory_store import MemoryStore, matches

DIM = 8
CATEGORIES, COLORS, SEASONS = ("Shirt", "Dress", "Shoe"), ("Blue", "Red", "Green"), ("Summer", "Winter")
BLUE = Where.equal("color", "Blue")
WORDS = Item(
    id="what was given",
    image=None,
    role="query",
    attributes={"category": "Dress", "color": "Blue", "season": "Summer", "price": 40.0},
)
"""A garment that was described and has neither photo nor vector."""


@dataclass
class RecommenderSubject(Subject):
    @cached_property
    def store(self) -> MemoryStore:
        return _fill()

    def ask(self, request: Request, store: MemoryStore | None = None) -> list[Hit]:
        hits = self.entry.make(self.options).recommend(request, store or self.store)
        require(isinstance(hits, list), f"recommend() must return a list, not {type(hits).__name__}")
        for hit in hits:
            require(isinstance(hit, Hit), f"recommend() must return hits, not {type(hit).__name__}")
        return list(hits)

    @cached_property
    def requests(self) -> list[Request]:
        """Those of some usual requests that the recommender serves: it may refuse others by UsageError."""
        anchor, other = self.store.fetch(["item-07", "item-20"], with_vectors=True)
        near = Request(
            Where(),
            vector=anchor.vector,
            k=5,
            anchors=(anchor.item,),
            exclude=frozenset({"item-07"}),
            positives=(Example(anchor.item, anchor.vector),),
        )
        picture = Example(Item(id="what was given", image=None, role="query"), anchor.vector)
        asked = [
            near,
            replace(near, where=BLUE),
            replace(near, where=BLUE & Where.parse("price=20..60"), anchors=(), positives=(picture,)),
            replace(near, where=BLUE & Where.parse("price=20..60"), anchors=(), positives=()),
            replace(near, exclude=near.exclude | {"item-20"}, negatives=(Example(other.item, other.vector),)),
            Request(BLUE, k=5),
            Request(BLUE & Where.parse("season!=Winter"), k=100),
            Request(BLUE, k=5, positives=(Example(WORDS),)),
        ]
        return [request for request in asked if self._serves(request)]

    def _serves(self, request: Request) -> bool:
        try:
            self.ask(request)
        except UsageError:
            return False
        return True

    def answers(self) -> Iterator[tuple[Request, list[Hit]]]:
        for request in self.requests:
            yield request, self.ask(request)


def answers_a_usual_request(subject: RecommenderSubject) -> None:
    require(subject.requests, "it must serve a request by vector or by attributes, but refused all of them")
    require(any(hits for _, hits in subject.answers()), "it must find something in a collection of 54 items")


def returns_at_most_k_different_items_of_the_collection(subject: RecommenderSubject) -> None:
    for request, hits in subject.answers():
        require(len(hits) <= request.k, f"{request.k} hits were asked for, but {len(hits)} came")
        ids = [hit.id for hit in hits]
        require(len(set(ids)) == len(ids), f"no item may come twice, but the ids are {ids}")
        require(
            len(subject.store.fetch(ids)) == len(ids), f"hits must be items of the collection, but the ids are {ids}"
        )


def every_hit_matches_the_filter(subject: RecommenderSubject) -> None:
    for request, hits in subject.answers():
        for stored in subject.store.fetch(_all_ids(hits)):
            require(
                matches(stored.item, request.where), f"{stored.item.id!r} does not match the filter {request.where}"
            )


def the_best_come_first(subject: RecommenderSubject) -> None:
    for _, hits in subject.answers():
        scores = [hit.score for hit in hits]
        require(all(map(math.isfinite, scores)), f"scores must be finite, but are {scores}")
        require(all(a >= b for a, b in pairwise(scores)), f"scores must not rise, but are {scores}")


def excluded_items_stay_out(subject: RecommenderSubject) -> None:
    for request, hits in subject.answers():
        exclude = request.exclude | {hit.id for hit in hits[:2]}
        again = _all_ids(subject.ask(replace(request, exclude=exclude)))
        require(not exclude & set(again), f"{sorted(exclude & set(again))} were excluded, but came")


def an_outfit_has_every_item_once(subject: RecommenderSubject) -> None:
    for hit in (hit for _, hits in subject.answers() for hit in hits if hit.outfit):
        ids, slots = [part.id for part in hit.outfit], [part.slot for part in hit.outfit]
        require(ids[0] == hit.id, f"an outfit begins with the hit itself, {hit.id!r}, not {ids[0]!r}")
        require(len(set(ids)) == len(ids), f"no item may come twice in an outfit, but the ids are {ids}")
        require(len(subject.store.fetch(ids)) == len(ids), f"its items must be of the collection, but are {ids}")
        require(len(set(slots)) == len(slots) and all(slots), f"each has a slot of its own, but they are {slots}")


def an_offset_skips_the_best(subject: RecommenderSubject) -> None:
    for request, hits in subject.answers():
        skipped = [hit.id for hit in subject.ask(replace(request, offset=2, k=max(request.k - 2, 1)))]
        wanted = [hit.id for hit in hits[2:]]
        require(skipped == wanted, f"offset 2 must leave {wanted}, but gave {skipped}")


def no_score_is_below_the_least_that_was_asked_for(subject: RecommenderSubject) -> None:
    for request, hits in subject.answers():
        if hits:
            least = hits[len(hits) // 2].score
            again = subject.ask(replace(request, min_score=least))
            low = [hit.score for hit in again if hit.score < least]
            require(not low, f"min_score was {least}, but a hit scores {low[:1]}")


def the_same_request_has_the_same_answer(subject: RecommenderSubject) -> None:
    for request, hits in subject.answers():
        require(subject.ask(request) == hits, f"the request {request.where} had two different answers")


def an_empty_collection_gives_no_hits(subject: RecommenderSubject) -> None:
    for request in subject.requests:
        require(subject.ask(request, MemoryStore(DIM)) == [], "an empty collection must give an empty list")


def says_what_its_scores_mean(subject: RecommenderSubject) -> None:
    if not subject.requests:
        raise Skip("it served no request")
    recommender: Any = subject.entry.make(subject.options)
    recommender.recommend(subject.requests[0], subject.store)
    ranked_by = getattr(recommender, "ranked_by", None)
    require(isinstance(ranked_by, str) and ranked_by, f"ranked_by must say what the scores mean, but is {ranked_by!r}")


def _all_ids(hits: list[Hit]) -> list[str]:
    """Return the ids of hits and of what their outfits are made of, each once."""
    return list(dict.fromkeys(part.id for hit in hits for part in (hit, *hit.outfit)))


def _fill() -> MemoryStore:
    """54 items: three of every kind, with confidences for their colors."""
    store = MemoryStore(DIM)
    store.ensure({"category": "keyword", "color": "keyword", "season": "keyword", "price": "float"}, scored=["color"])
    noise = random.Random(0)
    kinds = [(category, color, season) for category in CATEGORIES for color in COLORS for season in SEASONS] * 3
    for n, (category, color, season) in enumerate(kinds):
        item = Item(
            id=f"item-{n:02}",
            image=None,
            label=f"{category}-{n % 7}",
            attributes={"category": category, "color": color, "season": season, "price": 10.0 + 1.5 * n},
            scores={"color": round(0.5 + noise.random() / 2, 4)},
        )
        vector = [noise.gauss(3.0 if axis == CATEGORIES.index(category) else 0.0, 1.0) for axis in range(DIM)]
        store.upsert([Point(item, vector, str(n), (n, n), "kit")])
    return store


RECOMMENDER_CHECKS = (
    answers_a_usual_request,
    options_refuse_what_they_do_not_know,
    returns_at_most_k_different_items_of_the_collection,
    every_hit_matches_the_filter,
    the_best_come_first,
    excluded_items_stay_out,
    an_outfit_has_every_item_once,
    an_offset_skips_the_best,
    no_score_is_below_the_least_that_was_asked_for,
    the_same_request_has_the_same_answer,
    an_empty_collection_gives_no_hits,
    says_what_its_scores_mean,
)
