"""What suits a season, known or told by the neighbours."""

from __future__ import annotations

import math

import pytest

from fashion_match import Example, Item, Request, Stored, UsageError, Where
from fashion_match.plugins.recommenders.vote import neighbours_of, vote
from tests.core.store.conftest import DIM
from tests.plugins.recommenders.conftest import request_for


def ask(recommenders, store, request, **options):
    return recommenders["season"].make(options).recommend(request, store)


def pointing(*axes, more=0.0):
    vector = [more] * DIM
    for axis in axes:
        vector[axis] = 1.0
    return vector


@pytest.fixture
def store(make_wardrobe):
    """Summer about the first axis, winter about the second; three items without a season beside either and between."""
    summer = [{"season": "Summer", "vector": pointing(0, more=0.01 * n)} for n in range(6)]
    winter = [{"season": "Winter", "vector": pointing(1, more=0.01 * n)} for n in range(6)]
    unknown = [{"category": "Shirt", "vector": vector} for vector in (pointing(0), pointing(1), pointing(0, 1))]
    return make_wardrobe([*summer, *winter, *unknown])


def test_known_items_come_with_the_nearest_first(recommenders, store):
    hits = ask(recommenders, store, request_for(store, "item-0", k=20), guessed=0)
    assert {hit.id for hit in hits} == {f"item-{n}" for n in range(1, 6)}
    assert [hit.id for hit in hits] == [f"item-{n}" for n in range(1, 6)]
    assert all("for Summer" in hit.why for hit in hits)


def test_where_the_season_is_missing_the_neighbours_vote(recommenders, store):
    hits = {hit.id: hit for hit in ask(recommenders, store, request_for(store, "item-0", k=20), neighbours=6)}
    assert not {f"item-{n}" for n in range(6, 12)} & set(hits), "known winter items are not asked for"
    assert "probably Summer: 100% of its 6 neighbours" in hits["item-12"].why
    between = next(why for why in hits["item-14"].why if why.startswith("probably"))
    share = int(between.split()[2].rstrip("%"))
    assert 20 < share < 80
    assert hits["item-12"].score > hits["item-14"].score


def test_the_score_is_the_confidence_times_closeness(recommenders, store):
    anchor = store.fetch(["item-0"], with_vectors=True)[0].vector
    for hit in ask(recommenders, store, request_for(store, "item-0", k=20), neighbours=6):
        (own,) = store.fetch([hit.id], with_vectors=True)
        cosine = math.fsum(a * b for a, b in zip(own.vector, anchor, strict=True))
        sure = 1.0
        if "season" not in own.item.attributes:
            near = neighbours_of(own.vector, "season", store, n=6, exclude=[hit.id])
            total = sum(max(s.score, 0) for s in near)
            sure = sum(max(s.score, 0) for s in near if s.item.attributes["season"] == "Summer") / total
            assert vote(near, "season")["Summer"] == pytest.approx(sure)
        assert hit.score == pytest.approx(sure * (1 + cosine) / 2, abs=1e-5)


def test_the_nearer_ones_have_the_louder_voice():
    def neighbour(season, score):
        return Stored(Item(id="x", image=None, attributes={"season": season}), "", (0, 0), "", score)

    near = [neighbour("Summer", 0.9), neighbour(["Winter", "Fall"], 0.3), neighbour("Winter", -0.5)]
    assert vote(near, "season") == pytest.approx({"Summer": 0.75, "Fall": 0.25, "Winter": 0.25})
    assert vote([neighbour("Summer", -1.0)], "season") == {}


def test_the_season_comes_from_the_option_then_the_filter_then_the_garments(recommenders, store):
    request = request_for(store, "item-0", k=20)
    by_option = ask(recommenders, store, request, season="winter", guessed=0)
    assert {hit.attributes["season"] for hit in by_option} == {"Winter"}
    by_filter = ask(recommenders, store, Request(Where.equal("season", "Winter"), k=20))
    assert {hit.attributes["season"] for hit in by_filter} == {"Winter"}
    words = (Example(Item(id="given", image=None, attributes={"season": "Winter"})),)
    assert {hit.attributes.get("season") for hit in ask(recommenders, store, Request(Where(), positives=words))} == {
        "Winter",
        None,
    }


def test_without_a_garment_the_most_typical_come_first(recommenders, store):
    hits = ask(recommenders, store, Request(Where(), k=20), season="Summer", guessed=0)
    assert len(hits) == 6
    assert hits[0].id in {"item-2", "item-3"}


def test_autumn_is_fall(make_wardrobe, recommenders):
    store = make_wardrobe([{"season": "Fall"}, {"season": ["Fall", "Winter"]}, {"season": "Summer"}])
    assert {hit.id for hit in ask(recommenders, store, Request(Where()), season="autumn")} == {"item-0", "item-1"}


def test_a_source_that_is_less_sure_counts_less(make_wardrobe, recommenders):
    store = make_wardrobe(
        [
            {"season": "Summer", "scores": {"season": 0.4}, "vector": pointing(0)},
            {"season": "Summer", "scores": {"season": 0.9}, "vector": pointing(0)},
            {"season": "Summer", "vector": pointing(0)},
        ]
    )
    hits = ask(recommenders, store, Request(Where()), season="Summer")
    assert [hit.id for hit in hits] == ["item-2", "item-1", "item-0"]
    assert [hit.score for hit in hits] == pytest.approx([1, 0.9, 0.4])
    assert "for Summer, 40% sure" in hits[-1].why


def test_what_is_not_known_is_told(recommenders, store):
    with pytest.raises(UsageError, match="which season"):
        ask(recommenders, store, Request(Where()))
    with pytest.raises(UsageError, match="Did you mean 'Summer'"):
        ask(recommenders, store, Request(Where()), season="Sumer")
    made = recommenders["season"].make({"season": "Winter"})
    assert made.recommend(Request(Where.equal("season", "Summer")), store) == []
    assert "Winter" in made.note


def test_the_filter_is_never_widened(recommenders, store):
    where = Where.equal("season", "Summer")
    hits = ask(recommenders, store, request_for(store, "item-7", where=where, k=20), season="Winter")
    assert hits == []
