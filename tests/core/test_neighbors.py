"""Neighbours of items, on both engines, against a plain loop; and a run that was killed."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fashion_match import Catalogue, UsageError, Where
from fashion_match.core import neighbors as module
from fashion_match.core.neighbor_part import NeighborPart
from fashion_match.core.neighbors import all_neighbors, neighbors_of, write_all_neighbors, write_neighbors
from tests.core.store.conftest import make_item, make_location, make_point, make_spec, make_vector
from tests.drawn import N

ITEMS = 90
COLORS = ("Red", "Blue", "Green")


def cosine(a: str, b: str) -> float:
    return math.fsum(x * y for x, y in zip(make_vector(a), make_vector(b), strict=True))


def plain(item_id: str, ids: list[str], k: int) -> list[str]:
    """The oracle: all others by falling cosine."""
    return sorted((other for other in ids if other != item_id), key=lambda other: -cosine(item_id, other))[:k]


def make_items(n: int = ITEMS) -> list:
    return [make_item(f"i{n:03d}", color=COLORS[n % 3], label=f"s{n // 2}") for n in range(n)]


@pytest.fixture(params=["edge", "memory"])
def store(request, tmp_path):
    location = make_location(request.param, tmp_path / "store")
    made = location.create("test", make_spec())
    made.ensure({"color": "keyword"})
    made.upsert([make_point(item) for item in make_items()])
    yield made
    made.close()
    location.close()


def test_all_neighbours_are_those_of_a_loop(store):
    found = all_neighbors(store, k=5)
    ids = [item.id for item in make_items()]
    assert [hood.id for hood in found] == ids
    for hood in found:
        assert [near.id for near in hood.neighbors] == plain(hood.id, ids, 5)
        assert [near.score for near in hood.neighbors] == pytest.approx(
            [cosine(hood.id, near.id) for near in hood.neighbors], abs=2e-6
        )
    assert found[3].member.label == "s1"
    assert [hood.id for hood in found[1:4]] == ids[1:4]
    assert found[-1].id == ids[-1]


def test_a_filter_leaves_out_items_and_neighbours(store):
    blue = [item.id for item in make_items() if item.attributes["color"] == "Blue"]
    found = all_neighbors(store, where=Where.equal("color", "Blue"), k=4)
    assert [hood.id for hood in found] == blue
    for hood in found:
        assert [near.id for near in hood.neighbors] == plain(hood.id, blue, 4)


def test_some_items_have_the_same_neighbours_as_all(store):
    every = {hood.id: hood for hood in all_neighbors(store, k=6)}
    for hood in neighbors_of(store, ["i007", "i003", "i007"], k=6):
        assert hood == every[hood.id] or [n.id for n in hood.neighbors] == [n.id for n in every[hood.id].neighbors]
    assert [hood.id for hood in neighbors_of(store, ["i007", "i003"])] == ["i007", "i003"]
    red = [item.id for item in make_items() if item.attributes["color"] == "Red"]
    (blue,) = neighbors_of(store, ["i001"], where=Where.equal("color", "Red"), k=3)
    assert [near.id for near in blue.neighbors] == plain("i001", red, 3)


def test_copies_of_a_photo_come_first_and_in_the_order_of_their_ids(store):
    store.upsert([make_point(make_item(name), make_vector("i010")) for name in ("z", "a")])
    hoods = {hood.id: hood for hood in all_neighbors(store, k=2)}
    assert [near.id for near in hoods["i010"].neighbors] == ["a", "z"]
    assert [near.id for near in hoods["a"].neighbors] == ["i010", "z"]
    (one,) = neighbors_of(store, ["i010"], k=2)
    assert [near.id for near in one.neighbors] == ["a", "z"]


def test_there_are_no_more_neighbours_than_other_items(store, tmp_path):
    store.delete([item.id for item in make_items()][3:])
    found = write_all_neighbors(store, tmp_path / "n.csv", k=10)
    assert [len(hood.neighbors) for hood in found] == [2, 2, 2]
    store.delete(["i001", "i002"])
    alone = write_all_neighbors(store, tmp_path / "n.csv", k=10)
    assert [hood.neighbors for hood in alone] == [()]
    assert len((tmp_path / "n.csv").read_text().splitlines()) == 1


def test_what_cannot_be_asked_is_told(store, tmp_path):
    with pytest.raises(UsageError, match="k = 0"):
        all_neighbors(store, k=0)
    with pytest.raises(UsageError, match=r"no item 'i0000'[^\n]*\n.*'i000'"):
        neighbors_of(store, ["i000", "i0000"])
    with pytest.raises(UsageError, match="no items"):
        all_neighbors(store, where=Where.parse("color=Blue") & Where.parse("color!=Blue"))
    with pytest.raises(UsageError, match="does not end in"):
        write_all_neighbors(store, tmp_path / "n.txt")
    with pytest.raises(UsageError, match="no folder"):
        write_all_neighbors(store, tmp_path / "nowhere" / "n.csv")


def test_the_three_kinds_of_file_say_the_same(store, tmp_path):
    found = all_neighbors(store, k=3)
    for name in ("n.jsonl", "n.csv", "n.parquet"):
        assert write_neighbors(tmp_path / name, found) == 3 * ITEMS
    lines = [json.loads(line) for line in (tmp_path / "n.jsonl").read_text().splitlines()]
    table = pq.read_table(tmp_path / "n.parquet").to_pylist()
    with (tmp_path / "n.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert lines == table
    assert [{**row, "rank": int(row["rank"]), "score": float(row["score"])} for row in rows] == lines
    assert lines[0]["id"] == "i000"
    assert lines[0]["neighbor"] == plain("i000", [item.id for item in make_items()], 1)[0]
    assert lines[0]["image"] == "/photos/i000.jpg"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def small_blocks(monkeypatch: pytest.MonkeyPatch, rows: int, fail_after: int | None = None) -> list[int]:
    """Let blocks be small, and the computer go off after some of them; return where each block begins."""
    begun: list[int] = []
    compute = module.nearest_rows

    def watched(vectors, start, stop, k):
        if fail_after is not None and len(begun) == fail_after:
            raise KeyboardInterrupt
        begun.append(start)
        return compute(vectors, start, stop, k)

    monkeypatch.setattr(module, "block_rows", lambda n: rows)
    monkeypatch.setattr(module, "nearest_rows", watched)
    return begun


def test_an_interrupted_run_goes_on_and_gives_the_same(store, tmp_path, monkeypatch):
    out, whole = tmp_path / "n.csv", tmp_path / "whole.csv"
    with monkeypatch.context() as patch:
        small_blocks(patch, 20)
        write_all_neighbors(store, whole, k=4)
    with monkeypatch.context() as patch:
        small_blocks(patch, 20, fail_after=2)
        with pytest.raises(KeyboardInterrupt):
            write_all_neighbors(store, out, k=4)
    assert not out.exists()
    with (tmp_path / ".n.csv.part").open("ab") as part:
        part.write(bytes(3 * 8 * 4) + b"torn")  # three items of a block that was not written to its end
    said: list[str] = []
    begun = small_blocks(monkeypatch, 20)
    write_all_neighbors(store, out, k=4, notify=said.append)
    assert begun == [40, 60, 80]
    assert said == ["40 items were done before; it goes on from there."]
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("change", ["k", "where", "item", "vector", "file"])
def test_another_request_or_collection_begins_anew(store, tmp_path, monkeypatch, change):
    with monkeypatch.context() as patch:
        small_blocks(patch, 20, fail_after=2)
        with pytest.raises(KeyboardInterrupt):
            write_all_neighbors(store, tmp_path / "n.csv", k=4)
    asked: dict = {"k": 4}
    if change == "k":
        asked["k"] = 5
    elif change == "where":
        asked["where"] = Where.parse("color!=Pink")
    elif change == "item":
        store.upsert([make_point(make_item("new"))])
    elif change == "vector":
        store.upsert([make_point(make_items()[0], make_vector("elsewhere"))])
    else:
        (tmp_path / ".n.csv.part").write_bytes(b"\x00\xffnot ours")
    said: list[str] = []
    begun = small_blocks(monkeypatch, 20)
    write_all_neighbors(store, tmp_path / "n.csv", notify=said.append, **asked)
    assert begun[0] == 0
    assert len(said) == 1
    assert "begun anew" in said[0]


def test_one_file_is_written_by_one_process_at_a_time(store, tmp_path):
    with NeighborPart(tmp_path / "n.csv"), pytest.raises(UsageError, match="is being written by this process"):
        write_all_neighbors(store, tmp_path / "n.csv")
    write_all_neighbors(store, tmp_path / "n.csv")


def test_a_full_disk_is_told(store, tmp_path, monkeypatch):
    (tmp_path / ".n.csv.part").mkdir()
    with pytest.raises(UsageError, match=r"cannot write .*n\.csv"):
        write_all_neighbors(store, tmp_path / "n.csv")
    (tmp_path / ".n.csv.part").rmdir()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with NeighborPart(tmp_path / "n.csv") as part:
        found = all_neighbors(store, k=2, part=part)
        monkeypatch.setattr(part, "_opened", type("Full", (), {"write": full, "close": lambda self: None})())
        with pytest.raises(UsageError, match="No space left on device"):
            part.add(found.rows, found.cosines)


SLOW = """
import sys, time
from pathlib import Path
from fashion_match import Catalogue
from fashion_match.core import neighbors

