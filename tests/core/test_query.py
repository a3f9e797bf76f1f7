from __future__ import annotations

import json
import math

import pytest
from PIL import Image

from fashion_match import Catalogue, UsageError


@pytest.fixture(scope="module")
def catalogue(stored, plugins):
    with Catalogue(stored, plugins=plugins) as opened:
        yield opened


@pytest.fixture(scope="module")
def everything(catalogue):
    return {stored.item.id: stored for stored in catalogue.store.scan(with_vectors=True)}


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def test_a_picture_of_the_catalogue_finds_itself_and_ranks_the_rest_by_cosine(catalogue, everything):
    anchor = next(iter(everything.values()))
    answer = catalogue.query(anchor.item.image, k=len(everything))
    expected = sorted((-cosine(anchor.vector, other.vector), other.item.id) for other in everything.values())
    assert answer[0].id == anchor.item.id
    assert answer[0].score == pytest.approx(1, abs=1e-4)
    assert [hit.score for hit in answer] == pytest.approx([-score for score, _ in expected], abs=1e-4)


def test_like_leaves_the_anchor_out_and_says_what_agrees(catalogue, everything):
    anchor = next(iter(everything.values())).item
    answer = catalogue.query(like=anchor.id, k=len(everything))
    assert anchor.id not in {hit.id for hit in answer}
    for hit in answer:
        agreed = hit.attributes["color"] == anchor.attributes["color"]
        assert (f"color: {anchor.attributes['color']}" in hit.why) == agreed
        assert ("same label" in hit.why) == (hit.label == anchor.label)


def test_several_anchors_are_the_direction_between_them(catalogue, everything):
    one, two, *_ = everything.values()
    answer = catalogue.query(like=[one.item.id, two.item.id], k=5)
    between = [a + b for a, b in zip(one.vector, two.vector, strict=True)]
    for hit in answer:
        assert hit.score == pytest.approx(cosine(between, everything[hit.id].vector), abs=1e-4)


def test_attributes_filter_and_rank_by_typicality(catalogue, everything):
    color = next(iter(everything.values())).item.attributes["color"]
    matching = {i: s for i, s in everything.items() if s.item.attributes["color"] == color}
    answer = catalogue.query(color=color, k=100)
    assert {hit.id for hit in answer} == set(matching)
    mean = [math.fsum(column) for column in zip(*(s.vector for s in matching.values()), strict=True)]
    assert [hit.score for hit in answer] == pytest.approx(
        sorted((cosine(mean, s.vector) for s in matching.values()), reverse=True), abs=1e-4
    )
    assert answer.ranked_by == f"closeness to the mean of the {len(matching)} matching items"


def test_values_of_one_attribute_are_ored_and_attributes_are_anded(catalogue, everything):
    answer = catalogue.query(color=["Blue", "Red"], season="Summer", where="price<60", k=100)
    expected = {
        i
        for i, s in everything.items()
        if s.item.attributes["color"] in ("Blue", "Red")
        and s.item.attributes["season"] == "Summer"
        and s.item.attributes["price"] < 60
    }
    assert {hit.id for hit in answer} == expected != set()


def test_pages_are_the_whole_in_pieces(catalogue):
    whole = [hit.id for hit in catalogue.query(where="price>0", k=20)]
    pages = [hit.id for offset in (0, 7, 14) for hit in catalogue.query(where="price>0", k=7, offset=offset)]
    assert pages[:20] == whole


def test_min_score_cuts_and_says_so(catalogue, everything):
    anchor = next(iter(everything))
    scores = [hit.score for hit in catalogue.query(like=anchor, k=100)]
    cut = (scores[3] + scores[4]) / 2
    assert len(catalogue.query(like=anchor, k=100, min_score=cut)) == 4
    assert "none scores" in catalogue.query(like=anchor, min_score=1.5).note


def test_case_and_season_names_are_understood(catalogue):
    assert str(catalogue.query(color="blue", season="autumn").where) == "color=Blue and season=Fall"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"color": "Bleu"}, "Blue"),
        ({"colour": "Blue"}, "color"),
        ({"like": "no-such"}, "no item 'no-such'"),
        ({"k": 0, "color": "Blue"}, "k = 0"),
        ({"offset": -1, "color": "Blue"}, "offset = -1"),
        ({}, "asks for nothing"),
        ({"picture": "nowhere.jpg"}, "nowhere.jpg"),
        ({"where": "price<cheap"}, "not a number"),
        ({"where": "rubbish"}, "cannot understand"),
    ],
)
def test_a_wrong_question_is_told_with_its_remedy(catalogue, wrong, told):
    with pytest.raises(UsageError, match=told):
        catalogue.query(**wrong)


