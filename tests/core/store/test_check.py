"""A filter against what a collection holds, on every engine."""

from __future__ import annotations

import pytest

from fashion_match.core.error import UsageError
from fashion_match.core.store.check import check_key, check_where, explain_empty
from fashion_match.core.store.protocol import VectorStore
from fashion_match.core.where import Where

from .conftest import MakeStore, make_item

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


def where(*conditions: str) -> Where:
    joined = Where()
    for condition in conditions:
        joined = joined & Where.parse(condition)
    return joined


@pytest.fixture
def store(make_store: MakeStore) -> VectorStore:
    rows = [
        ("Blue", "Summer", 10, "M"),
        ("Blue", "Fall", 20, "m"),
        ("Navy Blue", "Winter", 30, "L"),
        ("Red", "Summer", 30, "L"),
    ]
    items = [
        make_item(f"i{n}", color=color, season=season, price=price, size=size, label=f"style{n}")
        for n, (color, season, price, size) in enumerate(rows)
    ]
    return make_store(items, {"color": "keyword", "season": "keyword", "price": "integer", "size": "keyword"})


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("color=Blue", "color=Blue"),
        ("color=blue", "color=Blue"),
        ("COLOR=NAVY BLUE,red", "color in Navy Blue,Red"),
        ("color!=blue", "color!=Blue"),
        ("season=Autumn", "season=Fall"),
        ("season=autumn,summer", "season in Fall,Summer"),
        ("size=M", "size=M"),
        ("size=l", "size=L"),
        ("label=STYLE1", "label=style1"),
        ("id=i2", "id=i2"),
        ("price=20", "price=20"),
        ("price<=20.5", "price<=20.5"),
        ("price!=17", "price!=17"),
        ("role=gallery", "role=gallery"),
    ],
)
def test_a_filter_is_spelled_as_it_is_stored(store: VectorStore, asked: str, meant: str) -> None:
    assert str(check_where(where(asked), store)) == meant


def test_a_value_in_another_case_means_all_its_spellings(make_store: MakeStore) -> None:
    store = make_store([make_item("1", size="XL"), make_item("2", size="Xl")], {"size": "keyword"})
    assert store.count(check_where(where("size=xl"), store)) == 2
    assert store.count(check_where(where("size=XL"), store)) == 1


@pytest.mark.parametrize(
    ("asked", "problem", "remedy"),
    [
        ("colour=Blue", "'colour'", "'color'"),
        ("zzz=Blue", "'zzz'", "Known attributes: color, price, season, size."),
        ("color=Bleu", "color=Bleu", "'Blue'"),
        ("color=Blue,Rde", "color=Rde", "'Red'"),
        ("color!=Rde", "color=Rde", "'Red'"),
        ("season=Spring", "season=Spring", "Known values of season: Fall, Summer, Winter."),
        ("color<5", "color holds text", "color=VALUE"),
        ("price=cheap", "'cheap'", "price=NUMBER"),
        ("id=i9", "'i9'", "fm items"),
        ("label=stile1", "label=stile1", "'style1'"),
    ],
)
def test_what_the_collection_does_not_hold_is_told_with_the_nearest(
    store: VectorStore, asked: str, problem: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as refused:
        check_where(where("price>1", asked), store)
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy


def test_keys_are_found_whatever_their_case(store: VectorStore) -> None:
    assert [check_key(key, store) for key in ("color", "Season", "label")] == ["color", "season", "label"]
    with pytest.raises(UsageError, match="'size'"):
        check_key("sice", store)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["price>100"], "no item has price>100; it runs from 10 to 30."),
        (
            ["color=Blue", "season=Winter"],
            "no item is both color=Blue and season=Winter: 2 match the first alone, 1 the second.",
        ),
        (
            ["color=Blue", "price=25..35"],
            "no item is both color=Blue and price>=25 and price<=35: 2 match the first alone, 2 the second.",
        ),
        (
            ["color=Blue,Red", "price>15", "season=Summer,Winter", "size=m,L", "id=i0,i1,i2"],
            "no item meets all 5 conditions: 1 without color in Blue,Red, 1 without season in Summer,Winter, "
            "1 without id in i0,i1,i2 match.",
        ),
    ],
)
def test_an_empty_result_says_which_condition_empties_it(store: VectorStore, asked: list[str], said: str) -> None:
    assert store.count(where(*asked)) == 0
    assert explain_empty(where(*asked), store) == said


def test_an_empty_collection_is_said_to_be_empty(make_store: MakeStore) -> None:
    store = make_store()
    assert explain_empty(Where(), store) == f"the collection {store.name} is empty."
