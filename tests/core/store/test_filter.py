"""Filters on every engine against a list comprehension over the items."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fashion_match.core.error import UsageError
from fashion_match.core.item import Item
from fashion_match.core.store.protocol import Kind, VectorStore
from fashion_match.core.where import Condition, Where

from .conftest import ENGINES, make_item, make_location, make_point, make_spec, make_vector

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect", "ignore:Local mode performs exact")

KINDS: dict[str, Kind] = {
    "color": "keyword",
    "tags": "keyword",
    "an odd key, with é and 'quotes'": "keyword",
    "year": "integer",
    "price": "float",
}
ODD = "an odd key, with é and 'quotes'"
WORDS = ["Blue", "blue", "Navy Blue", "a, b", 'say "hi"', "ünï ☃", "2012", "", " ", "\\", "null", "*"]
NUMBERS = [0, -1, 2012, 2013, 19.99, 20, 20.0, 1e-9, -2.5, 0.1, 2**40, 2012.5, 1e18]


def items() -> list[Item]:
    """Items in which every attribute is missing somewhere."""
    made = []
    for n in range(60):
        word = [w for w in WORDS if w]
        given: dict[str, Any] = {
            "color": word[n % len(word)] if n % 5 else None,
            "tags": [word[n % 3], word[n % 7]] if n % 3 else (word[n % 4] if n % 4 else None),
            ODD: word[n % 2] if n % 2 else None,
            "year": [2012, 2013, 0, -1, 2**40][n % 5] if n % 6 else None,
            "price": [19.99, 20, 20.0, 0.1, -2.5, 2012.5, 10**18][n % 7] if n % 8 else None,
        }
        own: dict[str, Any] = {
            "label": f"l{n % 4}" if n % 9 else None,
            "split": [None, "train", "val", "test"][n % 4],
            "role": ["gallery", "query"][n % 2],
        }
        made.append(make_item(f"i{n}", **own, **{key: value for key, value in given.items() if value is not None}))
    return made


ITEMS = items()
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def values_of(item: Item, key: str) -> list[Any]:
    own = {"id": item.id, "label": item.label, "split": item.split, "role": item.role, "source": "s1"}
    value = own[key] if key in own else item.attributes.get(key)
    return [] if value is None else value if isinstance(value, list) else [value]


def meets(item: Item, condition: Condition) -> bool:
    held = values_of(item, condition.key)
    numeric = KINDS.get(condition.key) in ("integer", "float")
    wanted: list[Any] = [float(v) if numeric else str(v) for v in condition.values]
    if condition.op == "in":
        return any(value in wanted for value in held)
    if condition.op == "not in":
        return not any(value in wanted for value in held)
    return any(COMPARE[condition.op](value, wanted[0]) for value in held)


def matching(where: Where) -> set[str]:
    return {item.id for item in ITEMS if all(meets(item, condition) for condition in where.conditions)}


words = st.sampled_from([*WORDS, "Bleu", "l1", "l2", "train", "query", "i7", "i8", "s1"])
numbers = st.sampled_from(NUMBERS) | st.integers(-3, 2020) | st.floats(-5, 2020)
equal = st.sampled_from(["in", "not in"])
on_text = st.builds(
    Condition,
    key=st.sampled_from(["color", "tags", ODD, "label", "split", "role", "source", "id"]),
    op=equal,
    values=st.lists(words | st.just(2012), max_size=3).map(tuple),
)
on_numbers = st.builds(
    Condition,
    key=st.sampled_from(["year", "price"]),
    op=equal,
    values=st.lists(numbers | numbers.map(str), max_size=3).map(tuple),
) | st.builds(
    Condition,
    key=st.sampled_from(["year", "price"]),
    op=st.sampled_from(list(COMPARE)),
    values=st.tuples(numbers),
)
wheres = st.lists(on_text | on_numbers, max_size=3).map(lambda conditions: Where(conditions=tuple(conditions)))


@pytest.fixture(scope="module", params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorStore]:
    location = make_location(request.param, Path(tmp_path_factory.mktemp("filter")))
    made = location.create("test-filter", make_spec())
    made.ensure(KINDS)
    made.upsert([make_point(item) for item in ITEMS])
    yield made
    made.close()
    location.drop("test-filter")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=wheres)
@example(where=Where(conditions=(Condition(key="year", op="<", values=(2012.5,)),)))
@example(where=Where(conditions=(Condition(key="year", op=">=", values=(-0.5,)),)))
@example(where=Where(conditions=(Condition(key="price", op="in", values=("20", 0.1)),)))
@example(where=Where(conditions=(Condition(key="price", op="not in", values=(19.99,)),)))
@example(where=Where(conditions=(Condition(key=ODD, op="in", values=("blue",)),)))
@example(where=Where(conditions=(Condition(key="color", op="in", values=(2012,)),)))
def test_a_filter_matches_what_a_loop_matches(store: VectorStore, where: Where) -> None:
    expected = matching(where)
    assert store.count(where) == len(expected)
    assert {stored.item.id for stored in store.scan(where)} == expected
    assert {stored.item.id for stored in store.nearest(make_vector("a"), where=where, k=100)} == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=wheres, key=st.sampled_from(["color", "tags", ODD, "year", "price", "label", "split", "role"]))
def test_facets_count_what_a_loop_counts(store: VectorStore, where: Where, key: str) -> None:
    expected: dict[Any, int] = {}
    for item in ITEMS:
        if item.id in matching(where):
            for value in set(values_of(item, key)):
                expected[value] = expected.get(value, 0) + 1
    found = store.facet(key, where)
    assert found == expected
    assert list(found.values()) == sorted(found.values(), reverse=True)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition(key="colour", op="in", values=("Blue",)), "'color'"),
        (Condition(key="nothing like it", op="in", values=("Blue",)), "color"),
        (Condition(key="color", op="<", values=(5,)), "color holds text"),
        (Condition(key="split", op=">=", values=(5,)), "split holds text"),
        (Condition(key="year", op="in", values=("MMXII",)), "'MMXII'"),
        (Condition(key="price", op="not in", values=("",)), "price holds numbers"),
        (Condition(key="price", op="<", values=("nan",)), "'nan'"),
        (Condition(key="year", op="in", values=(2**70,)), "year"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(store: VectorStore, condition: Condition, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        store.count(Where(conditions=(condition,)))
    assert said in str(refused.value)
