from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fashion_match import UsageError
from fashion_match.core.match import Match
from fashion_match.core.pair_table import Pair, read_pairs, write_rows


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("p.csv", "x.jpg,y.jpg\nz.jpg,y.jpg\n", [Pair("x.jpg", "y.jpg"), Pair("z.jpg", "y.jpg")]),
        ("p.csv", "\ufeffQUERY,TARGET\nx.jpg,y.jpg\n\n", [Pair("x.jpg", "y.jpg")]),
        ("p.csv", "x.jpg,y.jpg,1\nx.jpg,z.jpg,0\n", [Pair("x.jpg", "y.jpg", True), Pair("x.jpg", "z.jpg", False)]),
        ("p.csv", "id,target,query,label\n7,y.jpg,x.jpg,yes\n", [Pair("x.jpg", "y.jpg", True)]),
        ("p.csv", "one,two,note\nx.jpg,y.jpg,nice\n", [Pair("x.jpg", "y.jpg")]),
        ("p.csv", "photo,photo,same\nx.jpg,y.jpg,\n", [Pair("x.jpg", "y.jpg")]),
        ("p.csv", "a;b\nx,1.jpg;y.jpg\n", [Pair("x,1.jpg", "y.jpg")]),
        ("p.csv", '"x, 1.jpg","y ""2"".jpg"\n', [Pair("x, 1.jpg", 'y "2".jpg')]),
        ("p.tsv", "x 1.jpg\ty.jpg\n", [Pair("x 1.jpg", "y.jpg")]),
        ("p.jsonl", '{"b": "y.jpg", "a": "x.jpg", "same": false}\n\n', [Pair("x.jpg", "y.jpg", False)]),
        ("p.jsonl", '{"one": "x.jpg", "two": "y.jpg"}\n', [Pair("x.jpg", "y.jpg")]),
    ],
)  # fmt: skip
def test_a_table_of_pairs_is_understood(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    assert read_pairs(tmp_path / name) == expected


def test_a_parquet_table_is_understood(tmp_path):
    table = {"query": ["x.jpg", "x.jpg", "y.jpg"], "target": ["y.jpg"] * 3, "same": [1, 0, None]}
    pq.write_table(pa.table(table), tmp_path / "p.parquet")
    assert [pair.same for pair in read_pairs(tmp_path / "p.parquet")] == [True, False, None]


def test_photos_without_an_extension_are_no_header(tmp_path):
    (tmp_path / "x").write_bytes(b"")
    (tmp_path / "p.csv").write_text("x,y\nz,y\n")
    assert read_pairs(tmp_path / "p.csv") == [Pair("x", "y"), Pair("z", "y")]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("p.xlsx", b"", r"Known: \.csv"),
        ("p.csv", b"", "has no pairs"),
        ("p.csv", b"query,target\n", "has no pairs"),
        ("p.csv", b"x.jpg,y.jpg\nz.jpg\n", "line 2 does not name two photos"),
        ("p.csv", b"x.jpg,\n", "line 1 does not name two photos"),
        ("p.csv", b"x.jpg,y.jpg,maybe\n", "line 1 says 'maybe'"),
        ("p.csv", b"x.jpg,\xff.jpg\n", "UTF-8"),
        ("p.jsonl", b"{\n", "line 1 is not JSON"),
        ("p.jsonl", b"[1, 2]\n", "line 1 does not name two photos"),
        ("p.jsonl", b'{"a": 1, "b": "x.jpg"}\n', "line 1 does not name two photos"),
        ("p.parquet", b"PAR1", "Parquet"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=told):
        read_pairs(tmp_path / name)


def test_a_missing_table_is_told(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_pairs(tmp_path / "p.csv")


def test_rows_are_written_whole_in_both_formats(tmp_path):
    found = [
        Match(a="x,1.jpg", b="y.jpg", verdict="same", score=0.9, p_same=0.8, threshold=0.7, expected=True),
        Match(a="x,1.jpg", b="z.jpg", verdict="unknown", failure="z.jpg: missing_file: does not exist"),
    ]
    write_rows(found, tmp_path / "out.jsonl")
    assert [Match(**json.loads(line)) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == found
    write_rows(found, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["a"] for row in rows] == ["x,1.jpg", "x,1.jpg"]
    assert (rows[0]["score"], rows[1]["score"], rows[1]["verdict"]) == ("0.9", "", "unknown")
    assert [pair[:2] for pair in read_pairs(tmp_path / "out.csv")] == [("x,1.jpg", "y.jpg"), ("x,1.jpg", "z.jpg")]
    with pytest.raises(UsageError, match=r"out\.txt"):
        write_rows(found, tmp_path / "out.txt")
