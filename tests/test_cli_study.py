"""``fm study`` from the command line: table, exit codes, going on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.test_cli import fm

__all__ = ["fm"]  # the fixture

SMALL = ["--backbones", "mobilenet_v3_small", "--weights", "random", "--image-size", "32", "--device", "cpu", "-j", "1"]


@pytest.fixture
def pairs(tmp_path: Path, photos: Path) -> Path:
    for style in range(1, 7):
        for folder, view in (("targets", 1), ("queries", 2)):
            (tmp_path / "pairs" / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(photos / f"style-{style:04}_{view}.jpg", tmp_path / "pairs" / folder / f"{style}.jpg")
    (tmp_path / "pairs" / "record.csv").write_text("".join(f"{n}.jpg,{n}.jpg\n" for n in range(1, 7)))
    return tmp_path / "pairs"


def test_a_study_prints_a_table_and_goes_on(fm, pairs, tmp_path):
    asked = ("study", pairs, *SMALL, "--repeats", 2, "--epochs", 2, "--k", 1, "--out", "s")
    code, out, err = fm(*asked)
    assert code == 0
    assert "1 of 2: mobilenet_v3_small, random, repeat 1: error" in err
    assert "Top-1 error in %, mean and 95 % interval; the stop is by view_mrr." in out
    assert "mobilenet_v3_small  random   2" in out
    assert "After the label-free stop" in out
    assert "optimistic" in out
    code, out, err = fm(*asked)
    assert code == 0
    assert "2 of 2 cells are done already." in err
    code, out, _ = fm("study", "--resume", "s", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["n_cells"] == 2
    assert found["rows"][0]["before"]["n"] == 2
    code, _, err = fm(*asked[:-1], "s", "--lr", 0.1)
    assert code == 2
    assert err.startswith("fm: s holds another study: train.options.lr was not given, is 0.1.")
    assert fm("study", "--resume", "s", "--repeats", 3)[0] == 2


def test_a_failed_cell_gives_exit_code_3(fm, pairs, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", "empty")
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    asked = [part if part != "random" else "pretrained" for part in SMALL]
    code, out, err = fm("study", pairs, *asked, "--repeats", 2, "--out", "s")
    assert code == 3
    assert "0 (+2 failed)" in out
    assert "2 of mobilenet_v3_small, pretrained failed: the pretrained weights of mobilenet_v3_small cannot be" in out
    assert "Traceback" not in out + err


def no_network(*_: object, **__: object) -> None:
    raise OSError("no network")


def test_wrong_use_is_told_in_a_line_or_two(fm, pairs):
    for arguments, problem in (
        ((), "nothing is given to study"),
        ((pairs, "--backbones", "alexnt"), "there is no backbone 'alexnt'"),
        ((pairs, "--weights", "best"), "--weights best"),
        ((pairs, "--plugin", "classifier"), "classifier"),
        ((pairs / "nowhere",), "nowhere"),
    ):
        code, _, err = fm("study", *arguments)
        assert code == 2
        assert problem in err
        assert len(err.splitlines()) <= 2
