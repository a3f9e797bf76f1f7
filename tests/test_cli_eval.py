"""``fm eval`` and ``fm compare``: what is measured on what, what leaks, and what is left in the folder."""

from __future__ import annotations

import csv
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fashion_match import Catalogue, UsageError, compare, evaluate, train
from fashion_match.core.evaluate.table import read_table
from fashion_match.core.evaluation import Evaluation
from tests.drawn import DRAWN
from tests.test_cli import fm
from tests.tiny import RUN, tiny_plugins

__all__ = ["fm"]  # the fixture

SET = [part for name, value in DRAWN.items() for part in ("--set", f"{name}={value}")]


@pytest.fixture(scope="module")
def source(photos: Path) -> str:
    return f"drawn:{photos}"


@pytest.fixture(scope="module")
def triplet(tmp_path_factory: pytest.TempPathFactory, source: str) -> Path:
    """A run on the drawn catalogue, of which a fifth of the styles is held out. Tests must not change it."""
    folder = tmp_path_factory.mktemp("runs") / "triplet"
    settings = {"reader": DRAWN}
    train(source, out=folder, plugins=tiny_plugins(), settings=settings, epochs=3, **RUN)
    return folder


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, source: str) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "classifier"
    settings = {"reader": DRAWN}
    train(source, out=folder, method="classifier", plugins=tiny_plugins(), settings=settings, epochs=2, **RUN)
    return folder


