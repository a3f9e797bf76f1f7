"""Of what leaks nothing stays but one of each group of twins."""

from __future__ import annotations

import pytest

from fashion_match import Item, UsageError
from fashion_match.core.evaluate.leak import TWIN
from fashion_match.core.evaluation import Leak
from fashion_match.core.leak_check import _without


def leak(item: str, other: str, side: str = TWIN) -> Leak:
    return Leak(kind="same content", side=side, item=item, other=other)


def test_one_of_twins_stays_and_what_was_trained_on_goes():
    items = [Item(id=name, image=None) for name in "abcde"]
    twins = [leak("a", "b"), leak("b", "a"), leak("c", "d"), leak("d", "c")]
    assert [item.id for item in _without(items, twins)] == ["b", "d", "e"]
    trained = leak("d", "x", "that the model was trained on")
    assert [item.id for item in _without(items, [*twins, trained])] == ["b", "c", "e"]


def test_where_nothing_stays_that_is_said():
    items = [Item(id="a", image=None)]
    with pytest.raises(UsageError, match="every tested item leaks"):
        _without(items, [leak("a", "x", "that the model was trained on")])