def test_an_empty_result_says_which_condition_empties_it(catalogue):
    note = catalogue.query(color="Blue", where="price>1000000").note
    assert "price>1000000" in note


# A description, for a model that looks at attributes


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory, fusing, fusion_model):
    """Items with a photo, with attributes, and with both."""
    folder = tmp_path_factory.mktemp("wardrobe")
    rows = []
    for n, color in enumerate(["Blue", "Red", "Navy Blue", "Green"]):
        Image.new("RGB", (40, 50), (60 * n, 200 - 40 * n, 90)).save(folder / f"{n}.png")
        described = {"color": color, "season": ("Summer", "Fall")[n % 2], "price": 20 + 10 * n, "brand": "Acme"}
        rows += [{"id": f"photo-{n}", "image": f"{n}.png"}, {"id": f"words-{n}", "image": "", **described}]
        rows += [{"id": f"both-{n}", "image": f"{n}.png", **described}]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with Catalogue(folder / "store", plugins=fusing) as opened:
        assert opened.ingest(folder / "items.jsonl", model=fusion_model).n_stored == 12
        yield opened


@pytest.mark.parametrize("kind", ["photo", "words", "both"])
def test_an_anchor_is_made_as_the_items_are(wardrobe, kind):
    anchor = wardrobe.store.fetch([f"{kind}-3"])[0].item
    described = {name: value for name, value in anchor.attributes.items() if name != "brand"}
    answer = wardrobe.query(anchor.image, describe=described, k=12)
    assert answer[0].id == anchor.id
    assert answer[0].score == pytest.approx(1, abs=1e-5)
    assert answer[1].score < 0.9999
    assert answer.ranked_by == "cosine to the anchor"
    assert len(answer) == 12, "a description filters nothing"


def test_a_description_is_understood_in_the_words_of_the_model(wardrobe):
    answer = wardrobe.query(describe={"Color": "navy blue", "season": "autumn", "price": "35.5"}, color="Blue")
    assert answer.described == {"color": "Navy Blue", "season": "Fall", "price": 35.5}
    assert {hit.attributes["color"] for hit in answer} == {"Blue"}
    plain = wardrobe.query(describe={"color": "Navy Blue", "season": "Fall", "price": 35.5}, k=12)
    assert [hit.id for hit in plain if hit.attributes.get("color") == "Blue"] == [hit.id for hit in answer]


def test_an_item_and_a_description_are_two_anchors(wardrobe):
    answer = wardrobe.query(like="photo-1", describe={"color": "Green"}, k=12)
    scores = {hit.id: hit.score for hit in wardrobe.query(describe={"color": "Green"}, k=12)}
    by_item = {hit.id: hit.score for hit in wardrobe.query(like="photo-1", k=12)}
    assert "photo-1" not in {hit.id for hit in answer}
    assert [hit.id for hit in answer] == sorted(by_item, key=lambda i: scores[i] + by_item[i], reverse=True)


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ({"colour": "Blue"}, "Did you mean 'color'"),
        ({"brand": "Acme"}, "does not look at 'brand'"),
        ({"color": "Bleu"}, "Did you mean 'Blue'"),
        ({"season": "Autum"}, "knows no season 'Autum'"),
        ({"season": "Rainy"}, "Known values of season: Fall, Summer"),
        ({"price": "cheap"}, "price is a number, which 'cheap' is not"),
        ({"price": "nan"}, "price is a number"),
    ],
)
def test_what_the_model_does_not_know_is_told(wardrobe, described, told):
    with pytest.raises(UsageError, match=told):
        wardrobe.query(describe=described)


def test_to_a_model_of_photos_alone_nothing_can_be_described(catalogue):
    with pytest.raises(UsageError, match="looks at photos alone") as refused:
        catalogue.query(describe={"color": "Blue"})
    assert "--color" in refused.value.remedy
