"""``fm neighbors``, ``fm cluster`` and ``fm map`` as a user meets them."""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from fashion_match import cli
from tests.drawn import N


@pytest.fixture
def fm(capsys, monkeypatch, tmp_path):
    """Run ``fm`` in this process, in a folder of the test's own; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def lines(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_the_neighbours_of_all_go_into_a_file_with_sheets_and_strips(fm, stored, tmp_path):
    at = ["--store", stored]
    code, out, err = fm(
        "neighbors",
        "--all",
        "-k",
        3,
        "--out",
        "n.csv",
        "--sheets",
        "sheets",
        "--strips",
        "s.html",
        "--pictures",
        4,
        *at,
    )
    assert code == 0
    assert out == f"{N} items with their neighbours -> n.csv\n"
    assert f"4 of {N} items, drawn by chance" in err
    with (tmp_path / "n.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * N
    assert all(row["id"] != row["neighbor"] for row in rows)
    sheets = sorted(path.name for path in (tmp_path / "sheets").iterdir())
    assert len(sheets) == 4
    html = (tmp_path / "s.html").read_text("utf-8")
    assert html.count("<tr>") == 5
    assert "✓ right" in html or "✗ wrong" in html, "drawn styles have labels"
    code, out, _ = fm("neighbors", "--all", "-k", 3, "--strips", "s.png", "--right-by", "color", "--pictures", 2, *at)
    assert (code, out) == (0, "")
    assert Image.open(tmp_path / "s.png").width > 800


def test_the_neighbours_of_some_are_printed_or_lines_of_json(fm, stored):
    at = ["--store", stored]
    code, out, err = fm("neighbors", "style-0001_1", "style-0002_1", "-k", 2, *at)
    assert (code, err) == (0, "")
    assert out.startswith("next to style-0001_1\n")
    assert len(out.splitlines()) == 2 * 5
    every = {row["id"]: row for row in lines(fm("neighbors", "--all", "-k", 2, "--json", *at)[1])}
    assert len(every) == N
    (one,) = lines(fm("neighbors", "style-0001_1", "-k", 2, "--json", *at)[1])
    assert [near["id"] for near in one["neighbors"]] == [near["id"] for near in every[one["id"]]["neighbors"]]
    assert json.loads(fm("neighbors", "--all", "-k", 2, "--out", ".", "--json", *at)[1]) == {"n_items": N, "k": 2}
    assert len(Path("neighbors.jsonl").read_text().splitlines()) == 2 * N


def test_filters_are_those_of_a_query(fm, stored):
    code, out, _ = fm("neighbors", "--all", "--color", "blue", "--where", "price>20", "--json", "--store", stored)
    found = {row["id"] for row in lines(out)}
    listed = fm("items", "list", "--where", "color=Blue", "--where", "price>20", "-n", 999, "--json", "--store", stored)
    assert code == 0
    assert found == {row["id"] for row in lines(listed[1])}


def test_fewer_neighbours_than_asked_for_are_said(fm, stored):
    code, _, err = fm("neighbors", "--all", "-k", 500, "--json", "--store", stored)
    assert code == 0
    assert f"Each item has only {N - 1} neighbours" in err


def test_duplicates_are_shown_and_deleted_as_told(fm, own_store, photos, tmp_path, capsys):
    copies = tmp_path / "copies"
    copies.mkdir()
    some = sorted(photos.rglob("*_1.jpg"))[:3]
    for n, shot in enumerate(some):
        Image.open(shot).save(copies / f"-copy {n}.jpg", quality=80)
    at = ["--store", own_store]
    assert fm("ingest", copies, "--reader", "folders", *at)[0] == 0
    before = fm("neighbors", "--duplicates", "--out", "d.parquet", "--sheets", "sheets", "--delete-list", "ids", *at)
    code, out, err = before
    assert code == 0
    assert out.splitlines()[0].startswith("3 groups of near duplicates")
    assert "differ by at most 0.22 from the one to keep" in out
    assert len(list((tmp_path / "sheets").iterdir())) == 3
    assert "xargs" in err
    ids = (tmp_path / "ids").read_text().splitlines()
    assert ids == ["-copy 0.jpg", "-copy 1.jpg", "-copy 2.jpg"], "they have fewer attributes"
    (group, *_) = lines(fm("neighbors", "--duplicates", "--json", *at)[1])
    assert group["others"][0]["id"] in ids
    assert group["others"][0]["look"] > 0
    err = fm("neighbors", "--duplicates", *at)[2]
    (command,) = [line.partition(": ")[2] for line in err.splitlines() if "To delete them" in line]
    arguments = shlex.split(command)
    assert arguments[:3] == ["fm", "items", "delete"]
    assert fm(*arguments[1:3], "--yes", *arguments[3:])[0] == 0
    assert fm("neighbors", "--duplicates", *at)[1].startswith("0 groups of near duplicates")


def test_many_duplicates_need_a_list(fm, stored, tmp_path):
    at = ["--store", stored]
    code, out, err = fm("neighbors", "--duplicates", "--by", "cosine", "--limit", 0, *at)
    assert code == 0
    assert "more" in out
    assert "--delete-list FILE" in err
    code, out, _ = fm("neighbors", "--duplicates", "--by", "cosine", "--limit", 0, "--out", "d.jsonl", "--json", *at)
    counts = json.loads(out)
    assert counts["n_items"] == N
    assert len(lines((tmp_path / "d.jsonl").read_text())) == counts["n_groups"] + counts["n_could_go"]


def test_clusters_are_shown_and_written(fm, own_store, tmp_path):
    at = ["--store", own_store]
    code, out, err = fm("cluster", "-k", 3, "--out", "c.jsonl", "--sheets", "sheets", "--write", *at)
    assert code == 0
    assert out.startswith(f"3 clusters of {N} items; silhouette ")
    assert "takes it off again" in err
    assert len(lines((tmp_path / "c.jsonl").read_text())) == N
    assert len(list((tmp_path / "sheets").iterdir())) == 3
    counts = json.loads(fm("items", "count", "cluster", "--json", *at)[1])["facets"]["cluster"]
    assert sum(n for _, n in counts) == N
    code, out, _ = fm("cluster", "--k-range", "2..4", "--json", "--color", "Blue", "--color", "Red", *at)
    found = json.loads(out)
    assert [k for k, _ in found["tried"]] == [2, 3, 4]
    assert found["k"] == max(found["tried"], key=lambda pair: pair[1])[0]
    assert sum(one["n_items"] for one in found["clusters"]) == found["n_items"]
    shown = fm("cluster", "-k", "auto", "--k-range", "2..3", *at)[1]
    assert "silhouette by k: 2 " in shown


def test_a_map_is_drawn(fm, stored, tmp_path):
    at = ["--store", stored]
    code, out, err = fm("map", "--png", "m.png", "--html", "m.html", "--method", "pca", "--points", 50, *at)
    assert code == 0
    assert f"50 of {N} items, drawn by chance" in out
    assert err.splitlines() == ["Picture: m.png", "Page: m.html"]
    assert (tmp_path / "m.html").read_text("utf-8").count('class="point"') == 50
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
    points = lines(fm("map", "--json", "--by", "price", "--where", "price>30", *at)[1])
    assert {point["value"] for point in points}
    assert all(float(point["value"]) > 30 for point in points)


def test_none_of_them_imports_torch(stored, tmp_path):
    commands = [["neighbors", "--all", "--out", "n.csv"], ["neighbors", "--duplicates"], ["cluster", "-k", "2"]]
    commands += [["map", "--html", "m.html", "--method", "pca"]]
    code = (
        "import sys; from fashion_match.cli import main\n"
        f"for command in {commands}: assert main([*command, '--store', {str(stored)!r}]) == 0\n"
        "assert not {'torch', 'qdrant_client', 'openvino'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["neighbors"], "whose neighbours"),
        (["neighbors", "a", "--all"], "whose neighbours"),
        (["neighbors", "--all"], "too many to be shown"),
        (["neighbors", "no-such-item"], "no item 'no-such-item'"),
        (["neighbors", "--all", "--out", "n.txt"], "does not end in"),
        (["neighbors", "--all", "--out", "nowhere/n.csv"], "no folder"),
        (["neighbors", "--all", "--strips", "s.gif", "--json"], "does not end in"),
        (["neighbors", "--all", "--json", "-k", "0"], "k = 0"),
        (["neighbors", "--all", "--json", "--color", "Bleu"], "Did you mean 'Blue'"),
        (["neighbors", "--all", "--json", "--right-by", "colr"], "colr"),
        (["neighbors", "--all", "--json", "--limit", "0.1"], "--duplicates"),
        (["neighbors", "--duplicates", "--all"], "whole collection"),
        (["neighbors", "--duplicates", "--limit", "7"], "is no difference"),
        (["cluster", "-k", "many"], "-k many"),
        (["cluster", "-k", "1"], "k = 1"),
        (["cluster", "-k", "5000"], "Give -k"),
        (["cluster", "--k-range", "5"], "--k-range 5"),
        (["cluster", "--out", "c.txt"], "does not end in"),
        (["map"], "nowhere to go"),
        (["map", "--png", "m.jpg"], "does not end in"),
        (["map", "--html", "m.png"], "does not end in"),
        (["map", "--json", "--by", "colr"], "colr"),
    ],
)
def test_a_mistake_is_told_in_a_line_or_two(fm, stored, arguments, told, tmp_path):
    code, out, err = fm(*arguments, "--store", stored)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") <= 2
    assert list(tmp_path.iterdir()) == []
