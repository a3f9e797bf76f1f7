"""Which items are held out: whole styles, as the source says where it does, and the same whatever order it has."""

from __future__ import annotations

import math
import random
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_match import Failure, Item, Reason, UsageError
from fashion_match.core.train.dataset import (
    Split,
    fingerprint_of,
    label_of,
    read_items,
    split_items,
    summarize,
)


def item(name: str, label: str | None = None, **given: Any) -> Item:
    fields = {name: given.pop(name) for name in ("role", "split", "box", "image") if name in given}
    return Item(id=name, label=label, attributes=given, **({"image": None} | fields))


def names(items: list[Item]) -> list[str]:
    return [item.id for item in items]


def labelled(labels: list[int | None], **given: Any) -> list[Item]:
    return [item(f"i{n}", None if label is None else f"s{label}", **given) for n, label in enumerate(labels)]


LABELS = st.lists(st.one_of(st.none(), st.integers(0, 12)), min_size=1, max_size=60)


@settings(deadline=None, max_examples=150)
@given(labels=LABELS, percent=st.integers(0, 95), seed=st.integers(0, 99))
def test_all_photos_of_a_style_are_on_one_side(labels: list[int | None], percent: int, seed: int) -> None:
    items, part = labelled(labels), percent / 100
    split = split_items(items, validation=part, seed=seed)
    assert sorted(names(split.train + split.held_out)) == sorted(names(items)), "none is lost, none is twice"
    assert not {i.label for i in split.train if i.label} & {i.label for i in split.held_out if i.label}
    assert split.train, "something is left to train on"
    assert not split.given
    groups = Counter(label if label is not None else f"alone {n}" for n, label in enumerate(labels))
    largest = max(groups.values())
    assert len(split.held_out) < part * len(items) + largest
    if len(groups) > 1 and len(split.held_out) < part * len(items):
        assert len({i.label or i.id for i in split.train}) == 1, "only where the last style must stay"


