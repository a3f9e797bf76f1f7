"""The grammar of one condition, and how conditions join."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match.core.error import UsageError
from fashion_match.core.where import Condition, Where


def parsed(text: str) -> list[tuple[str, str, tuple[object, ...]]]:
    return [(c.key, c.op, c.values) for c in Where.parse(text).conditions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("color=Blue", [("color", "in", ("Blue",))]),
        ("color = Navy Blue ", [("color", "in", ("Navy Blue",))]),
        ("color=Blue,Navy Blue", [("color", "in", ("Blue", "Navy Blue"))]),
        ("color in Blue, Navy Blue", [("color", "in", ("Blue", "Navy Blue"))]),
        ("color IN Blue", [("color", "in", ("Blue",))]),
        ("color in Blue,,Blue", [("color", "in", ("Blue",))]),
        ("season!=Fall", [("season", "not in", ("Fall",))]),
        ("season not in Fall,Winter", [("season", "not in", ("Fall", "Winter"))]),
        ("season  NOT  IN Fall", [("season", "not in", ("Fall",))]),
        ("price<50", [("price", "<", (50,))]),
        ("price >= -1.5", [("price", ">=", (-1.5,))]),
        ("price<=1e3", [("price", "<=", (1000,))]),
        ("price=20..50", [("price", ">=", (20,)), ("price", "<=", (50,))]),
        ("price=..50", [("price", "<=", (50,))]),
        ("price=-2.5..", [("price", ">=", (-2.5,))]),
        ('name="Shirt, blue",Hat', [("name", "in", ("Shirt, blue", "Hat"))]),
        ('name="20..50"', [("name", "in", ("20..50",))]),
        ('name="6"" heels"', [("name", "in", ('6" heels',))]),
        ("name=Made in Italy", [("name", "in", ("Made in Italy",))]),
        ("name=a=b", [("name", "in", ("a=b",))]),
        ("main color=Blue", [("main color", "in", ("Blue",))]),
        ("linings=silk", [("linings", "in", ("silk",))]),
        ('"made in"=Italy', [("made in", "in", ("Italy",))]),
        ("größe=XL", [("größe", "in", ("XL",))]),
    ],
)
def test_a_condition_is_understood(text: str, expected: list[tuple[str, str, tuple[object, ...]]]) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "''"),
        ("color", "'color'"),
        ("=Blue", "'=Blue'"),
        ("color=", "'color='"),
        ("color=,", "names no value"),
        ('color=""', "names no value"),
        ("price<cheap", "'cheap'"),
        ("price<", "'price<'"),
        ("price=50..20", "'price=50..20'"),
        ("price<1e999", "1e999"),
        ('name="Shirt', "quotes"),
        ('name="Shirt" blue', "quotes"),
    ],
)
def test_what_is_no_condition_is_refused_and_named(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        Where.parse(text)
    assert said in str(refused.value)


characters = st.characters(exclude_categories=["Cs", "Cc"])
texts = st.text(characters, min_size=1, max_size=12).filter(lambda text: text.strip() == text)
keys = st.text(st.sampled_from("abcXYZ 019_-é<=in"), min_size=1, max_size=10).filter(lambda text: text.strip() == text)


@given(keys, st.sampled_from(["in", "not in"]), st.lists(texts, min_size=1, max_size=4, unique=True))
def test_a_written_condition_reads_back(key: str, op: str, values: list[str]) -> None:
    condition = Condition(key=key, op=op, values=tuple(values))
    assert Where.parse(str(condition)).conditions == (condition,)


@given(st.text(max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert Where.parse(text)


def test_values_of_one_key_are_ored_and_everything_else_is_anded() -> None:
    joined = Where.parse("color=Blue") & Where.parse("price>5") & Where.parse("color=Red,Blue") & Where.parse("price>7")
    assert joined.conditions == (
        Condition(key="color", op="in", values=("Blue", "Red")),
        Condition(key="price", op=">", values=(5,)),
        Condition(key="price", op=">", values=(7,)),
    )


def test_a_filter_without_conditions_is_false_and_reads_as_everything() -> None:
    assert not Where()
    assert Where.parse("color=Blue")
    assert str(Where()) == "everything"
    assert str(Where.parse("color=Blue") & Where.parse("price=1..2")) == "color=Blue and price>=1 and price<=2"
