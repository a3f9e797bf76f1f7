"""A study keeps each cell as it ends, goes on where it was cut off, and tells what failed."""

from __future__ import annotations

import csv
import json
import shutil
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from fashion_match import ModelError, Plugins, UsageError, hookimpl
from fashion_match.core.study import CELLS, CURVES, NORMAL, RESULT, TABLE, resume, study
from fashion_match.core.study_request import read_request
from tests.drawn import DRAWN
from tests.tiny import ENTRY, TinyOptions, make_tiny, tiny_plugins

N_STYLES = 12


def make_shy(options: TinyOptions, *, weights: str) -> Any:
    """Return the tiny network, of which there are no pretrained weights while a file says so."""
    if weights == "pretrained" and Shy.lost:
        Shy.n_asked += 1
        raise ModelError("the pretrained weights of shy cannot be downloaded.", "Try again.")
    return make_tiny(options, weights=weights)


class Shy:
    lost = True
    n_asked = 0

    @hookimpl
    def fm_register_backbones(self, backbones: Any) -> None:
        backbones.register("shy", make_shy, options=TinyOptions)


shy = Shy()


@pytest.fixture
def own() -> Plugins:
    Shy.lost, Shy.n_asked = True, 0
    return Plugins(installed=[ENTRY, EntryPoint("shy", "tests.core.test_study:shy", "fashion_match")])


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """Queries and targets: two photos of each style."""
    source = tmp_path_factory.mktemp("study") / "pairs"
    for style in range(1, N_STYLES + 1):
        for folder, view in (("targets", 1), ("queries", 2)):
            (source / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(photos / f"style-{style:04}_{view}.jpg", source / folder / f"{style}.jpg")
    (source / "record.csv").write_text("".join(f"{n}.jpg,{n}.jpg\n" for n in range(1, N_STYLES + 1)))
    return source


def small(source: Path, out: Path, own: Plugins, **given: Any) -> Any:
    usual: dict[str, Any] = {"backbones": ("tiny",), "weights": ("random",), "repeats": 3, "epochs": 4, "lr": 3e-3}
    return study(source, out=out, plugins=own, jobs=1, device="cpu", **{**usual, **given})


def result_of(folder: Path) -> Any:
    """Return what a study came to, apart from times."""
    found = json.loads((folder / RESULT).read_text())
    for part in (*found["cells"], *found["rows"]):
        del part["seconds"]
    return found


def test_a_study_writes_its_cells_its_table_and_its_pictures(pairs, tmp_path, own):
    report = small(pairs, tmp_path / "s", own, k=2)
    assert [cell.name for cell in report.cells] == ["tiny-random-000", "tiny-random-001", "tiny-random-002"]
    assert report.figure == "val/oracle_top2_error"
    for cell in report.cells:
        assert len(cell.errors) == 5  # before, and after each of 4 steps
        assert cell.n_steps == 4
        assert cell.errors[cell.oracle] == min(cell.errors)
        views = cell.figures["val/view_mrr"]
        assert cell.kept == views.index(max(views))  # label-free
        assert all(0 <= error <= 1 for error in cell.errors)
    assert len({cell.errors for cell in report.cells}) > 1  # each repeat has weights of its own
    assert {path.name for path in (tmp_path / "s").iterdir()} == {CELLS, "request.json", RESULT, TABLE, CURVES, NORMAL}
    with (tmp_path / "s" / TABLE).open(newline="") as text:
        (row,) = csv.DictReader(text)
    assert float(row["before.mean"]) == pytest.approx(sum(cell.errors[0] for cell in report.cells) / 3)
    assert {"kept.error.mean", "oracle.improvement", "kept.test.p", "kept.p"} <= row.keys()
    assert result_of(tmp_path / "s")["cells"][0]["kept"] == report.cells[0].kept


def test_the_stop_looks_at_no_label(pairs, tmp_path, own):
    report = small(pairs, tmp_path / "s", own, repeats=4, epochs=6)
    assert any(cell.kept != cell.oracle for cell in report.cells)
    assert all(cell.errors[cell.oracle] <= cell.errors[cell.kept] for cell in report.cells)
    wrong = tmp_path / "wrong"
    shutil.copytree(pairs, wrong)
    (wrong / "record.csv").write_text("".join(f"{n}.jpg,{1 + n % N_STYLES}.jpg\n" for n in range(1, N_STYLES + 1)))
    other = small(wrong, tmp_path / "o", own, repeats=4, epochs=6)
    assert [cell.kept for cell in other.cells] == [cell.kept for cell in report.cells]
    assert [cell.oracle for cell in other.cells] != [cell.oracle for cell in report.cells]


def test_a_study_that_is_killed_goes_on_and_comes_to_the_same(pairs, tmp_path, own):
    given: dict[str, Any] = {"backbones": ("tiny", "shy"), "repeats": 2}
    small(pairs, tmp_path / "whole", own, **given)

    def kill(cell: Any, n: int, total: int) -> None:
        assert total == 4
        if n == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(pairs, tmp_path / "cut", own, on_cell=kill, **given)
    assert len(list((tmp_path / "cut" / CELLS).iterdir())) == 3
    ran: list[str] = []
    lines: list[str] = []
    small(pairs, tmp_path / "cut", own, on_cell=lambda cell, n, _: ran.append(cell.name), notify=lines.append, **given)
    assert ran == ["shy-random-001"]
    assert "3 of 4 cells are done already." in lines
    assert result_of(tmp_path / "cut") == result_of(tmp_path / "whole")
    resume(own, tmp_path / "cut", jobs=1, on_cell=lambda *_: pytest.fail("nothing is left to do"))
    assert result_of(tmp_path / "cut") == result_of(tmp_path / "whole")


def test_another_study_does_not_go_into_the_folder(pairs, tmp_path, own):
    small(pairs, tmp_path / "s", own, repeats=1, epochs=1)
    before = result_of(tmp_path / "s")
    with pytest.raises(UsageError, match=r"another study: train.options.lr was 0.003, is 0.5; repeats was 1, is 2"):
        small(pairs, tmp_path / "s", own, repeats=2, epochs=1, lr=0.5)
    assert result_of(tmp_path / "s") == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    with pytest.raises(UsageError, match="holds no study"):
        small(pairs, tmp_path / "full", own)
    with pytest.raises(UsageError, match="is no study"):
        resume(own, tmp_path / "nowhere")
    assert read_request(tmp_path / "s").repeats == 1


def test_a_cell_that_fails_is_told_and_tried_again(pairs, tmp_path, own):
    given: dict[str, Any] = {"backbones": ("shy",), "weights": ("pretrained", "random"), "repeats": 2, "epochs": 1}
    report = small(pairs, tmp_path / "s", own, **given)
    assert [cell.state for cell in report.cells] == ["failed", "done", "failed", "done"]
    assert {cell.reason for cell in report.failed} == {"the pretrained weights of shy cannot be downloaded."}
    assert Shy.n_asked == 1  # the other repeats would look for the same weights
    row = report.rows[0]
    assert (row.weights, row.n_done, row.n_failed, row.before) == ("pretrained", 0, 2, None)
    Shy.lost = False
    ran: list[str] = []
    report = small(pairs, tmp_path / "s", own, on_cell=lambda cell, *_: ran.append(cell.name), **given)
    assert ran == ["shy-pretrained-000", "shy-pretrained-001"]
    assert not report.failed


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"backbones": ("tini",)}, "no backbone 'tini'"),
        ({"backbones": ("tiny", "tiny")}, "'tiny' twice"),
        ({"weights": ("best",)}, "knows no such weights"),
        ({"repeats": 0}, "--repeats 0"),
        ({"max_minutes": 3.0}, "does not go with a study"),
        ({"lr": -1}, "lr"),
        ({"method": "orthogonl"}, "orthogonl"),
        ({"figure": "val/recal@1"}, "nothing is called 'val/recal@1'"),
    ],
)
def test_what_no_cell_can_do_is_refused(pairs, tmp_path, own, given, problem):
    with pytest.raises(Exception, match=problem) as caught:
        small(pairs, tmp_path / "s", own, **given)
    assert caught.value.exit_code == 2  # type: ignore[attr-defined]
    assert not list((tmp_path / "s").glob(f"{CELLS}/*"))


