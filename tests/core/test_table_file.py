"""Tables as files."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fashion_match import UsageError
from fashion_match.core import table_file
from fashion_match.core.table_file import path_text, write_table

COLUMNS = {"id": str, "n": int, "share": float, "keep": bool}
ROWS = [('a,"b\n', 1, 0.5, True), ("夏", None, None, False)]


def test_missing_values_and_odd_text_survive(tmp_path):
    for name in ("t.csv", "t.jsonl", "t.parquet"):
        assert write_table(tmp_path / name, COLUMNS, iter(ROWS)) == 2
    assert (tmp_path / "t.csv").read_text("utf-8") == 'id,n,share,keep\n"a,""b\n",1,0.5,1\n夏,,,0\n'
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text("utf-8").splitlines()]
    assert lines == [{"id": 'a,"b\n', "n": 1, "share": 0.5, "keep": True}, {"id": "夏", "keep": False}]
    assert [tuple(row.values()) for row in pq.read_table(tmp_path / "t.parquet").to_pylist()] == ROWS


def test_many_rows_go_in_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(table_file, "ROW_GROUP", 10)
    assert write_table(tmp_path / "t.parquet", {"n": int}, ((n,) for n in range(35))) == 35
    file = pq.ParquetFile(tmp_path / "t.parquet")
    assert file.num_row_groups == 4
    assert file.read().column("n").to_pylist() == list(range(35))


def test_no_rows_are_a_table_too(tmp_path):
    for name in ("t.csv", "t.jsonl", "t.parquet"):
        assert write_table(tmp_path / name, COLUMNS, []) == 0
    assert pq.read_table(tmp_path / "t.parquet").column_names == list(COLUMNS)


def test_a_table_that_fails_half_way_leaves_nothing(tmp_path):
    (tmp_path / "t.csv").write_text("before")

    def rows():
        yield ROWS[0]
        raise RuntimeError

    for name in ("t.csv", "t.parquet"):
        with pytest.raises(RuntimeError):
            write_table(tmp_path / name, COLUMNS, rows())
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert (tmp_path / "t.csv").read_text() == "before"


def test_a_name_that_is_no_table_is_refused(tmp_path):
    with pytest.raises(UsageError, match="does not end in"):
        write_table(tmp_path / "t.xlsx", COLUMNS, ROWS)


def test_a_path_that_is_no_text_becomes_an_address():
    assert path_text(None) is None
    assert path_text(Path("/a/b.jpg")) == "/a/b.jpg"
    assert path_text(Path("/a/\udcff.jpg")) == "file:///a/%FF.jpg"
