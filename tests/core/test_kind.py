from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match.core.kind import widen

VALUES = st.one_of(
    st.text(min_size=1),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.lists(st.text(min_size=1), min_size=1),
)


@pytest.mark.parametrize(
    ("value", "kind"), [("Blue", "keyword"), (["a", "b"], "keyword"), (2012, "integer"), (9.5, "float")]
)
def test_kind_of_a_value(value, kind):
    assert widen({}, {"a": value}) == {"a": kind}


@given(st.lists(VALUES, max_size=8))
def test_widening_ends_in_one_kind_that_holds_all_values_or_refuses(values):
    kinds: dict = {}
    try:
        for value in values:
            kinds |= widen(kinds, {"a": value})
    except TypeError:
        assert {isinstance(value, (str, list)) for value in values} == {True, False}
        return
    names = {str: "keyword", list: "keyword", int: "integer", float: "float"}
    by_itself = {names[type(value)] for value in values}
    expected = "float" if by_itself == {"integer", "float"} else next(iter(by_itself), None)
    assert kinds.get("a") == expected


def test_what_is_known_already_adds_nothing():
    assert widen({"price": "float", "color": "keyword"}, {"price": 3, "color": "Blue"}) == {}


def test_the_refusal_names_attribute_and_value():
    with pytest.raises(TypeError, match=r"price is text \('cheap'\) but a number"):
        widen({"price": "float"}, {"price": "cheap"})
