"""Outfits: whole, coordinated, within every limit."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fashion_match import Example, Item, PluginError, Request, UsageError, Where
from fashion_match.plugins.recommenders.outfits.compose import AGAIN, Outfit, compose, ranked
from fashion_match.plugins.recommenders.outfits.garment import agreement, genders_agree, make_garment
from fashion_match.testing import matches
from tests.plugins.recommenders.conftest import request_for

CLOTHES = {
    "shirt": {"category": "Shirts", "color": "Blue", "season": "Fall", "usage": "Casual", "gender": "Men", "price": 40},
    "jeans": {"category": "Jeans", "color": "Black", "season": "Fall", "usage": "Casual", "gender": "Men", "price": 30},
    "skirt": {
        "category": "Skirts",
        "color": "Black",
        "season": "Fall",
        "usage": "Casual",
        "gender": "Women",
        "price": 9,
    },
    "suit trousers": {
        "category": "Trousers",
        "color": "Purple",
        "season": "Summer",
        "usage": "Formal",
        "gender": "Men",
    },
    "sneakers": {"category": "Casual Shoes", "color": "White", "season": "Fall", "usage": "Casual", "price": 60},
    "heels": {"category": "Heels", "color": "Red", "season": "Fall", "usage": "Casual", "gender": "Women", "price": 5},
    "bag": {
        "category": "Backpacks",
        "color": "Orange",
        "season": "Fall",
        "usage": "Casual",
        "gender": "Unisex",
        "price": 20,
    },
    "dress": {
        "category": "Dresses",
        "color": "Green",
        "season": "Fall",
        "usage": "Casual",
        "gender": "Women",
        "price": 50,
    },
}
AT = {name: f"item-{n}" for n, name in enumerate(CLOTHES)}


def ask(recommenders, store, request, **options):
    return recommenders["outfit"].make(options).recommend(request, store)


def worn(hit):
    return {part.slot: part.id for part in hit.outfit}


@pytest.fixture
def store(make_wardrobe):
    return make_wardrobe(list(CLOTHES.values()))


def test_a_shirt_is_completed_with_one_garment_for_each_missing_slot(recommenders, store):
    hits = ask(recommenders, store, request_for(store, AT["shirt"]))
    assert worn(hits[0]) == {"bottom": AT["jeans"], "shoes": AT["sneakers"], "bag": AT["bag"]}
    assert hits[0].id == hits[0].outfit[0].id == AT["jeans"]
    assert hits[0].why == (
        "neutral colour: Blue/Black, White",
        "complementary colour: Blue/Orange",
        "all for Fall",
        "all Casual",
        "150 in all",
    )
    assert "complementary colour: Blue/Orange" in hits[0].outfit[2].why
    assert [worn(hit)["bottom"] for hit in hits] == [AT["jeans"], AT["suit trousers"]], (
        "formal, summer, a quarrel: last"
    )


def test_nobody_wears_what_is_for_others(recommenders, store):
    for hit in ask(recommenders, store, request_for(store, AT["shirt"])):
        assert not {AT["skirt"], AT["heels"], AT["dress"]} & set(worn(hit).values())
    for hit in ask(recommenders, store, request_for(store, AT["skirt"])):
        assert not {AT["jeans"], AT["shirt"]} & set(worn(hit).values())


def test_a_dress_is_top_and_bottom(recommenders, store):
    (hit, *_) = ask(recommenders, store, request_for(store, AT["dress"]))
    assert set(worn(hit)) == {"shoes", "bag"}
    with_dress = ask(recommenders, store, request_for(store, AT["heels"]))
    assert worn(with_dress[0]) == {"whole": AT["dress"], "bag": AT["bag"]}


def test_what_is_whole_already_is_said(recommenders, store):
    made = recommenders["outfit"].make({"slots": "top,bottom"})
    assert made.recommend(request_for(store, AT["shirt"], AT["jeans"]), store) == []
    assert made.note == "Nothing is missing of top, bottom."


def test_slots_are_chosen(recommenders, store):
    (hit, *_) = ask(recommenders, store, request_for(store, AT["shirt"]), slots="top,shoes")
    assert worn(hit) == {"shoes": AT["sneakers"]}
    made = recommenders["outfit"].make({"slots": ["bottom", "watch"]})
    (hit, *_) = made.recommend(request_for(store, AT["shirt"]), store)
    assert set(worn(hit)) == {"bottom"}
    assert made.note == "Nothing that matches for watch."


def test_an_outfit_that_lacks_a_slot_is_worth_less(recommenders, store):
    (whole, *_) = ask(recommenders, store, request_for(store, AT["shirt"]), slots="bottom")
    (part, *_) = ask(recommenders, store, request_for(store, AT["shirt"]), slots="bottom,watch")
    assert part.score == pytest.approx(whole.score / 2)


def test_an_outfit_is_for_the_season_that_is_asked_for(make_wardrobe, recommenders):
    shoes = [{"category": "Heels", "season": season} for season in ("Fall", "Summer", "Winter") * 6]
    store = make_wardrobe([{"category": "Dresses", "season": "Fall"}, *shoes])
    for asked in ("summer", "winter", None):
        (hit, *_) = ask(recommenders, store, request_for(store, "item-0"), slots="top,shoes", season=asked)
        assert hit.outfit[0].attributes["season"] == (asked or "fall").capitalize()
    (hit, *_) = ask(recommenders, store, Request(Where()), slots="shoes", season="summer")
    assert hit.attributes["season"] == "Summer"
    with pytest.raises(UsageError, match="Did you mean 'Summer'"):
        ask(recommenders, store, Request(Where()), season="Sumer")


def test_a_budget_is_for_the_whole_outfit(recommenders, store):
    request = request_for(store, AT["shirt"])
    assert worn(ask(recommenders, store, request, budget=150)[0])["bottom"] == AT["jeans"]
    made = recommenders["outfit"].make({"budget": 149})
    assert made.recommend(request, store) == []
    assert made.note == "No outfit for 109 or less: the cheapest of each slot cost 110 together."
    assert ask(recommenders, store, request, budget=110, owned=True)
    assert ask(recommenders, store, request, budget=109, owned=True) == []
    with pytest.raises(UsageError, match="costs 40 already"):
        ask(recommenders, store, request, budget=40)


def test_the_cheap_ones_are_found_where_the_nearest_cost_too_much(make_wardrobe, recommenders):
    near, far = [1.0] * 8, [1.0] * 7 + [0.0]
    dear = [{"category": c, "price": 60, "vector": near} for c in ["Jeans", "Heels", "Handbags"] * 20]
    cheap = [{"category": c, "price": 20, "vector": far} for c in ("Jeans", "Heels", "Handbags")]
    store = make_wardrobe([{"category": "Shirts", "price": 10, "vector": near}, *dear, *cheap])
    (hit,) = ask(recommenders, store, request_for(store, "item-0", k=1), budget=75)
    assert sum(part.attributes["price"] for part in hit.outfit) == 60


def test_what_is_not_known_of_a_picture_is_told_by_its_neighbours(recommenders, make_wardrobe):
    rows = [CLOTHES[name] | {"vector": [1.0] * 8} for name in ["shirt"] * 6]
    others = [CLOTHES[name] | {"vector": [-1.0] * 8} for name in ("jeans", "sneakers", "bag", "heels")]
    store = make_wardrobe([*rows, *others])
    example = Example(Item(id="what was given", image=None), store.fetch(["item-0"], with_vectors=True)[0].vector)
    made = recommenders["outfit"].make({})
    hits = made.recommend(Request(Where(), vector=example.vector, positives=(example,)), store)
    assert set(worn(hits[0])) == {"bottom", "shoes", "bag"}
    assert "taken for Shirts" in made.note
    assert "Men" in made.note


def test_words_alone_are_enough(recommenders, store):
    words = Example(Item(id="what was given", image=None, attributes={"category": "Blouse", "gender": "Women"}))
    (hit, *_) = ask(recommenders, store, Request(Where(), positives=(words,)))
    assert worn(hit) == {"bottom": AT["skirt"], "shoes": AT["sneakers"], "bag": AT["bag"]}


def test_without_a_garment_whole_outfits_are_put_together(recommenders, store):
    hits = ask(recommenders, store, Request(Where.equal("season", "Fall")))
    ways = [worn(hit) for hit in hits]
    assert {"top": AT["shirt"], "bottom": AT["jeans"], "shoes": AT["sneakers"], "bag": AT["bag"]} in ways
    assert any(set(way) == {"whole", "shoes", "bag"} for way in ways)


@pytest.mark.parametrize(
    ("attributes", "options", "told"),
    [
        ({}, {}, "category is not known"),
        ({"category": "Fooz"}, {}, "'Fooz' is in no slot"),
        ({"category": "Shirts"}, {"slots": "top,feet"}, "no slot 'feet'"),
    ],
)
def test_mistakes_are_told(recommenders, store, attributes, options, told):
    example = Example(Item(id="what was given", image=None, attributes=attributes))
    with pytest.raises(UsageError, match=told):
        ask(recommenders, store, Request(Where(), positives=(example,)), **options)


def test_a_category_is_put_into_a_slot_by_option(recommenders, store):
    example = Example(Item(id="what was given", image=None, attributes={"category": "Fooz"}))
    (hit, *_) = ask(recommenders, store, Request(Where(), positives=(example,)), put={"fooz": "top"})
    assert set(worn(hit)) == {"bottom", "shoes", "bag"}


def test_two_people_are_no_outfit(recommenders, store):
    with pytest.raises(UsageError, match="not worn by one person"):
        ask(recommenders, store, request_for(store, AT["shirt"], AT["skirt"]))


def test_a_budget_needs_prices(make_wardrobe, recommenders):
    store = make_wardrobe([{"category": "Shirts"}, {"category": "Jeans"}])
    with pytest.raises(UsageError, match="no item has a price"):
        ask(recommenders, store, request_for(store, "item-0"), budget=50)
    with pytest.raises(PluginError, match="budget"):
        recommenders["outfit"].make({"budget": -3})
    uncategorised = make_wardrobe([{"color": "Blue"}])
    with pytest.raises(UsageError, match="category of each item"):
        ask(recommenders, uncategorised, Request(Where()))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=st.one_of(st.none(), st.integers(0, 219)),
    gender=st.sampled_from([None, "Men", "Women"]),
    season=st.sampled_from([None, "Summer", "Winter"]),
    colors=st.sets(st.sampled_from(["Black", "White", "Blue", "Red"]), max_size=3),
    most=st.one_of(st.none(), st.integers(10, 100)),
    budget=st.one_of(st.none(), st.integers(20, 300)),
    owned=st.booleans(),
    k=st.integers(1, 8),
)
def test_outfits_obey_without_exception(recommenders, wardrobe, base, gender, season, colors, most, budget, owned, k):
    where = Where.equal("color", *sorted(colors)) if colors else Where()
    for key, value in (("gender", gender), ("season", season)):
        where = where & Where.equal(key, value) if value else where
    where = where & Where.parse(f"price<={most}") if most is not None else where
    request = request_for(wardrobe, *([f"item-{base}"] if base is not None else []), where=where, k=k)
    given_items = [example.item for example in request.positives]
    spent = 0 if owned else sum(item.attributes["price"] for item in given_items)
    assume(budget is None or spent < budget)
    hits = ask(recommenders, wardrobe, request, owned=owned, **({} if budget is None else {"budget": budget}))
    assert len(hits) <= k
    assert len({hit.id for hit in hits}) == len(hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        items = [stored.item for stored in wardrobe.fetch([part.id for part in hit.outfit])]
        assert len({item.id for item in items}) == len(hit.outfit) == len(worn(hit))
        assert not {item.id for item in items} & request.exclude
        assert all(matches(item, where) for item in items)
        assert len({item.attributes["gender"] for item in (*items, *given_items)} - {"Unisex"}) <= 1
        assert budget is None or spent + sum(item.attributes["price"] for item in items) <= budget
        assert 0 <= hit.score <= 1


def draw_garments(slot, n, start):
    rows = [
        {"category": slot, "color": color, "season": season, "gender": gender, "price": price}
        for color, season, gender, price in zip(
            ["Blue", "Red", "Black", "Green"] * n,
            ["Fall", "Summer", "Fall"] * n,
            ["Men", "Women", "Unisex"] * n,
            range(9, 9 + n),
            strict=False,
        )
    ]
    return [
        make_garment(Item(id=f"{slot}-{i + start}", image=None, attributes=row), slot) for i, row in enumerate(rows[:n])
    ]


@pytest.mark.parametrize("budget", [None, 33])
def test_the_best_of_all_combinations_is_found(budget):
    base = make_garment(Item(id="base", image=None, attributes={"color": "Blue", "season": "Fall"}), "top")
    slots = [draw_garments(name, n, 0) for name, n in (("bottom", 5), ("shoes", 6), ("bag", 4))]

    def worth(garments):
        pairs = list(combinations([base, *garments], 2))
        return sum(agreement(a.look, b.look) for a, b in pairs) / len(pairs)

    allowed = [
        garments
        for garments in product(*slots)
        if all(genders_agree(a.look, b.look) for a, b in combinations(garments, 2))
        and (budget is None or sum(garment.price for garment in garments) <= budget)
    ]
    made = list(compose([base], slots, budget=budget))
    assert max(outfit.score for outfit in made) == pytest.approx(max(map(worth, allowed)))
    for outfit in made:
        assert outfit.score == pytest.approx(worth(outfit.garments))
        assert any(outfit.garments == garments for garments in allowed)


def test_a_single_garment_keeps_to_the_budget():
    slot = draw_garments("bottom", 3, 0)
    assert [outfit.price for outfit in compose([], [slot], budget=10)] == [9, 10]
    assert list(compose([], [], budget=None)) == []


def test_one_colour_from_head_to_foot_is_worth_less_than_a_neutral():
    def look(color):
        return make_garment(Item(id=color, image=None, attributes={"color": color}), "top").look

    assert agreement(look("Blue"), look("Blue")) < agreement(look("Blue"), look("White"))
    assert agreement(look("Orange"), look("Magenta")) < agreement(look("Blue"), look("Blue"))


def test_ranked_outfits_begin_differently_and_repeat_little():
    a, b, c, d = draw_garments("x", 4, 0)
    outfits = [Outfit((a, c), 0.9), Outfit((a, d), 0.89), Outfit((b, c), 0.8), Outfit((b, d), 0.8 - AGAIN / 2)]
    first, second = ranked(outfits, 5)
    assert first == outfits[0]
    assert second == outfits[3], "which repeats nothing"