def test_a_method_with_labels(photos, tmp_path, own):
    report = small(
        f"drawn:{photos}",  # type: ignore[arg-type]
        tmp_path / "s",
        own,
        method="triplet",
        repeats=2,
        epochs=2,
        batch_size=24,
        settings={"reader": DRAWN, "dim": 16},
    )
    assert (report.figure, report.monitor) == ("val/recall@1", "val/map@r")
    assert len({cell.n_train for cell in report.cells}) == 1  # the repeats hold out the same styles
    for cell in report.cells:
        recall = cell.figures["val/recall@1"]
        assert cell.errors == pytest.approx([1 - value for value in recall])
        assert cell.kept == (chosen := cell.figures["val/map@r"]).index(max(chosen))
    assert "the labels of held-out items" in report.sentences[0]
    other = small(
        f"drawn:{photos}",  # type: ignore[arg-type]
        tmp_path / "o",
        own,
        method="triplet",
        repeats=1,
        epochs=1,
        figure="val/map@r",
        settings={"reader": DRAWN},
    )
    assert other.figure == "val/map@r"


def test_a_step_that_shares_its_work_with_validation_is_the_step_of_a_run(pairs, tmp_path, own, monkeypatch):
    from fashion_match.core.train.photos import RunPhotos

    shared = small(pairs, tmp_path / "shared", own, repeats=1)
    monkeypatch.setattr(RunPhotos, "looks_ahead", False)
    apart = small(pairs, tmp_path / "apart", own, repeats=1)
    for name, values in shared.cells[0].figures.items():
        assert values == pytest.approx(apart.cells[0].figures[name], abs=1e-6), name


@pytest.mark.slow
def test_cells_side_by_side_come_to_the_same(pairs, tmp_path):
    given: dict[str, Any] = {"backbones": ("tiny",), "weights": ("random",), "repeats": 4, "epochs": 2, "device": "cpu"}
    study(pairs, out=tmp_path / "one", plugins=tiny_plugins(), jobs=1, **given)
    study(pairs, out=tmp_path / "two", plugins=tiny_plugins(), make_plugins=tiny_plugins, jobs=2, **given)
    assert result_of(tmp_path / "one") == result_of(tmp_path / "two")
