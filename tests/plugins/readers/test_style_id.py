"""Reader ``style-id``."""

from __future__ import annotations

import pytest

from fashion_match import ReaderError, Reason


def test_text_before_the_first_underscore_is_the_label(fill, read):
    items, failures = read("style-id", fill("a_1.jpg", "a_2_x.png", "b_1.jpeg", "sub/c_1.jpg"))
    assert [(i.id, i.label) for i in items] == [("a_1.jpg", "a"), ("a_2_x.png", "a"), ("b_1.jpeg", "b")]
    assert not failures


def test_names_without_a_style_are_failures(fill, read):
    items, failures = read("style-id", fill("a_1.jpg", "plain.jpg", "_x.jpg"))
    assert [i.id for i in items] == ["a_1.jpg"]
    assert {(f.item, f.reason) for f in failures} == {("plain.jpg", Reason.BAD_RECORD), ("_x.jpg", Reason.BAD_RECORD)}


def test_min_images_leaves_out_small_styles_and_counts_them(fill, plugins):
    root = fill("a_1.jpg", "a_2.jpg", "b_1.jpg", "c_1.jpg", "c_2.jpg", "c_3.jpg", files={"b_2.txt": "no photo"})
    reader = plugins.readers["style-id"].make({"min_images": 2})
    assert [i.id for i in reader.read(str(root))] == ["a_1.jpg", "a_2.jpg", "c_1.jpg", "c_2.jpg", "c_3.jpg"]
    assert reader.skipped["photos of styles with fewer than 2"] == 1


def test_a_file_is_no_folder(fill, read):
    with pytest.raises(ReaderError, match="is a file"):
        read("style-id", fill("a_1.jpg") / "a_1.jpg")
