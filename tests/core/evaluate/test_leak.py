"""Every kind of leak is caught, none is invented, and what could not be looked at is told."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fashion_match import Item, UsageError
from fashion_match.core.evaluate import evidence
from fashion_match.core.evaluate.evidence import Evidence, Shot, shot_of_item, shots_of_seen
from fashion_match.core.evaluate.leak import (
    KINDS,
    STRENGTH,
    LeakProgress,
    describe_side,
    find_leaks,
    find_twins,
    find_unknown,
    summarize,
    write_leaks,
)
from fashion_match.core.evaluation import Leak
from fashion_match.core.model.seen import Seen, SeenItem


def draw(file: Path, seed: int, quality: int = 90) -> Path:
    """Write a picture of soft blots that no other seed draws."""
    blots = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blots).resize((120, 100), Image.Resampling.BICUBIC).save(file, quality=quality)
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for n in range(8):
        draw(tmp_path / "a" / f"{n}.jpg", n)
        draw(tmp_path / "b" / f"{n}.jpg", 100 + n)
    return tmp_path


def shots(folder: Path, label: str | None = None) -> list[Shot]:
    return [Shot(f"{folder.name}{n}", folder / f"{n}.jpg", label=label) for n in range(8)]


def short(leaks: Sequence[Leak]) -> list[tuple[str, str, str]]:
    return [(leak.kind, leak.item, leak.other) for leak in leaks]


# Between two sides


def test_where_nothing_leaks_nothing_is_found(home: Path) -> None:
    assert find_leaks(shots(home / "a", "x"), shots(home / "b", "y"), side="gallery", photos=Evidence()) == []


def test_each_kind_is_caught_and_named_with_both_sides(home: Path) -> None:
    tested, other = shots(home / "a"), shots(home / "b")
    (home / "b" / "link.jpg").symlink_to(home / "a" / "1.jpg")
    shutil.copy(home / "a" / "2.jpg", home / "b" / "2.jpg")
    draw(home / "b" / "3.jpg", 3, quality=60)
    other[1] = Shot("b1", home / "b" / "link.jpg")
    tested[4] = Shot("a4", tested[4].file, label="skirt")
    other[5] = Shot("b5", other[5].file, label="skirt")
    found = find_leaks(tested, other, side="trained on", photos=Evidence())
    assert short(found) == [
        ("same file", "a1", "b1"),
        ("same content", "a2", "b2"),
        ("near duplicate", "a3", "b3"),
        ("same label", "a4", "b5"),
    ]
    assert {leak.side for leak in found} == {"trained on"}
    assert [(leak.file, leak.other_file) for leak in found] == [
        (tested[n].file, other[m].file) for n, m in [(1, 1), (2, 2), (3, 3), (4, 5)]
    ]
    assert [leak.label for leak in found] == [None, None, None, "skirt"]
    assert [leak.difference is not None for leak in found] == [False, False, True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_asked_for_is_looked_for(home: Path, kind: str) -> None:
    tested, other = shots(home / "a", "same"), [*shots(home / "a", "same"), *shots(home / "b", "same")]
    found = find_leaks(tested, other, side="gallery", kinds=[kind], photos=Evidence())
    assert [leak.kind for leak in found] == [kind] * 8
    assert [leak.other for leak in found] == [leak.item for leak in found]
    assert find_leaks(tested, other, side="gallery", kinds=[], photos=Evidence()) == []


def test_of_a_photo_it_is_the_surest_kind_alone_and_the_label_beside_it(home: Path) -> None:
    found = find_leaks(shots(home / "a", "x")[:2], shots(home / "a", "x")[:2], side="s", photos=Evidence())
    assert [leak.kind for leak in found] == ["same file", "same label"] * 2


def test_the_other_that_is_named_has_the_same_id_or_is_the_first(home: Path) -> None:
    file = home / "a" / "0.jpg"
    other = [Shot("x", file, (0, 0, 9, 9), "l"), Shot("y", file, (1, 1, 9, 9), "l"), Shot("z", home / "b" / "0.jpg")]
    assert short(find_leaks([Shot("y", file, label="l")], other, side="s", photos=Evidence())) == [
        ("same file", "y", "y"),
        ("same label", "y", "y"),
    ]
    assert short(find_leaks([Shot("n", file, label="l")], other, side="s", photos=Evidence())) == [
        ("same file", "n", "x"),
        ("same label", "n", "x"),
    ]


def test_two_boxes_in_one_photo_are_the_same_file_but_look_different(home: Path) -> None:
    file = draw(home / "c.jpg", 50)
    a, b = Shot("a", file, (0, 0, 60, 100)), Shot("b", file, (60, 0, 120, 100))
    assert short(find_leaks([a], [b], side="s", photos=Evidence())) == [("same file", "a", "b")]
    assert find_leaks([a], [b], side="s", kinds=["near duplicate"], photos=Evidence()) == []
    cut = home / "cut.png"
    Image.open(file).crop((60, 0, 120, 100)).save(cut)
    found = find_leaks([a, b], [Shot("cut", cut)], side="s", photos=Evidence())
    assert short(found) == [("near duplicate", "b", "cut")]


def test_items_without_photo_or_label_leak_by_neither(home: Path) -> None:
    bare = [Shot("1", None), Shot("2", None)]
    assert find_leaks(bare, bare, side="s", photos=Evidence()) == []
    assert find_twins(bare, photos=Evidence(), kinds=KINDS) == []
    assert find_leaks([], shots(home / "a"), side="s", photos=Evidence()) == []
    assert find_leaks(shots(home / "a"), [], side="s", photos=Evidence()) == []


def test_the_path_that_counts_is_where_links_lead(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "way").symlink_to(home / "a")
    monkeypatch.chdir(home)
    for path in (Path("way/0.jpg"), Path("a/../a/0.jpg"), home / "way" / "0.jpg"):
        assert short(find_leaks([Shot("n", path)], shots(home / "a"), side="s", photos=Evidence())) == [
            ("same file", "n", "a0")
        ]


def test_progress_is_told_to_the_end(home: Path) -> None:
    told: list[LeakProgress] = []
    find_leaks(shots(home / "a"), shots(home / "b"), side="s", photos=Evidence(), on_progress=told.append)
    assert told == [LeakProgress("read", 16, 16), LeakProgress("compare", 8, 8)]


# Within one set


def test_twins_are_both_named_and_nothing_is_its_own_twin(home: Path) -> None:
    one = shots(home / "a", "same label, which is no twin")
    assert find_twins(one, photos=Evidence()) == []
    Image.new("RGB", (40, 40), "grey").save(home / "a" / "0.jpg")  # it has no look, and those after it have
    shutil.copy(home / "a" / "1.jpg", home / "a" / "2.jpg")
    draw(home / "a" / "4.jpg", 3, quality=60)
    one.append(Shot("again", home / "a" / "5.jpg", (0, 0, 50, 50)))
    found = find_twins(one, photos=Evidence())
    assert short(found) == [
        ("same content", "a1", "a2"),
        ("same content", "a2", "a1"),
        ("near duplicate", "a3", "a4"),
        ("near duplicate", "a4", "a3"),
        ("same file", "a5", "again"),
        ("same file", "again", "a5"),
    ]
    assert {leak.side for leak in found} == {"same set"}
    by_label = find_twins(one[:3], photos=Evidence(), kinds=["same label"], side="each other")
    assert [(leak.item, leak.other, leak.side) for leak in by_label] == [
        ("a0", "a1", "each other"),
        ("a1", "a0", "each other"),
        ("a2", "a0", "each other"),
    ]


# What a model has seen


def test_what_was_trained_on_is_compared_by_its_recorded_content_when_it_is_gone(home: Path) -> None:
    digest = blake2b((home / "a" / "1.jpg").read_bytes(), digest_size=16).hexdigest()
    seen = Seen(
        [
            SeenItem("t0", "train", "red", "0.jpg", "f" * 32),
            SeenItem("t1", "train", None, "gone.jpg", digest),
            SeenItem("t2", "train", None, None, None),
            SeenItem("v1", "validation", "blue", "2.jpg", None, (0.0, 0.0, 120.0, 100.0)),
        ],
        home / "a",
    )
    trained, fitted = shots_of_seen(seen, "train"), shots_of_seen(seen, "validation")
    assert [shot.id for shot in trained] == ["t0", "t1", "t2"]
    assert fitted == [Shot("v1", home / "a" / "2.jpg", (0.0, 0.0, 120.0, 100.0), "blue")]
    photos = Evidence()
    assert short(find_leaks(shots(home / "a"), trained, side="trained on", photos=photos)) == [
        ("same file", "a0", "t0"),
        ("same content", "a1", "t1"),
    ]
    assert short(find_leaks(shots(home / "a"), fitted, side="fitted on", photos=photos)) == [("same file", "a2", "v1")]
    what = "photos that the model was trained on"
    assert find_unknown(trained, what=what, photos=photos) == [
        "photos that the model was trained on that could not be looked at: 2 (1 changed since, 1 gone); "
        "2 of them were compared by content."
    ]


def test_a_photo_that_was_replaced_is_not_taken_for_what_was_trained_on(home: Path) -> None:
    draw(home / "b" / "0.jpg", 0, quality=60)  # looks like a/0 now, which it did not then
    trained = [Shot("t", home / "b" / "0.jpg", content="f" * 32)]
    photos = Evidence()
    assert find_leaks(shots(home / "a"), trained, side="trained on", photos=photos) == []
    assert find_unknown(trained, what="photos", photos=photos) == [
        "photos that could not be looked at: 1 (1 changed since); 1 of them were compared by content."
    ]


def test_what_cannot_be_looked_at_is_counted_by_reason(home: Path) -> None:
    for n in range(3):
        (home / "b" / f"{n}.jpg").write_bytes((b"\xff\xd8\xff cut off", b"a text")[n % 2] * (n + 1))
    (home / "b" / "3.jpg").unlink()
    Image.new("RGB", (40, 40), "grey").save(home / "b" / "4.jpg")
    shutil.copy(home / "b" / "1.jpg", home / "a" / "7.jpg")
    draw(home / "b" / "6.jpg", 5, quality=60)
    photos = Evidence()
    found = find_leaks(shots(home / "a"), shots(home / "b"), side="gallery", photos=photos)
    assert short(found) == [("near duplicate", "a5", "b6"), ("same content", "a7", "b1")]
    assert find_unknown([*shots(home / "b"), *shots(home / "b")], what="photos of the gallery", photos=photos) == [
        "photos of the gallery that could not be looked at: 5 (1 gone, 1 of one colour, 3 unreadable); "
        "4 of them were compared by content."
    ]
    assert find_unknown(shots(home / "a")[:7], what="tested photos", photos=photos) == []


def test_files_that_have_no_hash_are_told_where_looks_are_not_asked_for(home: Path) -> None:
    photos, other = Evidence(), [Shot("1", home / "gone.jpg"), Shot("2", home / "gone too.jpg", content="f" * 32)]
    assert find_leaks(shots(home / "a"), other, side="s", kinds=["same content"], photos=photos) == []
    assert find_unknown(other, what="photos", photos=photos) == [
        "photos that could not be looked at: 1 (1 gone or unreadable); 0 of them were compared by content."
    ]


def test_a_photo_larger_than_allowed_is_compared_by_content_alone(home: Path) -> None:
    photos = Evidence(max_pixels=100)
    shutil.copy(home / "a" / "1.jpg", home / "b" / "2.jpg")
    draw(home / "b" / "3.jpg", 3, quality=60)
    found = find_leaks(shots(home / "a"), shots(home / "b"), side="gallery", photos=photos)
    assert short(found) == [("same content", "a1", "b2")]
    assert len(find_unknown(shots(home / "a"), what="photos", photos=photos)) == 1


# Evidence


def test_no_file_is_read_twice_over_several_searches(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    real = evidence.read_photo
    monkeypatch.setattr(evidence, "read_photo", lambda path, **given: read.append(path) or real(path, **given))
    monkeypatch.setattr(evidence, "hash_file", lambda path: pytest.fail(f"{path} is read for its hash"))
    photos = Evidence()
    for _ in range(2):
        find_leaks(shots(home / "a"), shots(home / "b"), side="gallery", photos=photos)
        find_twins(shots(home / "a"), photos=photos)
        find_leaks(shots(home / "a"), shots(home / "b"), side="s", kinds=["same content"], photos=photos)
    assert len(read) == 16
    assert {os.path.basename(path.parent) for path in read} == {"a", "b"}


def test_where_looks_are_not_asked_for_no_photo_is_decoded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "make_look", lambda *_, **__: pytest.fail("decoded"))
    shutil.copy(home / "a" / "1.jpg", home / "b" / "2.jpg")
    kinds = ["same file", "same content", "same label"]
    found = find_leaks(shots(home / "a"), shots(home / "b"), side="s", kinds=kinds, photos=Evidence())
    assert short(found) == [("same content", "a1", "b2")]


def test_a_shot_of_an_item_has_the_label_that_counts() -> None:
    item = Item(id="1", image=Path("1.jpg"), box=(1, 2, 3, 4), label="own")
    assert shot_of_item(item) == Shot("1", Path("1.jpg"), (1, 2, 3, 4), "own")
    assert shot_of_item(item, "made").label == "made"


# Summary and file


def leak(kind: str, item: str, other: str = "o", side: str = "gallery", **more: object) -> Leak:
    return Leak(kind=kind, side=side, item=item, other=other, **more)  # type: ignore[arg-type]


def test_items_are_counted_once_by_kind_over_all_sides() -> None:
    leaks = [
        leak("same file", "1", side="gallery"),
        leak("same file", "1", side="trained on"),
        leak("same label", "1"),
        leak("near duplicate", "2", difference=0.1),
    ]
    line = describe_side(1600, 6400, "that the model was trained on")
    assert line == "1,600 tested items against 6,400 that the model was trained on"
    check = summarize(leaks, kinds=KINDS, sides=[line], unknown=["x"], n_dropped=1)
    assert check.counts == {"same file": 1, "same content": 0, "same label": 1, "near duplicate": 1}
    assert (check.n_leaking, check.n_dropped, check.sides, check.unknown) == (2, 1, (line,), ("x",))
    assert check.marked
    assert not summarize(leaks, kinds=KINDS, n_dropped=2).marked
    assert summarize([], kinds=STRENGTH).counts == dict.fromkeys(STRENGTH, 0)


def test_examples_are_of_each_kind_in_turn_and_the_nearest_first() -> None:
    leaks = [leak("same label", str(n)) for n in range(30)]
    leaks += [leak("near duplicate", str(n), difference=n / 100) for n in range(20, 0, -1)]
    examples = summarize(leaks, kinds=KINDS, n_examples=6).examples
    assert [example.kind for example in examples] == ["same label", "near duplicate"] * 3
    assert [example.difference for example in examples[1::2]] == [0.01, 0.02, 0.03]
    assert summarize(leaks[:2], kinds=KINDS).examples == tuple(leaks[:2])


def test_the_file_is_sorted_and_complete_and_replaced_at_once(tmp_path: Path) -> None:
    leaks = [
        leak("same label", "b", label='a "quoted", label'),
        leak("near duplicate", "a", difference=0.125, file=Path("x/ä.jpg"), other_file=Path("y.jpg")),
        leak("same file", "z"),
        leak("same file", "a", side="trained on"),
        leak("same file", "b"),
    ]
    out = tmp_path / "leaks.csv"
    out.write_text("old")
    write_leaks(leaks, out)
    with out.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["kind"], row["side"], row["item"]) for row in rows] == [
        ("same file", "gallery", "b"),
        ("same file", "gallery", "z"),
        ("same file", "trained on", "a"),
        ("near duplicate", "gallery", "a"),
        ("same label", "gallery", "b"),
    ]
    assert list(rows[0]) == ["kind", "side", "item", "other", "file", "other_file", "label", "difference"]
    assert (rows[3]["file"], rows[3]["difference"], rows[4]["label"]) == ("x/ä.jpg", "0.125", 'a "quoted", label')
    assert [file.name for file in tmp_path.iterdir()] == ["leaks.csv"]
    with pytest.raises(UsageError, match="cannot write"):
        write_leaks(leaks, tmp_path / "nowhere" / "leaks.csv")


# Against plain loops


sides = st.lists(
    st.builds(
        lambda n, name, content, label: Shot(str(n), name and Path("/nowhere") / name, None, label, content),
        st.integers(0, 5),
        st.sampled_from([None, "a", "b", "c", "d"]),
        st.sampled_from([None, "p", "q", "r"]),
        st.sampled_from([None, "x", "y"]),
    ),
    max_size=7,
)


def by_loops(tested: list[Shot], other: list[Shot], *, within: bool) -> list[tuple[str, int]]:
    found = []
    for n, one in enumerate(tested):
        there = [shot for m, shot in enumerate(other) if not (within and m == n)]
        if one.file and any(shot.file == one.file for shot in there):
            found.append(("same file", n))
        elif one.content and any(shot.content == one.content for shot in there):
            found.append(("same content", n))
        if one.label and any(shot.label == one.label for shot in there):
            found.append(("same label", n))
    return found


@given(tested=sides, other=sides)
def test_all_that_loops_find_is_found_and_nothing_else(tested: list[Shot], other: list[Shot]) -> None:
    kinds = ("same file", "same content", "same label")
    found = find_leaks(tested, other, side="s", kinds=kinds, photos=Evidence())
    assert [(leak.kind, leak.item) for leak in found] == [
        (kind, tested[n].id) for kind, n in by_loops(tested, other, within=False)
    ]
    found = find_twins(tested, kinds=kinds, photos=Evidence())
    assert [(leak.kind, leak.item) for leak in found] == [
        (kind, tested[n].id) for kind, n in by_loops(tested, tested, within=True)
    ]
