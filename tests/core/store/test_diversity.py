"""Diverse neighbours, and counts that are remembered until the next write."""

from __future__ import annotations

import math

import pytest

from fashion_match.core.store.index import candidates
from fashion_match.core.where import Where
from fashion_match.testing import MemoryStore
from tests.core.store.conftest import DIM, make_item, make_point, make_vector

ITEMS = [make_item(f"i{n}", color=("Blue", "Red", "Green")[n % 3]) for n in range(150)]
KINDS = {"color": "keyword"}


@pytest.mark.parametrize("diversity", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("where", [Where(), Where.equal("color", "Blue")], ids=str)
def test_every_engine_picks_as_the_store_in_memory_does(make_store, diversity, where):
    store, plain = make_store(ITEMS, KINDS), MemoryStore(DIM)
    plain.ensure(KINDS)
    plain.upsert([make_point(item) for item in ITEMS])
    asked = {"where": where, "k": 12, "offset": 3, "diversity": diversity, "exclude": ["i3"]}
    found = store.nearest(make_vector("query"), **asked)
    expected = plain.nearest(make_vector("query"), **asked)
    assert [s.item.id for s in found] == [s.item.id for s in expected]
    assert [s.score for s in found] == pytest.approx([s.score for s in expected], abs=1e-5)
    assert len(found) == 12


def test_a_least_score_holds_for_diverse_neighbours(make_store):
    store = make_store(ITEMS, KINDS)
    found = store.nearest(make_vector("query"), k=50, min_score=0.3, diversity=0.5)
    assert found
    assert min(s.score for s in found) >= 0.3


def test_candidates_grow_in_steps():
    assert [candidates(n) for n in (1, 50, 51, 200, 201)] == [100, 100, 400, 400, 1600]
    assert all(candidates(n) >= 2 * n for n in range(1, 3000, 7))


def test_counts_are_those_of_now(make_store):
    store = make_store(ITEMS[:30], KINDS)
    for _ in range(2):
        assert (store.count(), store.facet("color")) == (30, {"Blue": 10, "Green": 10, "Red": 10})
        assert store.count(Where.equal("color", "Blue")) == 10
    store.delete(["i0"])
    assert (store.count(), store.count(Where.equal("color", "Blue"))) == (29, 9)
    assert store.facet("color") == {"Green": 10, "Red": 10, "Blue": 9}
    store.upsert([make_point(make_item("new", color="Red"))])
    assert store.facet("color", limit=1) == {"Red": 11}
    store.facet("color").clear()
    assert store.facet("color")["Red"] == 11
    (kept,) = store.fetch(["i1"])
    store.set_items([kept.__class__(make_item("i1", color="Mauve"), kept.content, kept.stat, kept.source)])
    assert store.facet("color")["Mauve"] == 1


def test_many_different_counts_are_all_right(make_store):
    store = make_store(ITEMS[:30], KINDS)
    store.ensure({"n": "integer"})
    store.upsert([make_point(make_item(f"i{n}", color="Blue", n=n)) for n in range(30)])
    for n in range(600):
        assert store.count(Where.parse(f"n<{n % 31}")) == n % 31
    assert math.isfinite(store.count())
