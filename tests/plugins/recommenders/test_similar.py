"""Examples and diversity, on both engines."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashion_match import PluginError, Request, UsageError, Where
from tests.plugins.recommenders.conftest import request_for


def cosine(a, b):
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def plain_mmr(vectors, anchor, excluded, diversity, k):
    """The formula, in a loop, over the hundred nearest."""
    left = sorted((i for i in vectors if i not in excluded), key=lambda i: -cosine(vectors[i], anchor))[:100]
    picked = [left.pop(0)]
    while left and len(picked) < k:
        worth = {
            i: (1 - diversity) * cosine(vectors[i], anchor)
            - diversity * max(cosine(vectors[i], vectors[p]) for p in picked)
            for i in left
        }
        best = max(left, key=lambda i: worth[i])
        left.remove(best)
        picked.append(best)
    return picked


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 219), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.8, 1.0]), st.integers(1, 25))
def test_diversity_is_maximal_marginal_relevance(recommenders, wardrobe, base, diversity, k):
    vectors = {s.item.id: s.vector for s in wardrobe.scan(with_vectors=True)}
    request = request_for(wardrobe, f"item-{base}", k=k)
    hits = recommenders["similar"].make({"diversity": diversity}).recommend(request, wardrobe)
    assert [hit.id for hit in hits] == plain_mmr(vectors, request.vector, request.exclude, diversity, k)
    for hit in hits:
        assert hit.score == pytest.approx(cosine(vectors[hit.id], request.vector), abs=1e-5)


def test_diverse_pages_are_the_whole_in_pieces_and_within_the_filter(recommenders, wardrobe):
    made = recommenders["similar"].make({"diversity": 0.5})
    where = Where.equal("season", "Summer")
    whole = made.recommend(request_for(wardrobe, "item-0", where=where, k=20), wardrobe)
    pages = [
        hit
        for offset in (0, 7, 14)
        for hit in made.recommend(request_for(wardrobe, "item-0", where=where, k=7, offset=offset), wardrobe)
    ]
    assert [hit.id for hit in pages[:20]] == [hit.id for hit in whole]
    assert {hit.attributes["season"] for hit in whole} == {"Summer"}


def test_diverse_hits_are_less_alike(recommenders, wardrobe):
    vectors = {s.item.id: s.vector for s in wardrobe.scan(with_vectors=True)}

    def likeness(diversity):
        hits = (
            recommenders["similar"].make({"diversity": diversity}).recommend(request_for(wardrobe, "item-3"), wardrobe)
        )
        pairs = [(a.id, b.id) for a in hits for b in hits if a.id < b.id]
        return sum(cosine(vectors[a], vectors[b]) for a, b in pairs) / len(pairs)

    assert likeness(0.7) < likeness(0.3) < likeness(0.0)


def test_options_are_checked(recommenders):
    for wrong in (-0.1, 1.1, "much"):
        with pytest.raises(PluginError, match="diversity"):
            recommenders["similar"].make({"diversity": wrong})


def test_without_an_anchor_it_refuses(recommenders, wardrobe):
    with pytest.raises(UsageError, match="similar to"):
        recommenders["similar"].make({}).recommend(Request(Where.equal("color", "Blue")), wardrobe)
