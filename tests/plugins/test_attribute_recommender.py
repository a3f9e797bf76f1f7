"""Ranking by the confidence that a source gave."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from fashion_match import Catalogue
from tests.drawn import MODEL


@pytest.fixture
def catalogue(new_store, tmp_path, plugins):
    items = []
    for n, (color, season) in enumerate([(0.9, 0.5), (0.6, 0.9), (0.99, 0.2), (0.7, 0.7)]):
        Image.new("RGB", (60, 60), (40 * n, 90, 30)).save(tmp_path / f"{n}.jpg")
        items.append(
            {
                "crop_file": f"{n}.jpg",
                "det_label": "shirt",
                "det_score": 0.8,
                "box": [0, 0, 60, 60],
                "color": {"label": "Blue", "score": color},
                "pattern": {"label": "Plain", "score": 0.5},
                "season": {"label": "Summer", "score": season},
            }
        )
    (tmp_path / "fashion_analysis_1.json").write_text(json.dumps({"items": items}))
    with Catalogue(new_store, plugins=plugins) as opened:
        assert opened.ingest(tmp_path / "fashion_analysis_1.json", **MODEL).n_stored == 4
        yield opened


def test_hits_rank_by_the_product_of_the_confidences(catalogue):
    answer = catalogue.query(color="Blue", season="Summer")
    assert answer.ranked_by == "confidence of color x season"
    assert [hit.score for hit in answer] == pytest.approx([0.54, 0.49, 0.45, 0.198])
    assert [hit.score for hit in catalogue.query(color="Blue", k=2, offset=1)] == pytest.approx([0.9, 0.7])
    assert [hit.score for hit in catalogue.query(color="Blue", min_score=0.8)] == pytest.approx([0.99, 0.9])
