"""Readers ``fashion-analysis`` and ``outfits``."""

from __future__ import annotations

import pytest

from fashion_match import ReaderError, Reason


def garment(crop: str = "crops/1.jpg", **more: object) -> dict[str, object]:
    return {
        "crop_file": crop,
        "det_label": "dress",
        "det_score": 0.9,
        "box": [1, 2, 30, 40.5],
        "color": {"label": "Red", "score": 0.8},
        "pattern": {"label": "Floral", "score": 0.4},
        "season": {"label": "Autumn", "score": 0.7},
        **more,
    }


def test_labels_become_attributes_and_scores_their_confidence(fill, read):
    root = fill("crops/1.jpg", files={"fashion_analysis_1.json": {"items": [garment()]}})
    (item,), failures = read("fashion-analysis", root)
    assert not failures
    assert (item.id, item.image) == ("crops/1.jpg", root / "crops/1.jpg")
    assert item.attributes == {"category": "dress", "color": "Red", "pattern": "Floral", "season": "Fall"}
    assert item.scores == {"category": 0.9, "color": 0.8, "pattern": 0.4, "season": 0.7}


def test_a_crop_is_not_cropped_again_but_its_original_is(fill, read):
    files = {"fashion_analysis_1.json": {"items": [garment(image_file="full/1.jpg"), garment("crops/2.jpg")]}}
    root = fill("crops/1.jpg", "full/1.jpg", files=files)
    items, _ = read("fashion-analysis", root)
    assert [(i.image, i.box) for i in items] == [(root / "crops/1.jpg", None), (root / "crops/2.jpg", None)]
    items, failures = read("fashion-analysis", root, use="original")
    assert [(i.id, i.image, i.box) for i in items] == [("crops/1.jpg", root / "full/1.jpg", (1, 2, 30, 40.5))]
    assert [(f.item, f.reason) for f in failures] == [("crops/2.jpg", Reason.BAD_RECORD)]


def test_record_without_a_crop_is_the_box_of_its_photo(fill, read):
    record = {"image_file": "a.jpg", "det_label": "hat", "box": [0, 0, 5, 5]}
    (item,), _ = read("fashion-analysis", fill("a.jpg", files={"fashion_analysis.json": [record]}))
    assert (item.id, item.box, item.attributes, item.scores) == ("a.jpg#0,0,5,5", (0, 0, 5, 5), {"category": "hat"}, {})


def test_all_files_of_a_folder_in_order_with_their_photos_elsewhere(fill, read, tmp_path):
    root = fill(
        "pics/1.jpg",
        "pics/2.jpg",
        files={
            "a/fashion_analysis_2.json": {"items": [garment("2.jpg")]},
            "a/fashion_analysis_1.json": {"items": [garment("1.jpg")]},
            "a/other.json": "not JSON",
        },
    )
    items, failures = read("fashion-analysis", root / "a", images=str(root / "pics"))
    assert [i.image for i in items] == [root / "pics/1.jpg", root / "pics/2.jpg"]
    assert not failures


def test_hostile_records_are_failures_and_the_next_file_is_read(fill, read):
    bad = [
        garment("../../etc/passwd"),
        garment("/etc/passwd"),
        garment(det_score=7),
        garment(color={"label": {"a": 1}}),
        garment(crop_file=None),
        garment(crop_file=["x"]),
        "text",
        garment("crops/ok.jpg", box="nonsense"),
    ]
    root = fill(
        files={
            "fashion_analysis_1.json": {"items": bad},
            "fashion_analysis_2.json": '{"items": [{"crop_file": "crops/2.jpg"}, {"crop_file": ',
            "fashion_analysis_3.json": {"items": [garment("crops/3.jpg", color=None)]},
        }
    )
    items, failures = read("fashion-analysis", root)
    assert [i.id for i in items] == ["crops/ok.jpg", "crops/2.jpg", "crops/3.jpg"]
    assert [f.reason for f in failures] == [
        Reason.OUTSIDE_SOURCE,
        Reason.OUTSIDE_SOURCE,
        Reason.BAD_RECORD,
        Reason.ATTRIBUTE_TYPE,
        Reason.BAD_RECORD,
        Reason.BAD_RECORD,
        Reason.BAD_RECORD,
        Reason.BAD_RECORD,
    ]
    _, failures = read("fashion-analysis", root / "fashion_analysis_1.json", allow_outside=True)
    assert Reason.OUTSIDE_SOURCE not in [f.reason for f in failures]


def test_folder_without_such_files(fill, read):
    with pytest.raises(ReaderError, match="fashion_analysis"):
        read("fashion-analysis", fill("a.jpg"))


OUTFITS = {
    "items": [
        {"item_id": "i1", "category": "shirt", "color": "Grey", "season": "Autumn", "outfit_id": "o1"},
        {"item_id": 2, "category": "boots", "color": "", "outfit_id": "o1"},
        {"category": "boots"},
        {"item_id": "i4", "category": {}},
    ]
}


def test_outfits_without_photos(fill, read):
    items, failures = read("outfits", fill(files={"data.json": OUTFITS}))
    assert [(i.id, i.image) for i in items] == [("i1", None), ("2", None)]
    assert items[0].attributes == {"category": "shirt", "color": "Grey", "season": "Fall", "outfit_id": "o1"}
    assert items[1].attributes == {"category": "boots", "outfit_id": "o1"}
    assert [(f.item, f.reason) for f in failures] == [(None, Reason.BAD_RECORD), ("i4", Reason.ATTRIBUTE_TYPE)]


def test_outfits_with_photos(fill, read):
    root = fill("pics/i1.png", files={"data.json": OUTFITS})
    items, failures = read("outfits", root / "data.json", images="pics")
    assert [(i.id, i.image) for i in items] == [("i1", root / "pics/i1.png")]
    assert ("2", Reason.MISSING_FILE) in [(f.item, f.reason) for f in failures]


def test_outfits_need_one_file(fill, read):
    root = fill(files={"a.json": OUTFITS, "b.json": OUTFITS})
    with pytest.raises(ReaderError, match=r"several JSON files .*a\.json, b\.json"):
        read("outfits", root)
