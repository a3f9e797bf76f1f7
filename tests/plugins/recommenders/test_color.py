"""Coordinated in colour, on both engines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from fashion_match import Example, Item, Request, UsageError, Where
from fashion_match.plugins.recommenders.coloring.harmony import harmony
from fashion_match.plugins.recommenders.coloring.name import shade_of
from fashion_match.testing import matches
from tests.core.store.conftest import DIM
from tests.plugins.recommenders.conftest import COLORS, draw_attributes, request_for


def ask(recommenders, store, request, **options):
    return recommenders["color"].make(options).recommend(request, store)


def described(**attributes):
    return (Example(Item(id="given", image=None, attributes=attributes)),)


def test_hits_are_of_colours_that_go_with_the_base_and_say_how(recommenders, wardrobe):
    base = next(iter(wardrobe.scan(Where.equal("color", "Blue"))))
    hits = ask(recommenders, wardrobe, request_for(wardrobe, base.item.id, k=100))
    blue = shade_of("Blue")
    assert len(hits) == 100
    assert base.item.id not in {hit.id for hit in hits}
    for hit in hits:
        name = hit.attributes["color"]
        expected = "neutral colour: Blue/Multi" if name == "Multi" else str(harmony(blue, shade_of(name)))
        assert expected in hit.why
    relations = {why.split()[0] for hit in hits for why in hit.why if " colour: Blue/" in why}
    assert relations == {"same", "analogous", "triadic", "complementary", "neutral"}


def test_every_relation_is_found_however_rare(make_wardrobe, recommenders):
    alike = {"vector": [1.0] * DIM}
    near = {"vector": [1.0] * (DIM - 1) + [0.9]}
    store = make_wardrobe([{"color": "Blue", **alike}] * 60 + [{"color": "Orange", **near}])
    assert ask(recommenders, store, request_for(store, "item-0", k=5))[0].id == "item-60"


def test_colours_without_a_relation_stay_out(make_wardrobe, recommenders):
    store = make_wardrobe([{"color": "Orange"}, {"color": "Magenta"}, {"color": "Blue"}])
    assert [hit.id for hit in ask(recommenders, store, request_for(store, "item-0"))] == ["item-2"]


@pytest.mark.parametrize("relation", ["same", "analogous", "triadic", "complementary", "neutral"])
def test_relations_can_be_chosen(recommenders, wardrobe, relation):
    base = next(iter(wardrobe.scan(Where.equal("color", "Red"))))
    request = request_for(wardrobe, base.item.id, k=100)
    hits = ask(recommenders, wardrobe, request, relations=[relation])
    assert hits
    assert all(any(why.startswith(f"{relation} colour: Red/") for why in hit.why) for hit in hits)


def test_a_base_may_be_described_or_named_by_an_option(recommenders, wardrobe):
    by_words = ask(recommenders, wardrobe, Request(Where(), positives=described(color="Yellow")))
    by_option = ask(recommenders, wardrobe, Request(Where()), color="Yellow")
    assert [hit.id for hit in by_words] == [hit.id for hit in by_option] != []
    assert "complementary colour: Yellow/Purple" in by_words[0].why


def test_what_is_recommended_goes_with_every_given_garment(recommenders, wardrobe):
    blue, black = (next(iter(wardrobe.scan(Where.equal("color", name)))) for name in ("Blue", "Black"))
    hits = ask(recommenders, wardrobe, request_for(wardrobe, blue.item.id, black.item.id, k=200))
    assert hits
    for hit in hits:
        said = " ".join(hit.why)
        assert "Blue/" in said
        assert "Black/" in said


def test_what_goes_with_one_of_them_alone_stays_out(make_wardrobe, recommenders):
    store = make_wardrobe([{"color": name} for name in ("Orange", "Red", "Magenta", "Blue")])
    assert "item-2" in {hit.id for hit in ask(recommenders, store, request_for(store, "item-1"))}
    assert [hit.id for hit in ask(recommenders, store, request_for(store, "item-0", "item-1"))] == ["item-3"]


def test_a_picture_is_measured(make_wardrobe, recommenders, tmp_path):
    photo = tmp_path / "red.png"
    picture = Image.new("RGB", (96, 96), "white")
    picture.paste((184, 30, 44), (20, 16, 76, 80))
    picture.save(photo)
    store = make_wardrobe([{"color": "Green"}, {"color": "Orange"}, {"color": "Lime"}])
    example = Example(Item(id="given", image=photo), store.fetch(["item-0"], with_vectors=True)[0].vector)
    hits = ask(recommenders, store, Request(Where(), vector=example.vector, positives=(example,)))
    assert "complementary colour: Red/Green" in next(hit for hit in hits if hit.id == "item-0").why
    named = Example(example.item.model_copy(update={"attributes": {"color": "Blue"}}), example.vector)
    asked = Request(Where(), vector=example.vector, positives=(named,))
    assert any("Blue/" in why for hit in ask(recommenders, store, asked) for why in hit.why)
    assert any("Red/" in why for hit in ask(recommenders, store, asked, measure=True) for why in hit.why)


def test_items_without_a_colour_name_are_measured(make_wardrobe, recommenders, tmp_path):
    for n, color in enumerate([(240, 128, 30), (38, 100, 172), (52, 152, 80)]):
        picture = Image.new("RGB", (96, 96), "white")
        picture.paste(color, (20, 16, 76, 80))
        picture.save(tmp_path / f"{n}.png")
    rows = [{"image": tmp_path / f"{n}.png"} for n in range(3)]
    for store in (make_wardrobe(rows), make_wardrobe([*rows, {"color": "White"}])):
        hits = {hit.id: hit for hit in ask(recommenders, store, Request(Where(), k=9), color="Blue")}
        assert "complementary colour: Blue/Orange" in hits["item-0"].why
        assert "same colour: Blue/Blue" in hits["item-1"].why
        assert not ask(recommenders, store, Request(Where(), k=9), color="Blue", unnamed=0, relations="same")


def test_several_colours_of_one_item(make_wardrobe, recommenders):
    colors = (["Blue", "White"], "Orange", ["Orange", "Black"])
    store = make_wardrobe([{"color": color, "vector": [1.0] * DIM} for color in colors])
    hits = ask(recommenders, store, request_for(store, "item-0"))
    assert [hit.id for hit in hits] == ["item-1", "item-2"]
    assert "complementary colour: Blue/Orange" in hits[1].why


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        ((), {}, "needs a garment"),
        ((), {"color": "Nix da"}, "names no colour"),
        ("nothing", {}, "none can be measured"),
    ],
)
def test_a_missing_base_is_told(make_wardrobe, recommenders, given, options, told):
    store = make_wardrobe([{"color": "Blue"}])
    positives = described(category="Shirt") if given else ()
    with pytest.raises(UsageError, match=told):
        ask(recommenders, store, Request(Where(), positives=positives), **options)


def test_nothing_that_goes_is_said(make_wardrobe, recommenders):
    store = make_wardrobe([{"color": "Magenta"}])
    made = recommenders["color"].make({"color": "Orange"})
    assert made.recommend(Request(Where()), store) == []
    assert "goes with Orange" in made.note


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=st.integers(0, 219),
    colors=st.sets(st.sampled_from(COLORS), max_size=3),
    season=st.sampled_from(["Summer", "Fall", None]),
    most=st.one_of(st.none(), st.integers(5, 100)),
    k=st.integers(1, 30),
)
def test_the_filter_holds_without_exception(recommenders, wardrobe, base, colors, season, most, k):
    where = Where.equal("color", *sorted(colors)) if colors else Where()
    where = where & Where.equal("season", season) if season else where
    where = where & Where.parse(f"price<={most}") if most is not None else where
    assume(draw_attributes(220)[base]["color"] != "Multi")  # of which no colour is known
    request = request_for(wardrobe, f"item-{base}", where=where, k=k)
    hits = ask(recommenders, wardrobe, request)
    for stored in wardrobe.fetch([hit.id for hit in hits]):
        assert matches(stored.item, where)
    if k <= 16:  # up to here pages are picked from the same candidates
        pages = [ask(recommenders, wardrobe, replace(request, offset=n, k=min(4, k - n))) for n in range(0, k, 4)]
        assert [hit.id for page in pages for hit in page] == [hit.id for hit in hits]