compute = neighbors.nearest_rows

def slow(*arguments):
    print(arguments[1], flush=True)
    time.sleep(float(sys.argv[3]))
    return compute(*arguments)

neighbors.nearest_rows = slow
neighbors.block_rows = lambda n: 10
with Catalogue(sys.argv[1]) as catalogue:
    catalogue.neighbors(k=3, out=sys.argv[2], notify=lambda line: print(line, flush=True))
"""


def test_a_killed_process_goes_on_where_it_stopped(own_store, tmp_path):
    def run(out: str, seconds: float) -> subprocess.Popen:
        command = [sys.executable, "-c", SLOW, str(own_store), str(tmp_path / out), str(seconds)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})

    with run("whole.jsonl", 0) as child:
        blocks = child.communicate(timeout=60)[0].split()
    assert blocks == [str(n) for n in range(0, N, 10)]
    with run("n.jsonl", 0.2) as child:
        assert child.stdout is not None
        while child.stdout.readline().strip() != "50":
            time.sleep(0)
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=30)
    assert child.returncode == -signal.SIGKILL
    assert not (tmp_path / "n.jsonl").exists()
    assert (tmp_path / ".n.jsonl.part").exists()
    with run("n.jsonl", 0) as child:
        told = child.communicate(timeout=60)[0].splitlines()
    assert told[0] == "50 items were done before; it goes on from there."
    assert told[1:] == [str(n) for n in range(50, N, 10)]
    assert (tmp_path / "n.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert not (tmp_path / ".n.jsonl.part").exists()


def test_the_catalogue_asks_with_filters_by_name(stored, plugins, tmp_path):
    with Catalogue(stored, plugins=plugins) as catalogue:
        every = catalogue.neighbors(k=3)
        assert len(every) == N
        blue = catalogue.neighbors(color="blue", k=2, out=tmp_path / "blue.csv")
        assert len(blue) == catalogue.count(color="Blue")
        first = every[0].id
        assert [near.id for near in catalogue.neighbors(first, k=3)[0].neighbors] == [
            near.id for near in every[0].neighbors
        ]
        queried = catalogue.query(like=first, k=3, exact=True)
        assert [hit.score for hit in queried] == pytest.approx([near.score for near in every[0].neighbors], abs=1e-5)
        with pytest.raises(UsageError, match="Bleu"):
            catalogue.neighbors(color="Bleu")
    assert Path(tmp_path / "blue.csv").read_text().startswith("id,rank,neighbor,score")
