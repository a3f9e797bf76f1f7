"""Contact sheets: what is where, and what happens to bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fashion_match import Hit, UsageError
from fashion_match.core.report import lettering, tile
from fashion_match.core.report import sheet as sheets
from fashion_match.core.report.caption import one_line
from fashion_match.core.report.sheet import CELL_PX, GAP_PX, MARGIN_PX, contact_sheet

RED, BLUE = (255, 0, 0), (0, 0, 255)
Box = tuple[int, int, int, int]


def share(sheet: Image.Image, box: Box, color: tuple[int, int, int]) -> float:
    pixels = list(sheet.crop(box).get_flattened_data())
    return sum(pixel == color for pixel in pixels) / len(pixels)


def draw(tmp_path: Path, hits: list[Hit], *, query: Path | None = None, columns: int = 5) -> Image.Image:
    contact_sheet(hits, query=query, heading="Blue things", out=tmp_path / "sheet.png", columns=columns)
    return Image.open(tmp_path / "sheet.png").convert("RGB")


def test_the_query_is_top_left(tmp_path: Path, photo: Path, hits: list[Hit]) -> None:
    corner = (MARGIN_PX, MARGIN_PX, MARGIN_PX + CELL_PX, MARGIN_PX + CELL_PX)
    with_query = share(draw(tmp_path, hits[2:], query=photo), corner, RED)
    assert 0.1 < with_query < 0.2, "half of a third of the square: letterboxed, not stretched"
    assert share(draw(tmp_path, hits[2:]), corner, RED) == 0


def test_a_photo_is_letterboxed(tmp_path: Path, hits: list[Hit]) -> None:
    sheet = draw(tmp_path, hits[:1])
    reds = [n for n, pixel in enumerate(sheet.get_flattened_data()) if pixel == RED]
    rows = [n // sheet.width for n in reds]
    columns = [n % sheet.width for n in reds]
    assert max(rows) - min(rows) + 1 == pytest.approx(CELL_PX / 3, abs=2)
    assert max(columns) - min(columns) + 1 == pytest.approx(CELL_PX / 2, abs=2)


def test_hits_fill_rows_of_so_many_columns(tmp_path: Path, hits: list[Hit]) -> None:
    seven = [hits[0].model_copy(update={"id": str(n)}) for n in range(7)]
    narrow, wide = draw(tmp_path, seven, columns=2), draw(tmp_path, seven, columns=7)
    assert narrow.width == 2 * MARGIN_PX + 2 * CELL_PX + GAP_PX
    assert narrow.height > 3 * wide.height * 0.8
    assert share(narrow, (0, 0, *narrow.size), RED) * narrow.width * narrow.height == pytest.approx(
        share(wide, (0, 0, *wide.size), RED) * wide.width * wide.height
    ), "every hit is on both"


def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what is written on the sheet."""
    written: list[str] = []
    write: Callable[..., float] = lettering.write

    def listen(draw: object, at: object, text: str, *rest: object, **more: object) -> float:
        written.append(text)
        return write(draw, at, text, *rest, **more)

    for module in (sheets, tile):
        monkeypatch.setattr(module, "write", listen)
    return written


def test_scores_ids_and_attributes_are_written(
    tmp_path: Path, hits: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = texts(monkeypatch)
    draw(tmp_path, hits)
    for text in ("Blue things", "3 hits", "0.910", "0.500 · 87% same", "-0.250", "id first", "Pool <b>tee</b>"):
        assert text in written
    assert "T-shirt · Blue · Summer · 19.5" in written
    assert "photo is gone" in written
    assert "gone.jpg" in written
    assert "no photo" in written


def test_no_hits_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = texts(monkeypatch)
    draw(tmp_path, [])
    assert "Nothing matches." in written


def test_text_is_shortened_to_its_room() -> None:
    font = lettering.font_for("a", 16)
    shown = lettering.elide("a very long name that cannot fit", font, 100)
    assert shown.endswith("…")
    assert font.getlength(shown) <= 100
    assert font.getlength(shown) > 80
    assert lettering.elide("short", font, 100) == "short"


@given(st.text(max_size=60), st.integers(30, 400))
def test_any_text_can_be_written(text: str, room_px: int) -> None:
    line = one_line(text)
    font = lettering.font_for(line, 14)
    shown = lettering.elide(line, font, room_px)
    assert font.getlength(shown) <= room_px or shown == "…"


@pytest.mark.parametrize("name", ["夏のワンピース", "Весна", "מכנסיים", "👗", "a\udc80b", "\x00", "é" * 500])
def test_a_name_in_any_script_does_not_crash(name: str, tmp_path: Path) -> None:
    draw(tmp_path, [Hit(id=name, score=0, image=Path(name.replace("\x00", "")), attributes={"name": name})])


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_name_decides_the_format(suffix: str, tmp_path: Path, hits: list[Hit]) -> None:
    out = tmp_path / f"sheet{suffix}"
    contact_sheet(hits, query=None, heading="h", out=out)
    assert Image.open(out).format == sheets.SHEET_FORMATS[suffix]


def test_a_sheet_that_cannot_be_is_refused(tmp_path: Path, hits: list[Hit]) -> None:
    with pytest.raises(UsageError, match="does not end in"):
        contact_sheet(hits, query=None, heading="h", out=tmp_path / "sheet.gif")
    with pytest.raises(UsageError, match="0 columns"):
        contact_sheet(hits, query=None, heading="h", out=tmp_path / "sheet.png", columns=0)
    with pytest.raises(UsageError, match=r"9000 hits .*\n.*HTML"):
        contact_sheet(hits * 3000, query=None, heading="h", out=tmp_path / "sheet.png")
    assert list(tmp_path.glob("sheet*")) == []
