"""``fm match`` end to end, and the probability that ``fm query`` shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fashion_match import cli

CALIBRATION = {"slope": 20.0, "intercept": -14.0}


@pytest.fixture
def fm(capsys, monkeypatch, tmp_path):
    """Run ``fm`` in this process, in a folder of the test's own; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def calibrated(own_store) -> Path:
    """A store whose model has a threshold and a calibration."""
    (card,) = (own_store / "models").glob("*/card.json")
    fields = json.loads(card.read_text()) | {"threshold": 0.8, "calibration": CALIBRATION}
    card.unlink()
    card.write_text(json.dumps(fields))
    return own_store


@pytest.fixture(scope="module")
def pictures(photos):
    return sorted(photos.rglob("*.jpg"))


def test_two_photos_are_compared(fm, calibrated, pictures):
    code, out, err = fm("match", pictures[0], pictures[0], "--store", calibrated)
    assert (code, err) == (0, "")
    assert out == "Same style: score 1.000, threshold 0.800, probability of one style 100 %\n"
    model = next((calibrated / "models").iterdir())
    code, out, _ = fm("match", pictures[0], pictures[2], "--model", model, "--threshold", 0.9999, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["verdict"], found["threshold"]) == ("different", 0.9999)
    assert 0 < found["p_same"] < 1
    assert found["a"] == str(pictures[0])


def test_without_a_threshold_only_the_score_is_told(fm, stored, pictures):
    code, out, err = fm("match", pictures[0], pictures[2], "--store", stored)
    assert code == 0
    assert out.startswith("Unknown: score 0.")
    assert out.count("\n") == err.count("\n") == 1
    assert "fm train" in err
    assert "--threshold" in err


def test_a_table_of_pairs_is_compared_and_judged(fm, calibrated, pictures, tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    for picture in pictures[:3]:
        (folder / picture.name).write_bytes(picture.read_bytes())
    x, y, z = (picture.name for picture in pictures[:3])
    (folder / "pairs.csv").write_text(f"query,target,same\n{x},{x},1\n{x},{z},1\n{y},{y},0\n{y},{x},\n")
    pairs = ("match", "--pairs", folder / "pairs.csv", "--store", calibrated, "--threshold", 0.99999)
    code, out, err = fm(*pairs)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == ["score", "verdict", "probability", "expected", "a", "b"]
    assert "4 pairs: 2 same, 2 different, 0 unknown" in out
    assert "Accuracy 33.3 % of 3 pairs: 1 of 2 of one style were missed, 1 of 1 of two styles were taken for one" in out

    code, out, err = fm(*pairs, "--json")
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["same", "different", "same", "different"]
    assert "Accuracy" in err

    for name in ("out.csv", "out.jsonl"):
        code, out, _ = fm(*pairs, "--out", name)
        assert (code, out.splitlines()[-1]) == (0, f"4 pairs -> {name}")
    assert [json.loads(line)["a"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [x, x, y, y]
    summary = json.loads(fm(*pairs, "--out", "out.csv", "--json")[1])
    assert summary == {
        "n_pairs": 4, "n_failed": 0, "accuracy": pytest.approx(1 / 3), "n_judged": 3, "file": "out.csv"
    }  # fmt: skip


def test_a_photo_that_cannot_be_used_gives_exit_code_3_and_a_row(fm, stored, pictures, tmp_path):
    (tmp_path / "pairs.tsv").write_text(f"{pictures[0]}\tgone.jpg\n{pictures[0]}\t{pictures[1]}\n")
    code, out, err = fm("match", "--pairs", "pairs.tsv", "--store", stored)
    assert code == 3
    assert "gone.jpg: missing_file: does not exist" in out
    assert "1 pair could not be compared" in err
    code, out, _ = fm("match", "--pairs", "pairs.tsv", "--store", stored, "--out", "out.jsonl")
    assert code == 3
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["match"], 2, "two photos, or --pairs"),
        (["match", "a.jpg"], 2, "two photos, or --pairs"),
        (["match", "a.jpg", "b.jpg", "--pairs", "p.csv"], 2, "two photos, or --pairs"),
        (["match", "a.jpg", "--pairs", "p.csv"], 2, "two photos, or --pairs"),
        (["match", "a.jpg", "b.jpg", "--out", "o.csv"], 2, "--pairs TABLE"),
        (["match", "a.jpg", "b.jpg"], 2, "--model DIR"),
        (["match", "a.jpg", "b.jpg", "--model", "nowhere"], 4, "nowhere"),
        (["match", "--pairs", "p.csv", "--out", "o.xlsx"], 2, "o.xlsx"),
        (["match", "--pairs", "p.csv"], 2, "p.csv cannot be read"),
    ],
)
def test_a_mistake_is_told_in_a_line_or_two(fm, arguments, code, told):
    got, out, err = fm(*arguments)
    assert (got, out) == (code, "")
    assert told in err
    assert err.count("\n") <= 2


def test_a_photo_of_one_pair_must_be_usable(fm, stored, pictures):
    code, _, err = fm("match", pictures[0], "gone.jpg", "--store", stored)
    assert code == 2
    assert "gone.jpg: missing_file" in err


def test_a_query_shows_the_probability_where_there_is_one(fm, stored, calibrated, pictures):
    code, out, _ = fm("query", pictures[0], "--store", calibrated)
    assert code == 0
    assert "same style" in out.splitlines()[1]
    assert "100 %" in out.splitlines()[3]
    hits = [json.loads(line) for line in fm("query", pictures[0], "--store", calibrated, "--json")[1].splitlines()]
    assert all(0 <= hit["p_same"] <= 1 for hit in hits)
    assert "same style" not in fm("query", pictures[0], "--store", stored)[1]
