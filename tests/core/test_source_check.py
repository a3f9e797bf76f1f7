"""What ``fm readers check`` counts, against sources made to have each problem a known number of times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fashion_match import Failure, Item, Reason
from fashion_match.core import source_check
from fashion_match.core.source_check import check_source


class Records:
    """A reader of what it was given."""

    def __init__(self, *records: Item | Failure, **skipped: int) -> None:
        self._records = records
        self.skipped = skipped

    def read(self, source: str) -> Iterator[Item | Failure]:
        yield from self._records


@pytest.fixture
def photo(tmp_path: Path):
    def photo(name: str, content: bytes = b"") -> Path:
        path = tmp_path / name
        path.write_bytes(content or name.encode())
        return path

    return photo


def test_counts(photo):
    records = [
        Item(id="1", image=photo("1"), label="a", split="train", attributes={"color": "Red", "size": ["S", "M"]}),
        Item(id="2", image=photo("22"), label="a", split="train", attributes={"color": "Red", "size": ["M"]}),
        Item(
            id="3", image=photo("333"), label="b", split="val", role="query", attributes={"color": "Blue", "price": 5}
        ),
        Item(id="4", image=photo("4444"), label="a"),
        Failure(item=None, file="t.csv", reason=Reason.BAD_RECORD, detail="line 9: odd"),
    ]
    check = check_source(Records(*records, other=3), "shop")
    assert (check.source, check.n_items, check.n_failures, check.n_problems) == ("shop", 4, 1, 1)
    assert check.failures[Reason.BAD_RECORD].first == ["t.csv: line 9: odd"]
    assert check.skipped == {"other": 3}
    assert {name: (a.n_items, a.n_distinct, a.top) for name, a in check.attributes.items()} == {
        "color": (3, 2, {"Red": 2, "Blue": 1}),
        "price": (1, 1, {"5": 1}),
        "size": (2, 2, {"M": 2, "S": 1}),
    }
    assert check.labels is not None
    assert check.labels.model_dump() == {"n_items": 4, "n_labels": 2, "n_single": 1, "min": 1, "median": 2, "max": 3}
    assert (check.splits, check.roles) == ({"train": 2, "val": 1}, {"gallery": 3, "query": 1})
    check.model_dump_json()


def test_photos_that_are_missing_empty_or_the_same(photo, tmp_path):
    a, b = photo("a", b"same"), photo("b", b"same")
    c, d = photo("c", b"other"), photo("d", b"ohter")
    empty = tmp_path / "e"
    empty.touch()
    (tmp_path / "dead").symlink_to(tmp_path / "gone")
    items = [
        Item(id="1", image=a),
        Item(id="2", image=b),
        Item(id="3", image=c),
        Item(id="4", image=d),
        Item(id="5", image=a),
        Item(id="6", image=a, box=(0, 0, 1, 1)),
        Item(id="7", image=a, box=(1, 1, 2, 2)),
        Item(id="1", image=photo("x1", b"long enough")),
        Item(id="8", image=empty),
        Item(id="9", image=tmp_path / "dead"),
        Item(id="10", image=tmp_path / "no\0path"),
        Item(id="11", image=None),
        Item(id="12", image=photo("f", b"same")),
    ]
    check = check_source(Records(*items), "s")
    assert (check.duplicate_ids.n, check.duplicate_ids.first) == (1, ["1"])
    assert (check.duplicate_files.n, check.duplicate_files.first) == (1, [f"5: {a}"])
    assert (check.duplicate_contents.n, check.duplicate_contents.first) == (2, [str(b), str(tmp_path / "f")])
    assert (check.missing_files.n, check.empty_files.n, check.n_without_photo) == (2, 1, 1)
    assert check.n_problems == 5


def test_examples_and_values_are_bounded_but_all_are_counted(monkeypatch):
    monkeypatch.setattr(source_check, "MAX_VALUES", 50)
    items = [Item(id="same", image=None, attributes={"name": f"n{n:03}"}) for n in range(200)]
    check = check_source(Records(*items), "s")
    assert (check.duplicate_ids.n, len(check.duplicate_ids.first)) == (199, source_check.N_EXAMPLES)
    names = check.attributes["name"]
    assert (names.n_items, names.n_distinct, len(names.top)) == (200, 50, source_check.N_TOP)


def test_reader_that_does_not_count_what_it_skips():
    class Plain:
        def read(self, source: str) -> Iterator[Item | Failure]:
            yield Item(id="1", image=None)

    check = check_source(Plain(), "s")
    assert (check.skipped, check.labels) == ({}, None)
