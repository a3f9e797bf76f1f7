"""Reader ``folders``, and the walk that it and others share."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

import pytest

from fashion_match import ReaderError, Reason


def test_class_folder_becomes_the_category_and_split_folder_the_split(fill, read):
    root = fill(
        "train/dress/b.jpg", "train/dress/a.JPEG", "validation/hat/x.png", "test/hat/y.webp", "valid/hat/z.avif"
    )
    items, failures = read("folders", root)
    assert not failures
    assert [(i.id, i.split, i.attributes, i.label, i.role) for i in items] == [
        ("test/hat/y.webp", "test", {"category": "hat"}, None, "gallery"),
        ("train/dress/a.JPEG", "train", {"category": "dress"}, None, "gallery"),
        ("train/dress/b.jpg", "train", {"category": "dress"}, None, "gallery"),
        ("valid/hat/z.avif", "val", {"category": "hat"}, None, "gallery"),
        ("validation/hat/x.png", "val", {"category": "hat"}, None, "gallery"),
    ]
    assert all(i.image == root / i.id for i in items)


def test_a_split_folder_as_source_gives_its_split(fill, read):
    items, _ = read("folders", fill("validation/hat/x.png") / "validation")
    assert [(i.id, i.split, i.attributes) for i in items] == [("hat/x.png", "val", {"category": "hat"})]


def test_flat_photos_have_no_category_and_deeper_folders_count_by_the_first(fill, read):
    items, _ = read("folders", fill("a.jpg", "shoes/high/b.jpg", "images/c.jpg"))
    assert {i.id: i.attributes for i in items} == {
        "a.jpg": {},
        "images/c.jpg": {},
        "shoes/high/b.jpg": {"category": "shoes"},
    }


def test_label_option_makes_each_folder_a_style(fill, read):
    items, _ = read(
        "folders", fill("train/s1/a.jpg", "train/s1/b.jpg", "train/s2/red/c.jpg"), label=True, attribute="box"
    )
    assert [(i.label, i.attributes["box"]) for i in items] == [("s1", "s1"), ("s1", "s1"), ("s2/red", "s2")]


def test_single_photo(fill, read):
    root = fill("a.jpg")
    (item,), _ = read("folders", root / "a.jpg")
    assert (item.id, item.image) == ("a.jpg", root / "a.jpg")


def test_hidden_and_other_files_are_passed_over_and_counted(fill, plugins):
    root = fill("a.jpg", ".hidden/b.jpg", ".c.jpg", files={"notes.txt": "x", "more.TXT": "y", "LICENSE": "z"})
    reader = plugins.readers["folders"].make()
    assert [item.id for item in reader.read(str(root))] == ["a.jpg"]
    assert reader.skipped == {"other files (.txt)": 2, "other files": 1}


def test_links_are_followed_and_those_that_lead_nowhere_are_failures(fill, read, tmp_path):
    root = fill("a/one.jpg", "z.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "b").symlink_to(root / "a", target_is_directory=True)
    (root / "self.jpg").symlink_to(root / "self.jpg")
    (root / "selfdir").symlink_to(root / "selfdir")
    (root / "gone.jpg").symlink_to(root / "nothing.jpg")
    (root / "gone").symlink_to(root / "nothing")
    (root / "link.jpg").symlink_to(root / "z.jpg")
    items, failures = read("folders", root)
    assert [i.id for i in items] == ["a/one.jpg", "b/one.jpg", "link.jpg", "z.jpg"]
    assert {f.item: f.reason for f in failures} == {
        "a/up": Reason.LINK_LOOP,
        "b/up": Reason.LINK_LOOP,
        "gone": Reason.MISSING_FILE,
        "gone.jpg": Reason.MISSING_FILE,
        "self.jpg": Reason.LINK_LOOP,
        "selfdir": Reason.LINK_LOOP,
    }


def test_unreadable_folder_is_one_failure(fill, read, monkeypatch):
    root = fill("a/x.jpg", "b/y.jpg")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    items, failures = read("folders", root)
    assert [i.id for i in items] == ["b/y.jpg"]
    assert [(f.reason, f.file) for f in failures] == [(Reason.UNREADABLE, str(root / "a"))]


def test_pipe_that_is_called_as_a_photo_is_a_failure(fill, read):
    root = fill("a.jpg")
    os.mkfifo(root / "pipe.jpg")
    items, failures = read("folders", root)
    assert [i.id for i in items] == ["a.jpg"]
    assert [f.reason for f in failures] == [Reason.UNREADABLE]


def test_name_that_is_not_utf8_is_a_failure_that_can_be_reported(fill, read):
    root = fill("a.jpg")
    (Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe.jpg"))).write_bytes(b"x")
    items, failures = read("folders", root)
    assert [i.id for i in items] == ["a.jpg"]
    assert [f.reason for f in failures] == [Reason.BAD_RECORD]
    failures[0].model_dump_json()


def test_folders_nested_deeper_than_the_recursion_limit(tmp_path, read):
    deepest = tmp_path.joinpath(*["d"] * 300)
    deepest.mkdir(parents=True)
    (deepest / "x.jpg").write_bytes(b"x")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        items, failures = read("folders", tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert [item.attributes for item in items] == [{"category": "d"}]
    assert not failures


def test_empty_folder_says_what_it_looked_for(fill, read):
    root = fill(files={"notes.txt": "x"})
    with pytest.raises(ReaderError, match=r"(?s)no photos in .*\.jpg.*\.avif"):
        read("folders", root)


def test_missing_source_suggests_the_nearest_name(fill, read):
    root = fill("products/a.jpg")
    with pytest.raises(ReaderError, match=r"(?s)no file or folder.*prodcts.*'products'"):
        read("folders", root / "prodcts")
    with pytest.raises(ReaderError, match=r"(?s)no file or folder.*Did you mean 'products'"):
        read("folders", root / "prodcts" / "train")


def test_source_that_is_a_dead_link_a_loop_or_no_path(fill, read):
    root = fill("a.jpg")
    (root / "dead").symlink_to(root / "nothing")
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(ReaderError, match="does not exist"):
        read("folders", root / "dead")
    with pytest.raises(ReaderError, match="leads back to itself"):
        read("folders", root / "loop")
    with pytest.raises(ReaderError, match="NUL"):
        read("folders", "a\0b")
    with pytest.raises(ReaderError, match="neither a folder nor a photo"):
        read("folders", fill(files={"x.txt": ""}) / "x.txt")
