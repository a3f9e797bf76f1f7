"""What every collection can do, on every engine."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashion_match.core.error import StoreError, UsageError
from fashion_match.core.store.point import make_payload
from fashion_match.core.store.protocol import Location, Point, Stored
from fashion_match.core.where import Where

from .conftest import DIM, MakeStore, make_item, make_point, make_spec, make_vector

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

ITEMS = [
    make_item(
        f"i{n}",
        color=["Red", "Blue", "Navy Blue"][n % 3],
        season=["Summer", "Fall"][n % 2],
        price=n,
        label=f"style {n // 4}",
        split=["train", "val"][n % 2],
    )
    for n in range(30)
]
KINDS: dict[str, Any] = {"color": "keyword", "season": "keyword", "price": "integer"}


def cosine(one: list[float], two: list[float]) -> float:
    return sum(a * b for a, b in zip(one, two, strict=True)) / math.sqrt(
        sum(a * a for a in one) * sum(b * b for b in two)
    )


def ids(found: Any) -> list[str]:
    return [stored.item.id for stored in found]


def test_an_item_comes_back_as_it_went_in(make_store: MakeStore) -> None:
    full = make_item(
        "ünï/códe 1.jpg",
        image=Path("/photos/a b/ü.jpg"),
        box=(0.5, 1.0, 20.25, 30.0),
        label="l",
        role="query",
        split="test",
        scores={"color": 0.25},
        color="Blue",
        tags=["a, b", 'c"d'],
        price=9.99,
        year=2012,
    )
    bare = make_item("2", image=None)
    store = make_store([full, bare], {"color": "keyword", "tags": "keyword", "price": "float", "year": "integer"})
    stored = store.fetch([bare.id, full.id], with_vectors=True)
    assert [s.item for s in stored] == [bare, full]
    assert (stored[1].content, stored[1].stat, stored[1].source) == ("c1", (1234, 1_700_000_000_123_456_789), "s1")
    assert stored[1].score is None
    assert cosine(stored[1].vector or [], make_vector(full.id)) == pytest.approx(1, abs=1e-6)
    assert store.fetch([full.id])[0].vector is None


def test_a_file_name_that_is_no_text_comes_back(make_store: MakeStore) -> None:
    item = make_item("1", image=Path("/photos/caf\udce9 %41.jpg"))
    assert make_store([item]).fetch(["1"])[0].item == item


def test_nearest_is_the_sorted_list_of_cosines(make_store: MakeStore) -> None:
    store = make_store(ITEMS, KINDS)
    anchor = make_vector("anchor")
    expected = sorted(((cosine(anchor, make_vector(i.id)), i.id) for i in ITEMS), reverse=True)
    for exact in (False, True):
        found = store.nearest(anchor, k=10, exact=exact)
        assert ids(found) == [item_id for _, item_id in expected[:10]]
        assert [s.score for s in found] == pytest.approx([score for score, _ in expected[:10]], abs=1e-5)
    assert ids(store.nearest(anchor, k=5, offset=7)) == [item_id for _, item_id in expected[7:12]]
    assert ids(store.nearest(anchor, k=5, offset=28)) == [item_id for _, item_id in expected[28:]]
    assert ids(store.nearest(anchor, k=50)) == [item_id for _, item_id in expected]


def test_nearest_keeps_to_filter_exclusion_and_least_score(make_store: MakeStore) -> None:
    store = make_store(ITEMS, KINDS)
    anchor = make_vector("i3")
    found = store.nearest(anchor, where=Where.parse("color=Red"), exclude=["i3", "i6", "unknown"], k=30)
    assert set(ids(found)) == {i.id for i in ITEMS if i.attributes["color"] == "Red"} - {"i3", "i6"}
    least = sorted((cosine(anchor, make_vector(i.id)) for i in ITEMS), reverse=True)[4] - 1e-4
    assert len(store.nearest(anchor, k=30, min_score=least)) == 5
    assert store.nearest(anchor, min_score=1.5) == []
    vector = store.nearest(anchor, k=1, with_vectors=True)[0].vector
    assert vector == pytest.approx(anchor, abs=1e-6)


def test_equal_scores_come_in_one_order(make_store: MakeStore) -> None:
    same = [make_point(make_item(f"same{n}"), vector=make_vector("same")) for n in range(6)]
    store = make_store()
    store.upsert(same)
    first = ids(store.nearest(make_vector("same"), k=6))
    store.upsert(same[::-1])
    assert ids(store.nearest(make_vector("same"), k=6)) == first


@pytest.mark.parametrize("as_array", [False, True])
def test_rows_of_an_array_are_as_good_as_lists(make_store: MakeStore, as_array: bool) -> None:
    rows = np.asarray([make_vector(i.id) for i in ITEMS], dtype=np.float32)
    store = make_store(kinds=KINDS)
    store.upsert([make_point(i, row if as_array else row.tolist()) for i, row in zip(ITEMS, rows, strict=True)])
    anchor = rows[3] if as_array else rows[3].tolist()
    assert ids(store.nearest(anchor, k=1)) == ["i3"]


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        ([1.0] * (DIM - 1), f"{DIM - 1} numbers"),
        ([0.0] * DIM, "zero"),
        ([1e-40] * DIM, "zero"),
        ([math.nan] + [1.0] * (DIM - 1), "not finite"),
        ([1.0] * (DIM - 1) + [-math.inf], "not finite"),
        ([1e30] * DIM, "not finite"),
        (np.full(DIM, np.nan, dtype=np.float32), "not finite"),
    ],
)
def test_a_vector_without_direction_is_refused_and_nothing_is_written(
    make_store: MakeStore, vector: Any, said: str
) -> None:
    store = make_store()
    with pytest.raises(StoreError) as refused:
        store.upsert([make_point(make_item("good")), make_point(make_item("bad"), vector=vector)])
    assert said in refused.value.problem
    assert "'bad'" in refused.value.problem
    assert store.count() == 0
    with pytest.raises(StoreError, match=said):
        store.nearest(vector)


def test_a_whole_number_beyond_64_bits_is_refused(make_store: MakeStore) -> None:
    store = make_store(kinds={"year": "integer"})
    store.upsert([make_point(make_item("max", year=2**63 - 1)), make_point(make_item("min", year=-(2**63)))])
    assert store.fetch(["max"])[0].item.attributes == {"year": 2**63 - 1}
    with pytest.raises(StoreError, match="year"):
        store.upsert([make_point(make_item("1", year=2**63))])


def test_upsert_replaces(make_store: MakeStore) -> None:
    store = make_store([make_item("1", color="Red", size="S")], {"color": "keyword", "size": "keyword"})
    store.upsert([make_point(make_item("1", color="Blue"), vector=make_vector("other"), content="c2")])
    assert store.count() == 1
    assert store.fetch(["1"])[0].item.attributes == {"color": "Blue"}
    assert store.fetch(["1"])[0].content == "c2"
    assert store.nearest(make_vector("other"), k=1)[0].score == pytest.approx(1, abs=1e-5)
    assert store.count(Where.parse("size=S")) == 0


def test_set_items_rewrites_all_but_the_vector_of_what_exists(make_store: MakeStore) -> None:
    store = make_store([make_item("1", color="Red", size="S"), make_item("2")], {"color": "keyword", "size": "keyword"})
    changed = Stored(make_item("1", color="Blue"), "c9", (5, 6), "s9")
    store.set_items([changed, Stored(make_item("ghost"), "c", (0, 0), "s")])
    stored = store.fetch(["1"], with_vectors=True)[0]
    assert (stored.item, stored.content, stored.stat, stored.source) == (changed.item, "c9", (5, 6), "s9")
    assert stored.vector == pytest.approx(make_vector("1"), abs=1e-6)
    assert store.count() == 2
    assert store.count(Where.equal("source", "s9")) == 1
    assert store.count(Where.equal("size", "S")) == 0


def test_fetch_keeps_the_order_asked_for_and_skips_what_is_missing(make_store: MakeStore) -> None:
    store = make_store(ITEMS, KINDS)
    assert ids(store.fetch(["i7", "ghost", "i2", "i7", "i29"])) == ["i7", "i2", "i7", "i29"]
    assert store.fetch([]) == []


def test_payloads_tell_what_would_be_written_again(make_store: MakeStore) -> None:
    store = make_store(ITEMS, KINDS)
    payloads = store.payloads(["i7", "ghost", "i2"])
    point = make_point(ITEMS[7])
    assert payloads[0] == make_payload(ITEMS[7], point.content, point.stat, point.source)
    assert payloads[0] != make_payload(ITEMS[7], point.content, point.stat, "another source")
    assert payloads[0] != make_payload(ITEMS[8], point.content, point.stat, point.source)
    assert payloads[1] is None
    assert payloads[2] is not None
    assert payloads[2]["color"] == ITEMS[2].attributes["color"]


def test_scan_gives_everything_once_in_an_order_that_stays(make_store: MakeStore) -> None:
    many = [make_item(f"n{n}", price=n) for n in range(2500)]  # more than two pages
    store = make_store(many, {"price": "integer"})
    scanned = ids(store.scan())
    assert sorted(scanned) == sorted(i.id for i in many)
    assert scanned != sorted(scanned)
    assert ids(store.scan()) == scanned
    chosen = ids(store.scan(Where.parse("price<1200")))
    assert chosen == [item_id for item_id in scanned if int(item_id[1:]) < 1200]
    assert all(s.vector is not None for s in store.scan(Where.parse("price<3"), with_vectors=True))


def test_facets_count_values_most_frequent_first(make_store: MakeStore) -> None:
    items = [
        make_item("1", tags=["a", "b"], year=2001, price=1.5, label="l1"),
        make_item("2", tags=["b"], year=2002, price=2, label="l1"),
        make_item("3", tags="b", year=2001, price=1.5, split="test"),
        make_item("4"),
    ]
    store = make_store(items, {"tags": "keyword", "year": "integer", "price": "float"})
    assert list(store.facet("tags").items()) == [("b", 3), ("a", 1)]
    assert list(store.facet("year").items()) == [(2001, 2), (2002, 1)]
    assert list(store.facet("price").items()) == [(1.5, 2), (2, 1)]
    assert store.facet("label") == {"l1": 2}
    assert store.facet("split") == {"test": 1}
    assert store.facet("role") == {"gallery": 4}
    assert store.facet("tags", Where.parse("year=2001")) == {"b": 2, "a": 1}
    assert list(store.facet("tags", Where.parse("year=2001"), limit=1)) == ["b"]
    for key in ("colour", "id"):
        with pytest.raises(UsageError, match=r"colour|ids"):
            store.facet(key)


def test_facet_ties_are_broken_by_value_before_the_limit_cuts(make_store: MakeStore) -> None:
    store = make_store([make_item(str(n), size=f"s{n}") for n in range(20)], {"size": "keyword"})
    assert list(store.facet("size", limit=3)) == ["s0", "s1", "s10"]


def test_delete_removes_and_ignores_what_is_gone(make_store: MakeStore) -> None:
    store = make_store(ITEMS, KINDS)
    store.delete(["i1", "i2", "ghost"])
    store.delete([])
    assert store.count() == 28
    assert store.fetch(["i1", "i3"])[0].item.id == "i3"
    assert "i2" not in ids(store.nearest(make_vector("i2"), k=30))


def test_whole_numbers_become_numbers_and_nothing_else_changes_kind(make_store: MakeStore) -> None:
    store = make_store([make_item("1", price=5, color="Red")], {"price": "integer", "color": "keyword"})
    store.ensure({"price": "float"}, ["color"])
    store.upsert([make_point(make_item("2", price=5.5, color="Red"))])
    assert store.spec.kinds == {"price": "float", "color": "keyword"}
    assert store.spec.scored == ("color",)
    assert ids(store.scan(Where.parse("price>5.2"))) == ["2"]
    assert ids(store.scan(Where.parse("price=5"))) == ["1"]
    store.ensure({"price": "integer"})
    assert store.spec.kinds["price"] == "float"
    for kinds in ({"price": "keyword"}, {"color": "integer"}, {"color": "float", "new": "float"}):
        with pytest.raises(StoreError, match=next(iter(kinds))):
            store.ensure(kinds)  # type: ignore[arg-type]
    assert "new" not in store.spec.kinds


def test_a_collection_is_the_same_after_closing_and_opening(location: Location, make_store: MakeStore) -> None:
    store = make_store(ITEMS, KINDS, model={"backbone": "resnet50", "options": {"a": [1, None]}})
    store.ensure({"brand": "keyword"}, ["color"])
    spec, name = store.spec, store.name
    assert location.spec(name) == spec
    store.close()
    store.close()
    again = location.open(name)
    assert again.spec == spec
    assert again.name == name
    assert again.count(Where.parse("color=Red")) == 10
    assert sorted(ids(again.scan())) == sorted(i.id for i in ITEMS)


def test_optimize_changes_no_answer_and_what_is_written_after_it_is_found(make_store: MakeStore) -> None:
    store = make_store(ITEMS, KINDS)
    before = ids(store.nearest(make_vector("anchor"), k=30))
    store.optimize()
    assert ids(store.nearest(make_vector("anchor"), k=30)) == before
    store.upsert([make_point(make_item("late"))])
    assert ids(store.nearest(make_vector("late"), k=1)) == ["late"]


def test_threads_read_while_another_writes(location: Location, make_store: MakeStore) -> None:
    if location.address == "http://stand-in":
        pytest.skip("the client's stand-in for a server is not made for threads")
    store = make_store(ITEMS, KINDS)
    wrong: list[Any] = []

    def read() -> None:
        try:
            for _ in range(30):
                if ids(store.nearest(make_vector("i5"), k=1, where=Where.parse("price<100"))) != ["i5"]:
                    wrong.append("not found")
        except Exception as error:
            wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(20):
        store.upsert([make_point(make_item(f"w{n}", price=1000 + n))])
    for reader in readers:
        reader.join()
    assert not wrong
    assert store.count() == 50


def test_collections_live_side_by_side_and_are_removed(location: Location) -> None:
    names = ["b-first", "a.second", "c_third"]
    for n, name in enumerate(names):
        store = location.create(name, make_spec(fingerprint=name))
        store.upsert([make_point(make_item("same id"))] * (n > 0))
        store.close()
    assert set(names) <= set(location.names())
    assert [name for name in location.names() if name in names] == sorted(names)
    assert location.spec("a.second").fingerprint == "a.second"
    location.drop("a.second")
    assert "a.second" not in location.names()
    with pytest.raises(StoreError):
        location.open("a.second")
    reopened = location.open("c_third")
    assert reopened.count() == 1
    reopened.close()
    location.create("a.second", make_spec()).close()
    assert location.spec("a.second").fingerprint == "f1"
    for name in names:
        location.drop(name)


def test_a_missing_or_taken_or_malformed_name_is_told(location: Location, make_store: MakeStore) -> None:
    taken = make_store().name
    with pytest.raises(StoreError, match="already"):
        location.create(taken, make_spec())
    for ask in (location.open, location.spec, location.drop):
        with pytest.raises(StoreError) as missing:
            ask(taken[:-1])
        assert taken in missing.value.remedy
    for name in ("", "a/b", "../a", ".hidden", "a b", "ü", "a" * 101):
        with pytest.raises(StoreError, match="name of a collection"):
            location.create(name, make_spec())


def test_an_empty_place_says_how_to_fill_it(location: Location) -> None:
    if location.names():
        pytest.skip("the server is in use")
    with pytest.raises(StoreError) as missing:
        location.open("default")
    assert "no collection" in missing.value.problem
    assert f"fm ingest SOURCE --collection default --store {location.address}" in missing.value.remedy


def test_no_points_is_nothing_to_do(make_store: MakeStore) -> None:
    store = make_store()
    store.upsert([])
    store.set_items([])
    assert store.nearest(make_vector("x")) == []
    assert list(store.scan()) == []
    assert store.payloads([]) == []
    assert isinstance(make_point(make_item("1")), Point)
