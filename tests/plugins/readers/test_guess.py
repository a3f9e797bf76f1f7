"""Which reader a source is given to when none is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fashion_match import PluginError, ReaderError

ITEMS = {"items": [{"item_id": "1", "outfit_id": "o"}]}
CROPS = {"items": [{"crop_file": "a.jpg", "det_label": "hat"}]}
KAGGLE = "id,gender,articleType,baseColour\n"
INSHOP = "1\nimage_name item_id evaluation_status\na id train\n"
PARTITION = "1\nimage_name evaluation_status\na train\n"


@pytest.mark.parametrize(
    ("photos", "files", "source", "expected"),
    [
        (["train/dress/a.jpg"], {}, "", "folders"),
        (["a.jpg"], {}, "", "folders"),
        (["a.jpg"], {}, "a.jpg", "folders"),
        (["IMG_0001.jpg", "IMG_0002.jpg", "DSC_1.jpg", "DSC_2.jpg"], {}, "", "folders"),
        (["a_1.jpg", "b_1.jpg", "c_1.jpg"], {}, "", "folders"),
        (["a_1.jpg", "a_2.jpg", "b_1.jpg", "b_2.jpg", "c_1.jpg"], {}, "", "style-id"),
        (["a_1.jpg", "a_2.jpg", "b_1.jpg", "b_2.jpg", "plain.jpg"], {}, "", "folders"),
        (["images/1.jpg"], {"styles.csv": KAGGLE}, "", "kaggle-fashion"),
        (["images/1.jpg"], {"styles.csv": KAGGLE}, "styles.csv", "kaggle-fashion"),
        (["images/1.jpg"], {"styles.csv": "id,color\n"}, "", "table"),
        (["images/1.jpg"], {"shop.csv": "id\n"}, "", "table"),
        ([], {"x.jsonl": "{}"}, "x.jsonl", "table"),
        ([], {"x.Parquet": "PAR1"}, "x.Parquet", "table"),
        (["crops/a.jpg"], {"fashion_analysis_1.json": CROPS}, "", "fashion-analysis"),
        ([], {"x.json": CROPS}, "x.json", "fashion-analysis"),
        ([], {"x.json": ITEMS}, "x.json", "outfits"),
        ([], {"data.json": ITEMS}, "", "outfits"),
        (["queries/a.jpg", "targets/b.jpg"], {"record.csv": "a.jpg,b.jpg\n"}, "", "queries-targets"),
        (["a.jpg", "b.jpg"], {"record.csv": "a.jpg,b.jpg\n"}, "", "queries-targets"),
        ([], {"Anno/list_category_img.txt": "", "Anno/list_landmarks.txt": ""}, "", "deepfashion-category"),
        ([], {"Anno_coarse/list_category_img.txt": ""}, "", "deepfashion-category"),
        ([], {"Eval/list_eval_partition.txt": INSHOP}, "", "deepfashion-inshop"),
        ([], {"Eval/list_eval_partition.txt": PARTITION, "Anno/list_bbox.txt": ""}, "", "deepfashion-landmark"),
        ([], {"Eval/list_eval_partition.txt": "", "Anno/list_landmarks.txt": ""}, "", "deepfashion-landmark"),
    ],
)
def test_layout_is_told_by_its_names(fill, plugins, photos, files, source, expected):
    assert plugins.guess_reader(str(fill(*photos, files=files) / source)) == expected


def test_drawn_needs_no_folder(plugins):
    assert plugins.guess_reader("drawn") == plugins.guess_reader("drawn:nowhere/yet") == "drawn"


def test_source_that_does_not_exist_gets_the_nearest_name(fill, plugins, monkeypatch):
    monkeypatch.chdir(fill("products/a.jpg"))
    with pytest.raises(ReaderError) as caught:
        plugins.guess_reader("product")
    assert caught.value.problem == "there is no file or folder 'product'."
    assert caught.value.remedy == "Did you mean 'products'?"


@pytest.mark.parametrize("source", ["notes.txt", "other.json"])
def test_file_that_nobody_knows(fill, plugins, source):
    root = fill(files={"notes.txt": "x", "other.json": {"a": 1}})
    with pytest.raises(PluginError, match="no reader recognises"):
        plugins.guess_reader(str(root / source))


def test_web_address_is_left_to_others(plugins):
    with pytest.raises(PluginError, match="no reader recognises"):
        plugins.guess_reader("https://example.org/shop")


DATA = Path(os.environ.get("FM_DATA", "../shared/data"))


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data in {DATA}")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("products", ("kaggle-fashion", 8000)),
        ("clothing", ("folders", 3409)),
        ("clothing/validation", ("folders", 341)),
        ("uniqlo", ("queries-targets", 48)),
        ("outfits", ("outfits", 1012)),
    ],
)
def test_real_data(plugins, read, source, expected):
    name = plugins.guess_reader(str(DATA / source))
    items, failures = read(name, DATA / source)
    assert (name, len(items)) == expected
    assert not failures
    assert len({item.id for item in items}) == len(items)
