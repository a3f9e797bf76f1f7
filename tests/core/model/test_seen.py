"""What a model says that it was trained on."""

from __future__ import annotations

import shutil
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fashion_match import Item, ModelError
from fashion_match.core.model import artifact
from fashion_match.core.model.seen import (
    SEEN,
    Seen,
    SeenItem,
    hash_file,
    hash_files,
    join_seen,
    make_seen,
    read_seen,
    source_folder,
    write_seen,
)
from fashion_match.core.train.manifest import read_manifest
from tests.core.train.conftest import _checkpoints_after_every_epoch, run, tiny  # noqa: F401
from tests.drawn import N

HASH = "0" * 32


def hash_of(file: Path) -> str:
    return blake2b(file.read_bytes(), digest_size=16).hexdigest()


# The file


def test_what_was_written_is_read(tmp_path: Path) -> None:
    seen = Seen(
        [
            SeenItem("ä/1", "train", "Hosen", "a/b.jpg", HASH, (1.0, 2.5, 30.0, 40.0)),
            SeenItem("2", "validation", None, None, None),
        ],
        Path("/data/spring 2024"),
    )
    write_seen(seen, tmp_path)
    assert read_seen(tmp_path) == seen
    assert [file.name for file in tmp_path.iterdir()] == [SEEN]


def test_of_nothing_seen_there_is_a_file_too(tmp_path: Path) -> None:
    write_seen(Seen([], tmp_path), tmp_path)
    assert read_seen(tmp_path) == Seen([], tmp_path)


def test_a_model_without_the_file_says_nothing(tmp_path: Path) -> None:
    assert read_seen(tmp_path) is None


def damage_by_cutting(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def damage_by_emptying(file: Path) -> None:
    file.write_bytes(b"")


def damage_by_another_table(file: Path) -> None:
    pq.write_table(pa.table({"id": ["1"]}), file)


def damage_by_a_lost_column(file: Path) -> None:
    pq.write_table(pq.read_table(file).drop_columns("content"), file)


def damage_by_an_unknown_role(file: Path) -> None:
    table = pq.read_table(file)
    place = table.schema.get_field_index("role")
    pq.write_table(table.set_column(place, "role", pa.array(["elsewhere"])), file)


def damage_by_a_box_of_three_sides(file: Path) -> None:
    table = pq.read_table(file)
    place = table.schema.get_field_index("box")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array([[1.0, 2.0, 3.0]])), file)


DAMAGES = [value for name, value in sorted(globals().items()) if name.startswith("damage_by_")]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, damage) -> None:
    write_seen(Seen([SeenItem("1", "train", "a", "1.jpg", HASH)], tmp_path), tmp_path)
    damage(tmp_path / SEEN)
    with pytest.raises(ModelError, match=r"seen\.parquet is damaged.*\n.*Copy the model again") as caught:
        read_seen(tmp_path)
    assert caught.value.problem.count("\n") == 0


# What goes into it


def test_files_are_named_from_the_sources_folder(tmp_path: Path) -> None:
    home, other = tmp_path / "source", tmp_path / "other"
    (home / "a").mkdir(parents=True)
    other.mkdir()
    for file in (home / "a" / "1.jpg", other / "2.jpg"):
        file.write_bytes(file.name.encode())
    items = [
        Item(id="1", image=home / "a" / "1.jpg", label="own"),
        Item(id="2", image=other / "2.jpg", box=(0, 0, 5, 6)),
        Item(id="3", image=home / "gone.jpg"),
        Item(id="4", image=None),
    ]
    seen = make_seen([(item, "train", "asked") for item in items], str(home))
    assert seen.home == home
    assert [item.file for item in seen.items] == ["a/1.jpg", str(other / "2.jpg"), "gone.jpg", None]
    assert [seen.path(item) for item in seen.items] == [item.image for item in items]
    assert [item.content for item in seen.items] == [
        hash_of(home / "a" / "1.jpg"),
        hash_of(other / "2.jpg"),
        None,
        None,
    ]
    assert [item.label for item in seen.items] == ["asked"] * 4
    assert [item.box for item in seen.items] == [None, (0, 0, 5, 6), None, None]


def test_the_folder_of_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "items.csv").write_text("id\n")
    monkeypatch.chdir(tmp_path)
    assert source_folder(str(tmp_path)) == tmp_path
    assert source_folder("items.csv") == tmp_path
    assert source_folder("drawn:photos") == tmp_path / "photos"


def test_hashes_come_in_order_for_any_number_of_files(tmp_path: Path) -> None:
    files: list[Path | None] = []
    for n in range(150):
        file = tmp_path / str(n)
        file.write_bytes(bytes([n]) * n)
        files += [file] if n % 7 else [file, None, tmp_path / "gone", tmp_path]
    told: list[int] = []
    found = list(hash_files(files, told.append))
    assert found == [hash_of(file) if file is not None and file.is_file() else None for file in files]
    assert told[-1] == len(files)
    assert list(hash_files([])) == []