def test_about_the_part_that_was_asked_for_is_held_out() -> None:
    for seed in range(20):
        split = split_items(labelled([n // 2 for n in range(1000)]), validation=0.2, seed=seed)
        assert len(split.held_out) in (200, 201)


@settings(deadline=None, max_examples=50)
@given(labels=LABELS, seed=st.integers(0, 9))
def test_the_order_of_the_source_does_not_matter(labels: list[int | None], seed: int) -> None:
    items = labelled(labels)
    shuffled = random.Random(1).sample(items, len(items))
    one, other = (split_items(order, validation=0.3, seed=seed) for order in (items, shuffled))
    assert set(names(one.held_out)) == set(names(other.held_out))


def test_another_seed_holds_out_other_styles() -> None:
    items = labelled([n // 2 for n in range(80)])
    held_out = {tuple(names(split_items(items, seed=seed).held_out)) for seed in range(6)}
    assert len(held_out) == 6
    assert split_items(items, seed=3).held_out == split_items(items, seed=3).held_out


def test_nothing_is_held_out_where_nothing_is_asked_for() -> None:
    split = split_items(labelled([0, 0, 1, 2]), validation=0)
    assert (len(split.train), split.held_out) == (4, [])


def test_a_split_of_the_source_is_kept() -> None:
    said: list[str] = []
    items = [
        item("a", "s1", split="train"),
        item("b", "s1", split="val"),
        item("c", "s2", split="test"),
        item("d", "s3"),
        item("e", "s4", split="val"),
    ]
    split = split_items(items, validation=0.9, notify=said.append)
    assert (names(split.train), names(split.held_out)) == (["a", "d"], ["b", "e"])
    assert split.given
    assert said == ["1 items of the split test are left alone."]


@pytest.mark.parametrize("kinds", [("train", "test"), ("val", "test"), (None, "test")])
def test_where_the_source_names_one_side_alone_styles_are_held_out_and_test_is_left(kinds: tuple[Any, Any]) -> None:
    items = [item(f"i{n}", f"s{n // 2}", split=kinds[n % 3 == 2]) for n in range(60)]
    said: list[str] = []
    split = split_items(items, validation=0.25, notify=said.append)
    found = split.train + split.held_out
    assert {i.split for i in found} == {kinds[0]}
    assert len(found) == 40
    assert len(split.held_out) in (10, 11)
    assert not {i.label for i in split.train} & {i.label for i in split.held_out}
    assert said == ["20 items of the split test are left alone."]


def test_labels_by_attributes_are_those_of_items_without_their_own() -> None:
    one = item("a", "own", color="Red", season=["Spring", "Fall"], year=2012)
    none = item("b", None, color="Red", season=["Spring", "Fall"], year=2012)
    assert label_of(one, ("color",)) == "own"
    assert label_of(one, ("color",), override=True) == "Red"
    assert label_of(one, (), override=True) == "own"
    assert label_of(none, ("season", "color", "year")) == "Fall, Spring / Red / 2012"
    assert label_of(none, ("color", "brand")) is None
    assert label_of(none, ()) is None


@pytest.mark.parametrize("override", [False, True])
def test_classes_are_on_both_sides_and_styles_on_one(override: bool) -> None:
    """Where labels are classes, holding out a class would leave nothing of it to train on."""
    items = [item(f"i{n}", f"s{n // 2}", color=("Red", "Blue")[n // 2 % 2]) for n in range(80)]
    split = split_items(items, label_by=("color",), override=override, validation=0.3)
    assert not {i.label for i in split.train} & {i.label for i in split.held_out}
    sides = [{split.label(i) for i in side} for side in (split.train, split.held_out)]
    if override:
        assert sides == [{"Red", "Blue"}] * 2
    else:
        assert not sides[0] & sides[1]


def test_single_photos_are_held_out_where_there_are_no_styles() -> None:
    items = [item(f"i{n}", color=("Red", "Blue")[n % 2]) for n in range(40)]
    split = split_items(items, label_by=("color",), validation=0.25)
    assert len(split.held_out) == 10
    assert {split.label(i) for i in split.train} == {split.label(i) for i in split.held_out} == {"Red", "Blue"}


def test_an_attribute_that_no_item_has_is_refused_with_the_nearest_name() -> None:
    items = [item("a", color="Red"), item("b", category="Shirts")]
    with pytest.raises(UsageError, match=r"no item has the attribute 'colour'") as caught:
        split_items(items, label_by=("category", "colour"))
    assert caught.value.remedy == "Did you mean 'color'?"
    with pytest.raises(UsageError, match="'size'"):
        split_items([item("a", "s1", color="Red")], label_by=("size",), override=True)


def test_items_with_labels_need_not_have_what_a_method_would_make_labels_of() -> None:
    split = split_items(labelled([0, 0, 1, 1]), label_by=("category", "color"), validation=0.5)
    assert {split.label(i) for i in split.train + split.held_out} == {"s0", "s1"}


def test_queries_are_neither_trained_on_nor_held_out_for_a_method_of_the_gallery() -> None:
    items = [item(f"g{n}", f"s{n}") for n in range(8)] + [item(f"q{n}", f"s{n}", role="query") for n in range(4)]
    split = split_items(items, trains_on="gallery", validation=0.5)
    assert names(split.queries) == ["q0", "q1", "q2", "q3"]
    assert {i.role for i in split.train + split.held_out} == {"gallery"}
    assert len(split.train) + len(split.held_out) == 8
    both = split_items(items, trains_on="all", validation=0)
    assert (len(both.train), both.queries) == (12, [])


# What is read and said of the items


def test_of_two_items_with_one_id_the_second_is_a_failure() -> None:
    bad = Failure(item="x", file="t.csv", reason=Reason.BAD_RECORD, detail="no color")
    items, failures = read_items([item("a", "s1"), bad, item("b"), item("a", "s2", image=Path("p/2.jpg"))])
    assert [(i.id, i.label) for i in items] == [("a", "s1"), ("b", None)]
    assert failures[0] is bad
    assert (failures[1].item, failures[1].reason, failures[1].file) == ("a", Reason.DUPLICATE_ID, "p/2.jpg")
    assert len(failures) == 2


def test_a_summary_counts_values_and_measures_numbers() -> None:
    items = [
        item("a", color="Red", season=["Fall", "Spring"], price=10, year="2012"),
        item("b", color="Blue", season=["Fall"], price=20.5, year=2012),
        item("c", color="Red", price=30),
        item("d", color="Green"),
    ]
    found = summarize(items)
    assert list(found["color"].counts.items()) == [("Red", 2), ("Blue", 1), ("Green", 1)], "most frequent first"
    assert (found["color"].n_items, found["color"].numbers) == (4, None)
    assert dict(found["season"].counts) == {"Fall": 2, "Spring": 1}
    assert found["season"].n_items == 2
    assert found["price"].numbers == pytest.approx((statistics.mean([10, 20.5, 30]), statistics.pstdev([10, 20.5, 30])))
    assert dict(found["price"].counts) == {"10": 1, "20.5": 1, "30": 1}
    assert found["year"].numbers is None, "text among numbers: they are classes"
    assert dict(found["year"].counts) == {"2012": 2}
    assert set(found) == {"color", "season", "price", "year"}
    assert summarize([]) == {}


def test_numbers_that_are_all_the_same_can_still_be_divided_by_their_deviation() -> None:
    assert summarize([item("a", price=7), item("b", price=7)])["price"].numbers == (7, 1)


def test_the_mean_of_many_prices_is_exact() -> None:
    prices = [0.1] * 1000 + [1e9]
    found = summarize([item(f"i{n}", price=price) for n, price in enumerate(prices)])["price"].numbers
    assert found is not None
    assert found[0] == math.fsum(prices) / len(prices)


def test_the_fingerprint_changes_with_whatever_a_run_is_made_of(tmp_path: Path) -> None:
    photo, same, longer = tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "longer" / "a.jpg"
    longer.parent.mkdir()
    for file, n in ((photo, 10), (same, 10), (longer, 11)):
        file.write_bytes(b"x" * n)
    first = item("a", "s1", color="Red", image=photo)
    rest = [item("b", "s2"), item("c", None, color=["Blue", "Red"])]
    variants = [
        first,
        first.model_copy(update={"id": "z"}),
        first.model_copy(update={"label": "s2"}),
        first.model_copy(update={"label": None}),
        first.model_copy(update={"role": "query"}),
        first.model_copy(update={"split": "train"}),
        first.model_copy(update={"box": (0.0, 0.0, 5.0, 5.0)}),
        first.model_copy(update={"attributes": {"color": "Blue"}}),
        first.model_copy(update={"attributes": {"color": ["Red"]}}),
        first.model_copy(update={"attributes": {"color": "Red", "price": 3}}),
        first.model_copy(update={"image": same}),
        first.model_copy(update={"image": longer}),
        first.model_copy(update={"image": tmp_path / "missing" / "a.jpg"}),
        first.model_copy(update={"image": None}),
    ]
    found = [fingerprint_of([changed, *rest]) for changed in variants]
    assert len(set(found)) == len(variants)
    assert fingerprint_of([*rest[::-1], first]) == found[0], "in whatever order the source has them"
    assert fingerprint_of([first, *rest[:1]]) not in found
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / "a.jpg").write_bytes(b"y" * 10)
    assert fingerprint_of([first.model_copy(update={"image": moved / "a.jpg"}), *rest]) == found[0]


def test_a_split_knows_the_labels_of_its_items() -> None:
    plain, overridden = Split([], [], label_by=("color",)), Split([], [], label_by=("color",), override=True)
    one = item("a", "s1", color="Red")
    assert (plain.label(one), overridden.label(one)) == ("s1", "Red")


def test_a_part_for_testing_is_left_alone_by_style_and_changes_nothing_else():
    items = labelled([n // 2 for n in range(200)])
    said: list[str] = []
    split = split_items(items, validation=0.2, test=0.3, notify=said.append)
    met = {item.label for item in (*split.train, *split.held_out)}
    assert len(split.left_alone) == 60
    assert not met & {item.label for item in split.left_alone}
    assert len(split.train) + len(split.held_out) == 140
    assert len(split.held_out) == 28
    assert said == ["60 items are left alone: `fm eval` tests the model on them."]
    assert split_items(items, validation=0.2, test=0.0).held_out == split_items(items, validation=0.2).held_out


def test_a_source_with_a_test_split_keeps_it():
    items = [*labelled([0, 0, 1, 1]), item("t", "s9", split="test")]
    with pytest.raises(UsageError, match="Leave out --test"):
        split_items(items, test=0.5)
    assert names(split_items(items).left_alone) == ["t"]
