"""How far collecting has come, across kills."""

from __future__ import annotations

import pytest

from fashion_match.core.collect.provenance import Provenance
from fashion_match.core.collect.record import Entry
from fashion_match.core.error import UsageError
from fashion_match.core.web.reason import CollectReason


def stored(n: int, **more: object) -> Entry:
    fields = {
        "event": "stored",
        "id": f"item {n}",
        "address": f"http://shop.example/{n}",
        "source": "shop.csv",
        "where": f"line {n}",
        "at": "2026-01-01T00:00:00+00:00",
        "sha256": f"{n:064x}",
        "file": f"images/{n}.jpg",
    }
    return Entry(**{**fields, **more})


def failed(n: int) -> Entry:
    return stored(n, event="failed", sha256=None, file=None, reason=CollectReason.TIMEOUT, detail="late")


def test_what_was_added_is_there_again(tmp_path):
    file = tmp_path / "p.jsonl"
    one = Provenance(file)
    entries = [stored(1, attributes={"price": 5.0, "tags": ["a", "é"]}, box=(0, 0, 1, 1)), failed(2)]
    for entry in entries:
        one.add(entry)
    one.close()
    again = Provenance(file)
    assert list(again.by_address.values()) == entries
    assert again.items == {"item 1": entries[0]}
    assert again.owner(f"{1:064x}") == entries[0]
    assert again.owner(f"{2:064x}") is None


@pytest.mark.parametrize("n_bytes", [1, 30, 10_000])
def test_an_unfinished_line_is_cut_off(tmp_path, n_bytes):
    file = tmp_path / "p.jsonl"
    first = Provenance(file)
    first.add(stored(1))
    whole = file.read_bytes()
    first.add(stored(2))
    first.close()
    file.write_bytes(file.read_bytes()[: len(whole) + n_bytes][: len(file.read_bytes()) - 1])
    torn = file.read_bytes()
    assert list(Provenance(file, writable=False).items) == ["item 1"]
    assert file.read_bytes() == torn  # somebody else may be writing that line
    again = Provenance(file)
    assert list(again.items) == ["item 1"]
    again.add(stored(3))
    again.close()
    assert list(Provenance(file).items) == ["item 1", "item 3"]


@pytest.mark.parametrize("line", [b"nonsense", b"{}", b"[]", b'{"event":"stored"}', b"\xff"])
def test_a_line_that_is_not_ours_is_named(tmp_path, line):
    file = tmp_path / "p.jsonl"
    one = Provenance(file)
    one.add(stored(1))
    one.close()
    with file.open("ab") as more:
        more.write(line + b"\n")
    with pytest.raises(UsageError, match="line 2 is no line of provenance"):
        Provenance(file)


def test_the_last_line_about_an_address_holds(tmp_path):
    one = Provenance(tmp_path / "p.jsonl")
    one.add(failed(1))
    one.add(stored(1))
    one.add(stored(1, event="updated", id="new", attributes={"color": "Red"}))
    assert list(one.items) == ["new"]
    one.add(failed(1))  # the photo that is there stays
    assert one.by_address["http://shop.example/1"].event == "updated"
    one.add(stored(1, event="duplicate", id="other"))
    assert one.items == {}
    assert one.owner(f"{1:064x}") is None


def test_a_link_in_its_place_is_not_followed(tmp_path):
    (tmp_path / "other").write_text("")
    (tmp_path / "p.jsonl").symlink_to(tmp_path / "other")
    with pytest.raises(UsageError, match=r"p\.jsonl"):
        Provenance(tmp_path / "p.jsonl")