def test_a_large_file_has_the_same_hash_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "large"
    file.write_bytes(bytes(range(256)) * 4000)
    whole = hash_file(file)
    monkeypatch.setattr("fashion_match.core.model.seen.WHOLE_BYTES", 1000)
    assert hash_file(file) == whole == hash_of(file)


def test_a_path_that_can_be_none_has_no_hash() -> None:
    assert hash_file(Path("a\0b")) is None
    assert hash_file(Path("/dev/null")) is None


def test_what_the_first_model_had_seen_is_kept_and_still_found(tmp_path: Path) -> None:
    first = Seen(
        [SeenItem("1", "train", None, "1.jpg", HASH), SeenItem("2", "validation", None, "sub/2.jpg", None)],
        tmp_path / "first",
    )
    second = Seen([SeenItem("9", "train", None, "9.jpg", HASH)], tmp_path / "second")
    joined = join_seen(second, first)
    assert [(item.id, item.role) for item in joined.items] == [("9", "train"), ("1", "train"), ("2", "validation")]
    assert [joined.path(item) for item in joined.items] == [
        second.path(second.items[0]),
        *map(first.path, first.items),
    ]
    assert join_seen(first, first) == first


# Of a run


def test_a_trained_model_says_what_it_was_trained_on(run, photos: Path) -> None:  # noqa: F811
    report = run()
    seen = read_seen(report.model)
    assert seen is not None
    held_out = set(read_manifest(report.folder).data["held_out"])
    assert held_out
    assert len(seen.items) == N
    assert {item.id for item in seen.items if item.role == "validation"} == held_out
    assert seen.home == photos
    for item in seen.items:
        file = seen.path(item)
        assert item.file == f"{item.id}.jpg"
        assert item.content == hash_of(file)
        assert item.label == item.id.rpartition("_")[0]
        assert item.box is None


def test_adoption_takes_it_along_and_the_fingerprint_leaves_it_out(run, tmp_path: Path, tiny) -> None:  # noqa: F811
    report = run(epochs=1)
    seen = read_seen(report.model)
    home = artifact.adopt(report.model, tmp_path / "library")
    assert read_seen(home) == seen is not None
    (report.model / SEEN).unlink()
    assert artifact.read_card(report.model).fingerprint == home.name
    artifact.load_module(report.model, tiny)
    plain = artifact.adopt(report.model, tmp_path / "another")
    assert plain.name == home.name
    assert read_seen(plain) is None


def test_queries_that_chose_the_checkpoint_are_told(run, photos: Path, tmp_path: Path) -> None:  # noqa: F811
    source = tmp_path / "source"
    styles = sorted({file.stem.rpartition("_")[0] for file in photos.glob("*.jpg")})[:12]
    for folder, view in (("targets", 1), ("queries", 2)):
        (source / folder).mkdir(parents=True)
        for style in styles:
            shutil.copy(photos / f"{style}_{view}.jpg", source / folder / f"{style}.jpg")
    (source / "record.csv").write_text("".join(f"{style}.jpg,{style}.jpg\n" for style in styles))
    report = run(source=source, method="orthogonal", epochs=1)
    seen = read_seen(report.model)
    assert seen is not None
    parts = {(item.role, item.file) for item in seen.items}
    assert parts == {
        (role, f"{folder}/{style}.jpg")
        for role, folder in (("train", "targets"), ("validation", "queries"))
        for style in styles
    }


def test_a_run_that_begins_with_a_model_inherits_what_it_had_seen(run, photos: Path, tmp_path: Path) -> None:  # noqa: F811
    first = run("first", epochs=1)
    few = tmp_path / "few"
    few.mkdir()
    for file in sorted(photos.glob("*.jpg"))[:40]:
        style = few / file.stem.rpartition("_")[0]
        style.mkdir(exist_ok=True)
        shutil.copy(file, style)
    again = run(
        "again", source=few, init=str(first.folder), backbone=None, weights=None, epochs=1, label_by=("category",)
    )
    seen = read_seen(again.model)
    before = read_seen(first.model)
    assert seen is not None
    assert before is not None
    assert len(seen.items) == 40 + N
    assert [seen.path(item) for item in seen.items[40:]] == [before.path(item) for item in before.items]


def test_where_the_first_model_says_nothing_that_is_said_and_the_run_is_not_lost(run) -> None:  # noqa: F811
    first = run("first", epochs=1)
    (first.model / SEEN).write_bytes(b"no table")
    told: list[str] = []
    again = run("again", init=str(first.folder), backbone=None, weights=None, epochs=1, notify=told.append)
    seen = read_seen(again.model)
    assert seen is not None
    assert len(seen.items) == N
    assert any("is damaged" in line for line in told)
    assert any("is not known" in line for line in told)
