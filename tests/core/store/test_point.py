"""Payloads and point ids."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match.core.error import StoreError
from fashion_match.core.item import Item
from fashion_match.core.store.point import make_payload, make_stored, namespace, parse_payload, point_id

from .conftest import make_item


class Record:
    """What an engine returns, counting how often it is unpacked."""

    def __init__(self, payload: dict[str, Any] | None, score: float = 0.5) -> None:
        self._payload = payload
        self.score = score
        self.vector = [1.0, 0.0]
        self.n_unpacked = 0

    @property
    def payload(self) -> dict[str, Any] | None:
        self.n_unpacked += 1
        return self._payload


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_point_id_is_a_uuid5_of_collection_and_item(item_id: str) -> None:
    space = uuid.uuid5(uuid.NAMESPACE_URL, "fashion-match/default")
    assert namespace("default") == space.bytes
    assert point_id(namespace("default"), item_id) == str(uuid.uuid5(space, item_id))
    assert point_id(namespace("other"), item_id) != point_id(namespace("default"), item_id)


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='".[]\n'), min_size=1, max_size=8).filter(
    lambda name: not name.startswith("_") and name not in ("id", "label", "split", "role", "source")
)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
floats = st.floats(allow_nan=False, allow_infinity=False)
items = st.builds(
    Item,
    id=words,
    image=st.none() | st.sampled_from([Path("/a/b.jpg"), Path("rel/ü.png"), Path("/x/\udcff%20 y.jpg")]),
    box=st.none() | st.tuples(floats, floats, floats, floats),
    label=st.none() | words,
    role=st.sampled_from(["gallery", "query"]),
    split=st.sampled_from([None, "train", "val", "test"]),
    attributes=st.dictionaries(
        names, words | st.lists(words, min_size=1, max_size=3) | floats | st.integers(-(2**63), 2**63 - 1), max_size=4
    ),
    scores=st.dictionaries(words, st.floats(0, 1), max_size=2),
)


@given(items)
def test_an_item_survives_its_payload(item: Item) -> None:
    payload = make_payload(item, "content", (5, 7), "source")
    parsed, *others = parse_payload(payload)
    assert others == ["content", (5, 7), "source"]
    assert parsed == item
    assert parsed.model_dump() == item.model_dump()
    assert parsed.model_copy(update={"id": "x"}).id == "x"
    assert hash(parsed.id) == hash(item.id)


def test_a_payload_is_readable_by_anyone_and_says_no_more_than_is_known() -> None:
    payload = make_payload(make_item("a1", color="Blue", tags=["x"]), "c", (1, 2), "s")
    assert payload == {
        "color": "Blue",
        "tags": ["x"],
        "_fm": {
            "id": "a1",
            "image": "/photos/a1.jpg",
            "content": "c",
            "stat": [1, 2],
            "source": "s",
            "role": "gallery",
        },
    }


def test_a_record_is_unpacked_once_and_only_when_looked_at() -> None:
    record = Record(make_payload(make_item("a1"), "c", (1, 2), "s"))
    stored = make_stored(record, scored=True, with_vectors=True)
    assert (stored.score, stored.vector, record.n_unpacked) == (0.5, [1.0, 0.0], 0)
    assert (stored.item.id, stored.content, stored.stat, stored.source) == ("a1", "c", (1, 2), "s")
    assert "a1" in repr(stored)
    assert stored == pickle.loads(pickle.dumps(stored)) == copy.copy(stored)
    assert dataclasses.replace(stored, score=0.75).item == stored.item
    assert record.n_unpacked == 1
    with pytest.raises(AttributeError, match="price"):
        stored.price  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("payload", [None, {}, {"color": "Blue"}, {"_fm": {"id": "1"}}, {"_fm": 3}])
def test_a_point_of_another_program_is_told(payload: dict[str, Any] | None) -> None:
    with pytest.raises(StoreError, match="did not write"):
        _ = make_stored(Record(payload)).item
