"""A report's file is there whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fashion_match import UsageError
from fashion_match.core.output import check_output, write_whole


def test_an_unknown_ending_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"sheet\.bmp.*\nLet it end in \.jpg or \.png\."):
        check_output(tmp_path / "sheet.bmp", (".png", ".jpg"))
    check_output(tmp_path / "sheet.PNG", (".png",))


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UsageError, match="it is a folder"):
        check_output(tmp_path / "folder.png", (".png",))
    with pytest.raises(UsageError, match="there is no folder"):
        check_output(tmp_path / "nowhere" / "a.png", (".png",))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError):
        check_output(tmp_path / "file" / "a.png", (".png",))


def test_writing_replaces_at_once_and_leaves_no_part(tmp_path: Path) -> None:
    out = tmp_path / "a.html"
    out.write_bytes(b"old")
    write_whole(out, b"new")
    assert out.read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]
    umask = os.umask(0)
    os.umask(umask)
    assert out.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.html"
    out.write_bytes(b"old")

    def full(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError, match="No space left on device"):
        write_whole(out, b"new")
    assert out.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1
