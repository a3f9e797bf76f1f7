"""Attributes as numbers, against a plain loop over rows, attributes and values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_match import Encoding
from fashion_match.core.model.card import ModelCard
from fashion_match.core.model.encoding import FARTHEST, PHOTO, hash_codes
from fashion_match.core.model.preprocess import Preprocess

NAMES = ("color", "season", "year", "price", "weight")
WORDS = ("Red", "Blue", "Fall", "2012", "7")
VALUES = st.one_of(
    st.sampled_from(WORDS),
    st.integers(-(10**9), 10**9),
    st.sampled_from([7, 2012, 2.5]),
    st.floats(-1e12, 1e12),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
)
ROWS = st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES), max_size=6)


def oracle(encoding: Encoding, rows: list[dict[str, Any]], has_photo: list[bool]) -> list[list[float]]:
    codes = []
    for attributes, photo in zip(rows, has_photo, strict=True):
        code = [1.0 if photo else 0.0]
        for name, known in encoding.vocabularies.items():
            value = attributes.get(name)
            values = [] if value is None else value if isinstance(value, list) else [str(value)]
            code.append(float(any(one not in known for one in values)))
            for word in known:
                code.append(float(word in values))
        for name, (mean, deviation) in encoding.numbers.items():
            value = attributes.get(name)
            if isinstance(value, (int, float)):
                distance = (value - mean) / deviation
                code += [1.0, -FARTHEST if distance < -FARTHEST else FARTHEST if distance > FARTHEST else distance]
            else:
                code += [0.0, 0.0]
        codes.append(code)
    return codes


@settings(deadline=None, max_examples=200)
@given(
    vocabularies=st.dictionaries(
        st.sampled_from(NAMES[:3]), st.lists(st.sampled_from(WORDS), unique=True, max_size=4).map(tuple), max_size=3
    ),
    numbers=st.dictionaries(
        st.sampled_from(NAMES[3:]), st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 1e3)), max_size=2
    ),
    rows=ROWS,
    data=st.data(),
)
def test_codes_are_what_a_plain_loop_gives(
    vocabularies: dict[str, tuple[str, ...]], numbers: dict[str, tuple[float, float]], rows: list[Any], data: Any
) -> None:
    encoding = Encoding(vocabularies=vocabularies, numbers=numbers)
    has_photo = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    codes = encoding.encode(rows, has_photo)
    assert codes.dtype == np.float32
    assert codes.shape == (len(rows), encoding.width)
    for code, expected in zip(codes.tolist(), oracle(encoding, rows, has_photo), strict=True):
        assert code == pytest.approx(expected, rel=1e-6, abs=1e-6)
    # The columns of the attributes lie one after the other, and fill the row.
    ends = [PHOTO + 1]
    for columns in encoding.columns.values():
        assert columns.start == ends[-1]
        ends.append(columns.stop)
    assert ends[-1] == encoding.width
    assert list(encoding.columns) == [*vocabularies, *numbers]


def test_an_unknown_value_is_something_else_than_a_missing_one() -> None:
    encoding = Encoding(vocabularies={"color": ("Blue", "Red")})
    codes = encoding.encode(
        [{"color": "Red"}, {"color": "Mauve"}, {}, {"color": ["Blue", "Mauve", "Red"]}], [True, True, False, False]
    )
    assert codes.tolist() == [[1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]]


def test_numbers_are_bounded_and_the_mean_is_something_else_than_missing() -> None:
    encoding = Encoding(numbers={"price": (40.0, 20.0)})
    codes = encoding.encode([{"price": p} for p in (40, 60, 10**9, -1e9)] + [{}, {"price": "cheap"}], [True] * 6)
    assert codes[:, 1:].tolist() == [[1, 0], [1, 1], [1, 5], [1, -5], [0, 0], [0, 0]]


def test_a_number_can_be_a_value_of_a_vocabulary() -> None:
    encoding = Encoding(vocabularies={"year": ("2012", "2013")})
    assert encoding.encode([{"year": 2013}, {"year": "2013"}, {"year": 2014}], [False] * 3)[:, 1:].tolist() == [
        [0, 0, 1],
        [0, 0, 1],
        [1, 0, 0],
    ]


def test_a_card_brings_its_encoding_back() -> None:
    encoding = Encoding(vocabularies={"color": ("Blue", "Red")}, numbers={"price": (40.0, 20.5)})
    card = ModelCard(
        backbone="tiny",
        vocabularies=encoding.vocabularies,
        numbers=encoding.numbers,
        dim=4,
        preprocess=Preprocess(),
        fingerprint="",
    )
    assert ModelCard.model_validate_json(card.model_dump_json()).encoding == encoding
    assert card.model_copy(update={"vocabularies": {}, "numbers": {}}).encoding is None


def test_a_hash_tells_codes_apart_and_the_same_ones_not() -> None:
    encoding = Encoding(vocabularies={"color": ("Blue", "Red")}, numbers={"price": (0.0, 1.0)})
    rows = [{}, {"color": "Red"}, {"color": "Blue"}, {"color": "Mauve"}, {"price": 1}, {"price": 1.001}, {}]
    hashes = [hash_codes(code) for code in encoding.encode(rows, [True] * 6 + [False])]
    assert len(set(hashes)) == 7
    assert hashes == [hash_codes(code) for code in encoding.encode(rows, [True] * 6 + [False])]
