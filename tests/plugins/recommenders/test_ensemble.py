"""Fusion against a plain loop."""

from __future__ import annotations

import pytest

from fashion_match import Hit, PluginError, Plugins, Registry, Request, UsageError, Where
from fashion_match.plugins.recommenders.ensemble import EnsembleOptions, EnsembleRecommender
from fashion_match.testing import MemoryStore
from tests.plugins.recommenders.conftest import request_for


class Fixed:
    """Always the same hits."""

    ranked_by = "what was fixed"

    def __init__(self, **scores):
        self.hits = [Hit(id=name, score=score, image=None, why=(f"{name}!",)) for name, score in scores.items()]

    def recommend(self, request, store):
        return self.hits[: request.k]


class Refusing:
    ranked_by = ""

    def recommend(self, request, store):
        raise UsageError("no anchor.", "Give one.")


def fused(options, **parts):
    registry = Registry("recommender")
    for name, part in parts.items():
        registry.register(name, lambda options, part=part: part)
    made = EnsembleRecommender(EnsembleOptions(**options), registry)
    return made, made.recommend(Request(Where(), k=10), MemoryStore(4))


ONE, TWO = Fixed(a=0.9, b=0.8, c=0.1), Fixed(c=5.0, a=4.0, d=1.0)


def test_reciprocal_rank_fusion():
    _, hits = fused({"weights": {"one": 0.4, "two": 0.6}}, one=ONE, two=TWO)
    expected = {}
    for weight, part in ((0.4, ONE), (0.6, TWO)):
        for rank, hit in enumerate(part.hits, start=1):
            expected[hit.id] = expected.get(hit.id, 0.0) + weight / (60 + rank)
    order = sorted(expected, key=lambda name: -expected[name])
    assert [hit.id for hit in hits] == order
    assert [hit.score for hit in hits] == pytest.approx([expected[name] * 61 for name in order])


def test_scores_scaled_to_one():
    _, hits = fused({"weights": {"one": 1, "two": 1}, "fusion": "score"}, one=ONE, two=TWO)
    expected = {"a": (1 + 0.75) / 2, "b": (0.7 / 0.8) / 2, "c": (0 + 1) / 2, "d": 0}
    assert {hit.id: hit.score for hit in hits} == pytest.approx(expected)
    assert [hit.id for hit in hits] == ["a", "c", "b", "d"]


def test_every_hit_says_which_parts_found_it():
    made, hits = fused({"weights": {"one": 0.4, "two": 0.6}}, one=ONE, two=TWO)
    assert hits[0].id == "a" or hits[0].id == "c"
    why = {hit.id: hit.why for hit in hits}
    assert why["a"] == ("a!", "ranks: one 1, two 2")
    assert why["d"] == ("d!", "ranks: two 3")
    assert made.ranked_by == "ranks of 0.4 one + 0.6 two"


def test_a_part_that_cannot_serve_is_left_out_and_named():
    made, hits = fused({"weights": {"one": 0.5, "no": 0.5}}, one=ONE, no=Refusing())
    assert [hit.id for hit in hits] == ["a", "b", "c"]
    assert hits[0].score == pytest.approx(1)
    assert made.note == "Without no: no anchor."
    with pytest.raises(UsageError, match="no anchor"):
        fused({"weights": {"no": 1}}, no=Refusing())


def test_what_cannot_be_combined_is_refused():
    outfits = Fixed()
    outfits.hits = [Hit(id="a", score=1, image=None, outfit=(Hit(id="a", score=1, image=None, slot="top"),))]
    with pytest.raises(UsageError, match="outfits"):
        fused({"weights": {"one": 1, "outfits": 1}}, one=ONE, outfits=outfits)
    with pytest.raises(UsageError, match="itself"):
        fused({"weights": {"ensemble": 1}}, ensemble=ONE)
    with pytest.raises(PluginError, match="no recommender 'won'"):
        fused({"weights": {"won": 1}}, one=ONE)


def test_the_default_is_what_its_parts_say(recommenders, wardrobe):
    base = next(s.item.id for s in wardrobe.scan(Where.equal("color", "Red")))
    request = request_for(wardrobe, base, k=10)
    hits = recommenders["ensemble"].make({}).recommend(request, wardrobe)
    assert len(hits) == 10
    names = {why for hit in hits for part in hit.why if part.startswith("ranks: ") for why in part[7:].split(", ")}
    assert {name.split()[0] for name in names} == {"similar", "color", "season"}


def test_options_of_the_parts_are_passed_on(recommenders, wardrobe):
    base = next(s.item.id for s in wardrobe.scan(Where.equal("color", "Red")))
    request = request_for(wardrobe, base, k=10)
    by_short = recommenders["ensemble"].make({"season": "Winter"}).recommend(request, wardrobe)
    by_part = recommenders["ensemble"].make({"parts": {"season": {"season": "Winter"}}}).recommend(request, wardrobe)
    assert by_short == by_part
    assert any("for Winter" in hit.why for hit in by_short)
    with pytest.raises(PluginError, match="no option 'sesaon'"):
        recommenders["ensemble"].make({"parts": {"season": {"sesaon": "Winter"}}})


def test_parts_of_other_packages_are_found():
    plugins = Plugins(installed=[])
    plugins.recommenders.register("fixed", lambda options: ONE)
    made = plugins.recommenders["ensemble"].make({"weights": {"fixed": "1"}})
    assert [hit.id for hit in made.recommend(Request(Where()), MemoryStore(4))] == ["a", "b", "c"]
