"""Near duplicates as groups, and which one to keep."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from PIL import Image

from fashion_match import Catalogue, UsageError, Where
from fashion_match.core import duplicates as module
from fashion_match.core.duplicate_sheets import write_duplicate_sheets
from fashion_match.core.duplicates import age, find_duplicates, write_duplicates, write_ids
from tests.core.store.conftest import make_item, make_location, make_point, make_spec, make_vector


@pytest.fixture(params=["edge", "memory"])
def store(request, tmp_path):
    location = make_location(request.param, tmp_path / "store")
    made = location.create("test", make_spec())
    made.ensure({"color": "keyword", "brand": "keyword"})
    yield made
    made.close()
    location.close()


@pytest.fixture(scope="module")
def shots(photos) -> list[Path]:
    """One drawn photo of each of some styles."""
    return sorted(photos.rglob("*_1.jpg"))[:6]


def as_groups(found) -> list[list[str]]:
    return [[one.id for one in group.members] for group in found.groups]


def test_copies_are_found_by_look_and_the_largest_is_kept(store, shots, tmp_path):
    assert len(shots) == 6
    items = [make_item(f"p{n}", image=shot) for n, shot in enumerate(shots)]
    with Image.open(shots[0]) as opened:
        opened.resize((opened.width * 2, opened.height * 2)).save(tmp_path / "big.png")
    with Image.open(shots[1]) as opened:
        opened.save(tmp_path / "again.jpg", quality=70)
    (tmp_path / "same.jpg").write_bytes(shots[0].read_bytes())
    (tmp_path / "broken.jpg").write_text("no photo")
    items += [make_item(name, image=tmp_path / name) for name in ("big.png", "again.jpg", "same.jpg", "broken.jpg")]
    items += [make_item("gone", image=tmp_path / "gone.jpg"), make_item("none", image=None)]
    store.upsert([make_point(item) for item in items])
    found = find_duplicates(store)
    assert found.n_items == len(items)
    assert as_groups(found) == [["big.png", "p0", "same.jpg"], ["again.jpg", "p1"]]
    big = found.groups[0]
    assert big.kept.n_pixels == 4 * big.others[0].n_pixels == 4 * 96 * 96
    assert [one.apart for one in big.others] == pytest.approx([big.others[0].apart] * 2), "the same file twice"
    assert 0 < big.others[0].apart < 0.22
    assert found.to_delete() == ["p0", "same.jpg", "p1"]
    assert any("1 gone" in line and "1 unreadable" in line for line in found.unknown)
    assert any("without a photo" in line and "1." in line for line in found.unknown)
    assert find_duplicates(store, limit=0).to_delete() == ["same.jpg"]


def test_two_boxes_of_one_photo_are_no_copies(store, shots):
    halves = [(0.0, 0.0, 96.0, 40.0), (0.0, 50.0, 96.0, 96.0)]
    items = [make_item(f"half{n}", image=shots[0], box=box) for n, box in enumerate(halves)]
    items += [make_item("top", image=shots[0], box=halves[0])]
    store.upsert([make_point(item) for item in items])
    found = find_duplicates(store)
    assert as_groups(found) == [["half0", "top"]]
    assert found.groups[0].kept.n_pixels == 96 * 40


def on_a_circle(degrees: float) -> list[float]:
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees)), *[0.0] * 6]


def test_a_chain_is_no_group(store):
    """Each is like the next, the ends are not like each other: everything given up is like what is kept."""
    items = [make_item(f"c{n}", image=None) for n in range(7)]
    store.upsert([make_point(item, on_a_circle(5 * n)) for n, item in enumerate(items)])
    found = find_duplicates(store, by="cosine", limit=0.99)  # up to 8 degrees
    assert as_groups(found) == [["c0", "c1"], ["c2", "c3"], ["c4", "c5"]], "c6 stays: its only like is given up"
    for group in found.groups:
        assert all(one.apart >= 0.99 for one in group.others)


def test_which_one_is_kept(store):
    rich = make_item("rich10", image=None, color="Red", brand="B")
    items = [make_item("poor", image=None), make_item("rich9", image=None, color="Red", brand="A"), rich]
    store.upsert([make_point(item, on_a_circle(n)) for n, item in enumerate(items)])
    (group,) = find_duplicates(store, by="cosine").groups
    assert group.kept.id == "rich9", "attributes count more than age, and 9 is older than 10"
    assert [one.id for one in group.others] == ["poor", "rich10"]
    assert group.others[0].apart == pytest.approx(math.cos(math.radians(1)), abs=1e-5)


def test_ids_are_as_old_as_their_numbers():
    ids = ["10", "9", "a10", "a9b", "a9", "", "b"]
    assert sorted(ids, key=age) == ["", "9", "10", "a9", "a9b", "a10", "b"]


def test_what_makes_no_sense_is_told(store, monkeypatch):
    with pytest.raises(UsageError, match="no items"):
        find_duplicates(store)
    store.upsert([make_point(make_item(f"i{n}", image=None), make_vector("same")) for n in range(20)])
    for by, limit in (("look", 2.0), ("look", -0.1), ("cosine", 1.5), ("cosine", float("nan"))):
        with pytest.raises(UsageError, match=r"is no (cosine|difference)"):
            find_duplicates(store, by=by, limit=limit)
    monkeypatch.setattr(module, "MOST_PAIRS", 100)
    with pytest.raises(UsageError, match="nearly everything is alike"):
        find_duplicates(store, by="cosine")


def test_thousands_of_one_placeholder_are_one_group_in_no_time(store, shots):
    store.upsert([make_point(make_item(f"i{n}", image=shots[0])) for n in range(2000)])
    (group,) = find_duplicates(store).groups
    assert (group.kept.id, len(group.others)) == ("i0", 1999)


def test_groups_are_written_as_a_table_a_list_and_sheets(store, shots, tmp_path):
    items = [make_item(f"p{n}", image=shots[n // 2]) for n in range(4)]
    store.upsert([make_point(item) for item in items])
    found = find_duplicates(store)
    assert write_duplicates(tmp_path / "d.csv", found) == 4
    with (tmp_path / "d.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["group"], row["id"], row["keep"], row["difference"]) for row in rows] == [
        ("1", "p0", "1", ""),
        ("1", "p1", "0", "0.0"),
        ("2", "p2", "1", ""),
        ("2", "p3", "0", "0.0"),
    ]
    write_ids(tmp_path / "ids.txt", found.to_delete())
    assert (tmp_path / "ids.txt").read_text() == "p1\np3\n"
    with pytest.raises(UsageError, match="several lines"):
        write_ids(tmp_path / "ids.txt", ["a\nb"])
    files = write_duplicate_sheets(found.groups, tmp_path / "new" / "sheets", found.by)
    assert [file.name for file in files] == ["001-p0.png", "002-p2.png"]
    with Image.open(files[0]) as sheet:
        assert sheet.width > 1000
    (tmp_path / "taken").write_text("")
    with pytest.raises(UsageError, match="cannot make the folder"):
        write_duplicate_sheets(found.groups, tmp_path / "taken" / "sheets", found.by)


def test_the_catalogue_finds_them_within_a_filter(stored, plugins):
    with Catalogue(stored, plugins=plugins) as catalogue:
        found = catalogue.duplicates(by="cosine", limit=0.5, color="Blue")
        assert found.n_items == catalogue.count(color="Blue")
        assert {one.item.attributes["color"] for group in found.groups for one in group.members} == {"Blue"}
        assert catalogue.duplicates(where=Where.parse("color=Blue"), limit=0).groups == ()
