"""The canonical form of attributes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from fashion_match import Item, canonical_attributes


def test_values_become_what_an_item_accepts():
    raw = {
        "color": " Red ",
        "empty": "  ",
        "none": None,
        "nan": float("nan"),
        "list": ["a", " ", 3, None],
        "nothing": [],
        "flag": True,
        "n": 3,
        "x": 2.5,
        "exact": Decimal("1.25"),
        "day": date(2024, 5, 1),
    }
    attributes = canonical_attributes(raw)
    assert attributes == {
        "color": "Red",
        "list": ["a", "3"],
        "flag": "true",
        "n": 3,
        "x": 2.5,
        "exact": 1.25,
        "day": "2024-05-01",
    }
    assert Item(id="1", image=None, attributes=attributes).attributes == attributes


def test_autumn_and_fall_are_one_season():
    assert canonical_attributes({"season": "autumn"}) == {"season": "Fall"}
    assert canonical_attributes({"season": ["Autumn", "Winter"]}) == {"season": ["Fall", "Winter"]}
    assert canonical_attributes({"name": "Autumn"}) == {"name": "Autumn"}


@pytest.mark.parametrize("value", [{"a": 1}, [[1]], object(), b"x", float("inf")])
def test_other_values_are_refused_by_name(value):
    with pytest.raises(ValueError, match=r"^thing is "):
        canonical_attributes({"thing": value})
