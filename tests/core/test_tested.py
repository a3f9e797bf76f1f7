"""What is tested, what it is searched among, and what is left for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from fashion_match import Item, UsageError
from fashion_match.core.model.seen import Seen, SeenItem
from fashion_match.core.tested import choose_sides, part_of_labels


def items(*given: str, **fields) -> list[Item]:
    return [Item(id=name, image=Path(f"{name}.jpg"), **fields) for name in given]


def seen(**roles: str) -> Seen:
    return Seen([SeenItem(name, role, None, None, f"content of {name}") for name, role in roles.items()], Path("/"))


def choose(found: list[Item], part="auto", known: Seen | None = None, gallery=None):
    contents = {item.id: f"content of {item.id}" for item in found}
    return choose_sides(found, part, seen=known, contents=contents, gallery=gallery)


def ids(found: list[Item] | None) -> list[str] | None:
    return None if found is None else [item.id for item in found]


def test_without_splits_and_for_a_model_that_met_nothing_all_items_are_tested():
    sides = choose(items("a", "b"))
    assert (ids(sides.tested), sides.gallery, sides.rest, sides.chosen) == (["a", "b"], None, [], "all items")
    assert ids(choose(items("a", "b"), known=seen(other="train")).tested) == ["a", "b"]


@pytest.mark.parametrize(
    ("splits", "known", "tested"),
    [
        ("train val test", None, "test"),
        ("train val", None, "val"),
        ("train val test", {"train": "train", "val": "validation"}, "test"),
        ("train val", {"train": "train", "val": "validation"}, "val"),
    ],
)
def test_a_source_with_splits_is_tested_on_the_last_of_them(splits, known, tested):
    found = [item for split in splits.split() for item in items(split, split=split)]
    sides = choose(found, known=seen(**known) if known else None)
    assert ids(sides.tested) == [tested]
    assert ids(sides.rest) == [split for split in splits.split() if split != tested]


def test_what_the_model_was_trained_on_is_not_tested_whatever_it_is_called():
    known = Seen([SeenItem("x", "train", None, None, "content of a")], Path("/elsewhere"))
    sides = choose(items("a", "b", "c"), known=known)
    assert ids(sides.tested) == ["b", "c"]
    assert ids(sides.rest) == ["a"]
    assert "the model was trained on 1 others of the source" in sides.chosen


def test_what_the_run_left_alone_is_tested_first():
    known = seen(a="train", b="validation", c="test")
    assert ids(choose(items("a", "b", "c", "new"), known=known).tested) == ["c"]
    assert ids(choose(items("a", "b", "new"), known=known).tested) == ["b", "new"]


def test_the_part_can_be_named():
    found = [*items("a", split="train"), *items("b", split="test"), *items("c")]
    assert ids(choose(found, "train").tested) == ["a"]
    assert ids(choose(found, "all", known=seen(a="train")).tested) == ["a", "b", "c"]
    assert ids(choose(found, "held-out", known=seen(a="train")).tested) == ["b", "c"]
    with pytest.raises(UsageError, match="the source has no split val"):
        choose(found, "val")
    with pytest.raises(UsageError, match="it held none out"):
        choose(found, "held-out")


def test_queries_are_searched_in_the_gallery_of_their_split():
    found = [
        *items("q1", role="query", split="test"),
        *items("g1", split="test"),
        *items("q2", role="query", split="train"),
        *items("g2", split="train"),
    ]
    sides = choose(found)
    assert (ids(sides.tested), ids(sides.gallery), ids(sides.rest)) == (["q1"], ["g1"], ["g1", "q2", "g2"])


def test_targets_may_have_been_trained_on():
    found = [*items("q", role="query"), *items("t")]
    sides = choose(found, known=seen(t="train"))
    assert (ids(sides.tested), ids(sides.gallery)) == (["q"], ["t"])


def test_a_gallery_of_its_own_wins():
    found = [*items("q", role="query"), *items("t")]
    sides = choose(found, gallery=items("other"))
    assert (ids(sides.tested), ids(sides.gallery)) == (["q", "t"], ["other"])


def test_labels_are_never_torn_apart():
    found = [item for n in range(20) for item in items(f"{n}a", f"{n}b", label=f"style {n}")]
    first, second = part_of_labels(found, 0.25, seed=0)
    assert (len(first), len(second)) == (10, 30)
    assert not {item.label for item in first} & {item.label for item in second}
    assert first == part_of_labels(list(reversed(found)), 0.25, seed=0)[0][::-1]
    assert first != part_of_labels(found, 0.25, seed=1)[0]