@pytest.fixture
def measured(source: str, tmp_path: Path) -> Any:
    """Evaluate from Python, quickly: few draws, and no figures by attribute, each of which is a picture."""

    def run(model: Path, **given: Any) -> Evaluation:
        options = {
            "source": source,
            "out": tmp_path / "eval",
            "n_resamples": 50,
            "reader_options": DRAWN,
            "by": (),
            **given,
        }
        return evaluate(options.pop("source"), model=model, plugins=tiny_plugins(), **options)

    return run


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line finds the tiny backbone too."""
    monkeypatch.setattr("fashion_match.cli.Plugins", tiny_plugins)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs))


def test_a_run_is_tested_on_what_it_held_out(fm, source, triplet, tmp_path):
    code, out, err = fm("eval", source, *SET, "-p", "retrieval", "--model", triplet, "--out", "made", "--resamples", 50)
    assert (code, err) == (0, "")
    manifest = json.loads((triplet / "manifest.json").read_text())
    held_out = manifest["data"]["held_out"]
    report = Evaluation.model_validate_json((tmp_path / "made" / "report.json").read_text())
    assert report.n_items == report.n_queries == len(held_out) == 24
    assert report.n_labels == 12
    assert report.leaks.counts == dict.fromkeys(("same file", "same content", "near duplicate", "same label"), 0)
    assert "chose the model's checkpoint" in " ".join(report.notes)
    table = read_table(tmp_path / "made" / "queries.parquet")
    assert sorted(table["item"]) == held_out
    # The same figure as training itself found on these items.
    assert report.figures["recall@1"].value == pytest.approx(manifest["figures"]["val/recall@1"])
    assert report.figures["map@r"].value == pytest.approx(manifest["figures"]["val/map@r"], abs=1e-6)
    assert "recall@1" in out
    assert "trivial guess" in out
    assert "made/report.html" in out
    assert (tmp_path / "made" / "report.txt").read_text().splitlines()[0] in out
    page = Page((tmp_path / "made" / "report.html").read_text())
    assert len(page.images) > 100  # twenty queries with what was found
    assert all(str(image["src"]).startswith("data:image/") and image["alt"] for image in page.images)
    names = {file.name for file in (tmp_path / "made").iterdir()}
    assert {"report.json", "report.txt", "report.html", "queries.parquet", "recall@k.png", "by-category.png"} <= names
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_what_a_run_left_alone_is_what_it_is_tested_on(measured, source, tmp_path):
    settings = {"reader": DRAWN}
    said: list[str] = []
    plugins = tiny_plugins()
    run = tmp_path / "run"
    train(source, out=run, plugins=plugins, settings=settings, epochs=1, test=0.25, notify=said.append, **RUN)
    assert "30 items are left alone: `fm eval` tests the model on them." in said
    found = measured(run, protocol="retrieval")
    assert found.n_queries == 30
    assert found.notes == ("Tested: items that the run left alone; the model was trained on 72 others of the source.",)


def test_what_was_trained_on_is_refused_marked_or_left_out(fm, source, triplet, tmp_path):
    asked = ("eval", source, *SET, "-p", "retrieval", "--model", triplet, "--split", "all", "--resamples", 50)
    code, out, err = fm(*asked, "--out", "refused")
    assert code == 3
    assert out == ""
    assert "96 tested items are on both sides: 96 by same file, 96 by same label." in err
    assert "--drop-leaks" in err
    assert not (tmp_path / "refused").exists()
    with (tmp_path / "refused-leaks.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 192

    code, out, _ = fm(*asked, "--out", "marked", "--allow-leaks")
    assert code == 0
    marked = Evaluation.model_validate_json((tmp_path / "marked" / "report.json").read_text())
    assert marked.leaks.marked
    assert marked.n_queries == 120
    figures = [line for line in out.splitlines() if line.startswith(("recall@", "map@r", "mrr"))]
    assert figures
    assert all("!" in line for line in figures)
    assert (tmp_path / "marked" / "leaks.csv").exists()

    code, out, _ = fm(*asked, "--out", "dropped", "--drop-leaks")
    assert code == 0
    dropped = Evaluation.model_validate_json((tmp_path / "dropped" / "report.json").read_text())
    assert (dropped.n_queries, dropped.leaks.n_dropped, dropped.leaks.marked) == (24, 96, False)

    assert fm(*asked, "--drop-leaks", "--allow-leaks")[0] == 2


def test_near_duplicates_among_the_tested_are_found(measured, triplet, photos, tmp_path):
    folder = tmp_path / "photos"
    shutil.copytree(photos, folder)
    one = sorted(folder.glob("*_1.jpg"))[0]
    picture = Image.open(one)
    picture.resize((picture.width * 3 // 2, picture.height * 3 // 2)).save(folder / "copy_1.jpg", quality=80)
    from fashion_match import DataError

    with pytest.raises(DataError, match="by near duplicate"):
        measured(triplet, source=str(folder), reader_options={}, protocol="retrieval", split="all")
    found = measured(triplet, source=str(folder), reader_options={}, protocol="retrieval", split="all", leaks="allow")
    assert "near duplicate" in {leak.kind for leak in found.leaks.examples}


def test_pairs_by_the_models_own_a_given_and_a_fitted_threshold(measured, triplet, tmp_path):
    own = measured(triplet, protocol="pairs", n_pairs=200)
    card = json.loads((triplet / "model" / "card.json").read_text())
    assert f"threshold {card['threshold']:.3f} (the model's)" in own.heading
    assert own.n_queries == 1000
    assert len(own.draws) == 5
    assert {"roc.png", "det.png", "scores.png"} <= {file.name for file in (tmp_path / "eval").iterdir()}
    given = measured(triplet, protocol="pairs", n_pairs=200, threshold=0.5, draws=2, out=tmp_path / "given")
    assert "2 x 200" in given.heading
    assert "threshold 0.500 (given)" in given.heading
    assert set(read_table(tmp_path / "given" / "queries.parquet")["threshold"]) == {0.5}
    fitted = measured(triplet, protocol="pairs", n_pairs=200, threshold="fit", out=tmp_path / "fitted")
    assert "fitted on 12 items that are not tested" in fitted.heading
    assert fitted.n_items == 12
    assert fitted.n_labels == 6
    hard = measured(triplet, protocol="pairs", n_pairs=200, negatives="hard", out=tmp_path / "hard")
    assert hard.heading.startswith("hard pairs (different styles of the same category)")


def test_classes_by_heads_and_by_neighbours(measured, classifier, triplet, tmp_path):
    heads = measured(classifier, protocol="classify", attributes=("category", "category,color"))
    assert "the model's own heads" in heads.heading
    manifest = json.loads((classifier / "manifest.json").read_text())
    assert heads.figures["accuracy:category"].value == pytest.approx(manifest["figures"]["val/accuracy:category"])
    assert heads.figures["accuracy:category,color"].value <= heads.figures["accuracy:category"].value
    assert heads.confusion["category"].classes
    near = measured(classifier, protocol="classify", attributes=("category",), knn=3, out=tmp_path / "near")
    assert "3 nearest neighbours among 96" in near.heading
    default = measured(triplet, protocol="classify", out=tmp_path / "default")
    assert default.heading == "category of 24 items, told by the nearest neighbour among 96"
    with pytest.raises(UsageError, match="does not predict brand"):
        measured(classifier, protocol="classify", attributes=("brand",), out=tmp_path / "none")


def test_filters(fm, source, triplet):
    code, out, _ = fm("eval", source, *SET, "-p", "filtered", "--model", triplet, "--queries", 5, "-k", 3, "--json")
    assert code == 0
    found = Evaluation.model_validate_json(out)
    assert "recall@3 of the index against exact search, 5 queries" in found.heading
    assert found.filters[0].filter == "none"
    assert all(0 <= row.recall.value <= 1 for row in found.filters)


def test_matching_needs_targets(fm, source, triplet, photos, tmp_path):
    code, _, err = fm("eval", source, *SET, "-p", "match", "--model", triplet)
    assert code == 2
    assert "no queries and targets apart" in err
    folder = tmp_path / "shop"
    for part in ("queries", "targets"):
        (folder / part).mkdir(parents=True)
    for photo in sorted(photos.glob("*_1.jpg")):
        shutil.copy(photo, folder / "queries" / photo.name)
        shutil.copy(photo.with_name(photo.name.replace("_1", "_2")), folder / "targets" / photo.name)
    names = [photo.name for photo in sorted(photos.glob("*_1.jpg"))]
    (folder / "record.csv").write_text("".join(f"{name},{name}\n" for name in names))
    code, out, err = fm("eval", folder, "-p", "match", "--model", triplet, "-k", 1, "-k", 7, "--json", "--allow-leaks")
    assert code == 0, err
    found = Evaluation.model_validate_json(out)
    assert {"top-1 error", "top-7 error", "mrr"} == found.figures.keys()
    assert found.figures["top-7 error"].guess == pytest.approx(1 - 7 / 60)


def test_the_models_of_a_collection_and_of_a_backbone(fm, source, stored):
    with Catalogue(stored) as catalogue:
        folder, named = catalogue.find_model()
    assert (folder / "card.json").exists()
    assert named == "the model of the collection default"
    asked = ("eval", source, *SET, "-p", "retrieval", "--resamples", 10, "--json")
    code, out, _ = fm(*asked, "--backbone", "tiny", "--weights", "none")
    assert code == 0
    assert Evaluation.model_validate_json(out).model == "tiny (weights: none, seed 0)"
    code, _, err = fm(*asked)
    assert code == 2
    assert "there is no model to compare with" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-p", "retrieving"], "Did you mean 'retrieval'?"),
        (["-p", "retrieval", "--split", "tset"], "'test'"),
        (["-p", "retrieval", "--by", "colour"], "Did you mean 'color'?"),
        (["-p", "retrieval", "--knn", "3"], "no option 'knn'"),
        (["-p", "pairs", "--threshold", "2"], "does not fit pairs"),
        (["-p", "pairs", "--pairs", "1"], "does not fit pairs"),
        (["-p", "retrieval", "--label-by", "colour"], "Did you mean 'color'?"),
        (["-p", "retrieval", "--metric", "l3"], "does not fit retrieval"),
        (["-p", "classify", "--attribute", "weight"], "no neighbour has the attribute"),
    ],
)
def test_mistakes_are_told(fm, source, triplet, arguments, said, tmp_path):
    code, out, err = fm("eval", source, *SET, "--model", triplet, *arguments, "--out", "made")
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "made").exists()


def test_a_folder_that_is_taken_is_left_alone(fm, source, triplet, tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("mine")
    code, _, err = fm("eval", source, *SET, "-p", "retrieval", "--model", triplet, "--out", "made")
    assert code == 2
    assert "made is there already" in err
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["mine.txt"]


def test_photos_that_cannot_be_used_are_counted(measured, triplet, photos, tmp_path):
    folder = tmp_path / "photos"
    shutil.copytree(photos, folder)
    (folder / "broken_1.jpg").write_bytes(b"no photo")
    found = measured(triplet, source=str(folder), reader_options={}, protocol="retrieval")
    assert found.n_failed == 1
    assert found.n_queries == 24


def test_comparing_evaluations(fm, measured, triplet, tmp_path):
    measured(triplet, protocol="retrieval", out=tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    code, out, _ = fm("compare", "a", "b", "--out", "c")
    assert code == 0
    assert "no difference that these queries can show" in out
    names = {file.name for file in (tmp_path / "c").iterdir()}
    assert {"comparison.json", "comparison.txt", "comparison.html", "differences.png"} == names
    assert fm("compare", "a")[0] == 2
    assert "is no evaluation" in fm("compare", "a", "nowhere")[2]
    assert "given twice" in fm("compare", "a", "a")[2]
    measured(triplet, protocol="pairs", n_pairs=100, out=tmp_path / "d")
    assert "several protocols" in fm("compare", "a", "d")[2]


def test_comparing_models(fm, source, triplet, classifier):
    asked = ("compare", triplet, classifier, "--out", "c", "--json")
    assert "--source and --protocol" in fm(*asked, "--source", source)[2]
    # Both held out the same styles, because they were split by the same seed.
    code, out, err = fm(*asked, "--source", source, "--protocol", "retrieval", "--reader", "drawn", *SET)
    assert code == 0, err
    found = json.loads(out)
    assert found["n_queries"] == 24
    assert found["names"] == ["triplet", "classifier"]


def test_comparing_from_python(measured, triplet, tmp_path):
    for name, ks in (("a", (1, 5)), ("b", (1, 5, 10))):
        measured(triplet, protocol="retrieval", ks=ks, out=tmp_path / name)
    found = compare([tmp_path / "a", tmp_path / "b"], n_resamples=50)
    assert found.n_queries == 24
    assert {each.figure for each in found.differences} >= {"recall@1", "recall@5", "map@r"}
    assert "recall@10" not in {each.figure for each in found.differences}
    assert all(each.difference.value == 0 for each in found.differences)


def test_what_is_missing_is_told_before_a_photo_is_read(fm, triplet, photos, tmp_path):
    folder = tmp_path / "alone"
    folder.mkdir()
    for n, photo in enumerate(sorted(photos.glob("*_1.jpg"))[:3]):
        shutil.copy(photo, folder / f"{n}.jpg")
        shutil.copy(photo, folder / f"{n}0.jpg")  # a leak, which would be told only later
    code, _, err = fm("eval", folder, "-p", "pairs", "--model", triplet, "--split", "all")
    assert code == 2
    assert "pairs needs labels, and no tested item has one" in err
    code, _, err = fm("compare", triplet, "nowhere", "--source", folder, "--protocol", "retrieval", "--out", "made")
    assert code == 4
    assert "nowhere is no model" in err
    assert [file.name for file in tmp_path.iterdir()] == ["alone"]


def test_help_shows_the_defaults_in_brackets(fm):
    code, out, _ = fm("eval", "--help")
    assert code == 0
    assert "[the collection's]" in " ".join(out.replace("│", " ").split())
