from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest

from fashion_match import Catalogue, ModelError, UsageError
from fashion_match.core.match import Match, judge
from fashion_match.core.model.embedder import Embedder

CALIBRATION = {"slope": 20.0, "intercept": -14.0, "false_match_rate": 0.01}


def calibrate(store: Path) -> Path:
    """Give the model of a store a threshold and a calibration; return its folder."""
    (card,) = (store / "models").glob("*/card.json")
    fields = json.loads(card.read_text()) | {"threshold": 0.8, "calibration": CALIBRATION}
    card.unlink()  # the file may be one with that of another store
    card.write_text(json.dumps(fields))
    return card.parent


@pytest.fixture
def catalogue(stored, plugins):
    with Catalogue(stored, plugins=plugins) as opened:
        yield opened


@pytest.fixture(scope="module")
def pictures(photos):
    return sorted(photos.rglob("*.jpg"))[:6]


@pytest.fixture
def model(own_store):
    return calibrate(own_store)


def test_the_score_is_the_cosine_of_what_the_collection_holds(catalogue, pictures):
    held = {stored.item.image.name: stored.vector for stored in catalogue.store.scan(with_vectors=True)}
    pairs = list(itertools.combinations(pictures, 2))
    for (a, b), found in zip(pairs, catalogue.match_pairs(pairs), strict=True):
        assert (found.a, found.b) == (str(a), str(b))
        expected = sum(x * y for x, y in zip(held[a.name], held[b.name], strict=True))
        assert found.score == pytest.approx(expected, abs=1e-4)
        assert (found.verdict, found.threshold, found.p_same) == ("unknown", None, None)


def test_the_same_photo_scores_one_wherever_it_lies(catalogue, pictures, tmp_path):
    copy = shutil.copy(pictures[0], tmp_path / "copy.jpg")
    assert catalogue.match(pictures[0], pictures[0]).score == 1
    assert catalogue.match(pictures[0], copy).score == 1


def test_a_given_threshold_decides_and_the_least_score_is_enough(catalogue, pictures):
    score = catalogue.match(pictures[0], pictures[2]).score
    assert catalogue.match(pictures[0], pictures[2], threshold=score).verdict == "same"
    assert catalogue.match(pictures[0], pictures[2], threshold=score + 1e-6).verdict == "different"
    for wrong in (1.5, float("nan")):
        with pytest.raises(UsageError, match="no cosine"):
            catalogue.match(pictures[0], pictures[2], threshold=wrong)


def test_a_model_brings_its_own_threshold_and_calibration(plugins, model, pictures, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copytree(model, run / "model")
    elsewhere = Catalogue(tmp_path / "nowhere", plugins=plugins)
    for folder in (model, run):
        found = elsewhere.match(pictures[0], pictures[0], model=folder)
        assert (found.verdict, found.threshold) == ("same", 0.8)
        assert found.p_same == pytest.approx(1 / (1 + 2.718281828**-6))
    assert elsewhere.match(pictures[0], pictures[1], model=model, threshold=-1).verdict == "same"
    assert not (tmp_path / "nowhere").exists()


def test_each_photo_is_embedded_once(catalogue, pictures, monkeypatch):
    seen = []
    stream = Embedder.stream

    def watched(self, photos):
        seen.extend(photo.path for photo in photos)
        return stream(self, photos)

    monkeypatch.setattr(Embedder, "stream", watched)
    names = [picture.name for picture in pictures[:4]]
    pairs = [*itertools.product(names, names), (f"./{names[0]}", names[1])]
    found = list(catalogue.match_pairs(pairs, folder=pictures[0].parent))
    assert len(seen) == len(set(seen)) == 4
    assert [(match.a, match.b) for match in found] == pairs
    scores = {(match.a, match.b): match.score for match in found}
    assert all(scores[a, b] == pytest.approx(scores[b, a]) for a, b in itertools.product(names, names))


def test_a_photo_that_cannot_be_used_is_a_row_with_the_reason(catalogue, pictures, tmp_path):
    (tmp_path / "text.jpg").write_text("no photo")
    pairs = [(str(pictures[0]), "gone.jpg"), ("text.jpg", "gone.jpg"), (str(pictures[0]), str(pictures[1]))]
    one, both, fine = catalogue.match_pairs(pairs, folder=tmp_path, threshold=0.5)
    assert (one.verdict, one.score) == ("unknown", None)
    assert one.failure == "gone.jpg: missing_file: does not exist"
    assert "text.jpg: not_an_image" in both.failure
    assert "gone.jpg: missing_file" in both.failure
    assert fine.failure is None
    with pytest.raises(UsageError, match=r"gone\.jpg: missing_file"):
        catalogue.match(pictures[0], "gone.jpg")


def test_without_a_model_the_ways_to_one_are_told(plugins, pictures, tmp_path):
    with pytest.raises(UsageError, match=r"no collection 'default'.*\nGive --model DIR"):
        Catalogue(tmp_path / "store", plugins=plugins).match(pictures[0], pictures[1])
    with pytest.raises(ModelError, match="is no model"):
        Catalogue(tmp_path / "store", plugins=plugins).match(pictures[0], pictures[1], model=tmp_path)


def test_verdicts_are_judged_by_what_was_expected():
    told = [
        ("same", True), ("same", True), ("different", True), ("same", False), ("different", False),
        ("unknown", True), ("same", None),
    ]  # fmt: skip
    judged = judge([Match(a="a", b="b", verdict=verdict, expected=expected) for verdict, expected in told])
    assert (judged.n_same, judged.n_missed, judged.n_different, judged.n_mistaken) == (3, 1, 2, 1)
    assert judged.share == pytest.approx(3 / 5)
    assert judge([]).share is None


def test_hits_tell_how_likely_they_show_the_style_of_one_photo(own_store, plugins, pictures):
    with Catalogue(own_store, plugins=plugins) as catalogue:
        assert all(hit.p_same is None for hit in catalogue.query(pictures[0]))
        calibrate(own_store)
        for answer in (catalogue.query(pictures[0]), catalogue.query(like=catalogue.query(pictures[0])[0].id)):
            for hit in answer:
                assert hit.p_same == pytest.approx(1 / (1 + 2.718281828 ** (14 - 20 * hit.score)))
        ids = [hit.id for hit in catalogue.query(pictures[0], k=2)]
        # The direction between two anchors, and what is typical of a filter, are no photos.
        for answer in (
            catalogue.query(like=ids),
            catalogue.query(pictures[0], like=ids[0]),
            catalogue.query(where="price>0"),
            catalogue.query(pictures[0], where="price>0", strategy="attributes"),
        ):
            assert len(answer)
            assert all(hit.p_same is None for hit in answer)
