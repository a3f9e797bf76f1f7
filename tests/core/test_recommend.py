"""`Catalogue.recommend`: examples, descriptions, one hit per product."""

from __future__ import annotations

import math

import pytest

from fashion_match import Catalogue, PluginError, UsageError
from fashion_match.core.anchor import GIVEN, direction, told_attributes
from fashion_match.core.protocol import Example
from tests.core.store.conftest import make_item


@pytest.fixture(scope="module")
def catalogue(stored, plugins):
    with Catalogue(stored, plugins=plugins) as opened:
        yield opened


@pytest.fixture(scope="module")
def everything(catalogue):
    return {stored.item.id: stored for stored in catalogue.store.scan(with_vectors=True)}


def cosine(a, b):
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(
        math.fsum(x * x for x in a) * math.fsum(y * y for y in b)
    )


def test_positive_and_negative_examples_a_picture_among_them(catalogue, everything):
    one, two, bad, shown, *_ = everything.values()
    answer = catalogue.recommend(
        shown.item.image, like=[one.item.id, two.item.id], unlike=bad.item.id, k=200, one_per_product=False
    )
    liked = [sum(column) / 3 for column in zip(one.vector, two.vector, shown.vector, strict=True)]
    anchor = [2 * a - b for a, b in zip(liked, bad.vector, strict=True)]
    given = {one.item.id, two.item.id, bad.item.id}
    expected = sorted((s for i, s in everything.items() if i not in given), key=lambda s: -cosine(anchor, s.vector))
    assert [hit.score for hit in answer] == pytest.approx([cosine(anchor, s.vector) for s in expected], abs=1e-3)
    assert not given & {hit.id for hit in answer}
    assert "away from" in answer.ranked_by


def test_one_hit_per_product_by_default_and_not_the_given_one(catalogue, everything):
    anchor = next(iter(everything.values())).item
    answer = catalogue.recommend(like=anchor.id, k=30)
    labels = [hit.label for hit in answer]
    assert len(answer) == 30
    assert len(set(labels)) == 30
    assert anchor.label not in labels
    every = catalogue.recommend(like=anchor.id, k=200, one_per_product=False)
    first = {}
    for hit in every:
        first.setdefault(hit.label, hit.id)
    del first[anchor.label]
    assert [hit.id for hit in answer] == list(first.values())[:30]
    pages = [hit.id for offset in (0, 11, 22) for hit in catalogue.recommend(like=anchor.id, k=11, offset=offset)]
    assert pages[:30] == [hit.id for hit in answer]


def test_fewer_hits_because_of_one_per_product_are_explained(catalogue, everything):
    anchor = next(iter(everything))
    answer = catalogue.recommend(like=anchor, k=100)
    assert len(answer) == 59
    assert "--no-one-per-product" in answer.note
    assert catalogue.recommend(like=anchor, k=10).note == ""


def test_items_without_a_label_are_products_of_their_own(new_store, plugins, photos, tmp_path):
    from tests.drawn import MODEL

    for n, file in enumerate(sorted(photos.rglob("*.jpg"))[:5]):
        (tmp_path / f"{n}.jpg").write_bytes(file.read_bytes())
    (tmp_path / "items.csv").write_text("id,image\n" + "\n".join(f"i{n},{n}.jpg" for n in range(5)))
    with Catalogue(new_store, plugins=plugins) as opened:
        opened.ingest(tmp_path / "items.csv", **MODEL)
        assert len(opened.recommend(like="i0")) == 4


def test_a_query_still_gives_every_photo(catalogue, everything):
    anchor = next(iter(everything))
    assert len(catalogue.query(like=anchor, k=200)) == len(everything) - 1


def test_a_description_in_words_is_enough_for_other_strategies(catalogue):
    answer = catalogue.recommend(describe={"Color": "blue"}, strategy="color", k=5)
    assert answer.described == {"color": "Blue"}
    assert all(any("Blue/" in why for why in hit.why) for hit in answer)
    with pytest.raises(UsageError, match="similar to"):
        catalogue.recommend(describe={"color": "Blue"}, strategy="similar")
    with pytest.raises(UsageError, match="photos alone"):
        catalogue.query(describe={"color": "Blue"})
    with pytest.raises(UsageError, match="no attribute 'colr'"):
        catalogue.recommend(describe={"colr": "Blue"}, strategy="color")


def test_the_filter_means_the_same_as_in_a_query(catalogue, everything):
    answer = catalogue.recommend(
        strategy="season", strategy_options={"season": "summer"}, where="price<60", color=["blue", "red"], k=200
    )
    assert answer
    assert str(answer.where) == "price<60 and color in Blue,Red"
    for hit in answer:
        item = everything[hit.id].item
        assert item.attributes["price"] < 60
        assert item.attributes["color"] in ("Blue", "Red")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, "asks for nothing"),
        ({"unlike": "x"}, "--unlike alone"),
        ({"like": "x", "unlike": ["y", "x"]}, "given as --like and as --unlike"),
        ({"unlike": "no-such", "describe": {"color": "Blue"}}, "no item 'no-such'"),
        ({"strategy": "season"}, "which season"),
        ({"strategy": "color"}, "needs a garment"),
        ({"color": "Bleu"}, "Did you mean 'Blue'"),
    ],
)
def test_a_wrong_question_is_told(catalogue, wrong, told):
    with pytest.raises(UsageError, match=told):
        catalogue.recommend(**wrong)


def test_wrong_strategies_and_options_are_told(catalogue):
    with pytest.raises(PluginError, match="Did you mean 'similar'"):
        catalogue.recommend(strategy="similiar", color="Blue")
    with pytest.raises(PluginError, match="no option 'budget'"):
        catalogue.recommend(strategy="season", strategy_options={"budget": 3})


def example(*vector):
    return Example(make_item("a"), list(vector) if vector else None)


def test_direction():
    assert direction([], []) is None
    assert direction([example()], [example(1, 0)]) is None
    assert direction([example(0, 1), example()], []) == [0, 1]
    assert direction([example(1, 0), example(0, 1)], []) == pytest.approx([math.sqrt(0.5)] * 2)
    assert direction([example(1, 0)], [example(0, 1)]) == pytest.approx([2 / math.sqrt(5), -1 / math.sqrt(5)])
    assert direction([example(1, 0), example(-1, 0)], []) == [1, 0], "they cancel out"


def test_told_attributes_have_the_spelling_of_the_collection(catalogue):
    told = told_attributes(catalogue.store, {"SEASON": "autumn", "color": "BLUE", "category": "Poncho", "price": "20"})
    assert told == {"season": "Fall", "color": "Blue", "category": "Poncho", "price": 20}
    with pytest.raises(UsageError, match="is a number"):
        told_attributes(catalogue.store, {"price": "cheap"})


def test_what_was_given_is_no_item(catalogue):
    assert catalogue.store.fetch([GIVEN]) == []
