"""Sheets and pages of recommendations: outfits are rows."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
from PIL import Image

from fashion_match import Hit, UsageError
from fashion_match.core.report import recommendation_sheet as sheets
from fashion_match.core.report.page import html_page
from fashion_match.core.report.recommendation_sheet import recommendation_sheet
from fashion_match.core.report.sheet import CELL_PX, GAP_PX, MARGIN_PX


@pytest.fixture
def colored(tmp_path: Path):
    def make(color: str) -> Path:
        file = tmp_path / f"{color}.png"
        Image.new("RGB", (50, 50), color).resize((300, 300)).save(file)
        return file

    return make


def outfit(colored, *parts: tuple[str, str], score: float = 0.9) -> Hit:
    hits = tuple(
        Hit(id=color, score=0.8, image=colored(color), slot=slot, attributes={"category": slot}, why=(f"{color} goes",))
        for slot, color in parts
    )
    return hits[0].model_copy(update={"score": score, "outfit": hits, "why": ("all for Fall",)})


def draw(tmp_path: Path, hits: list[Hit], given: list[Path]) -> list[list[str]]:
    """Return the colours of the photos, row by row, as they stand on the sheet."""
    recommendation_sheet(hits, given=given, heading="Outfits", out=tmp_path / "sheet.png")
    sheet = Image.open(tmp_path / "sheet.png").convert("RGB")
    names = {(255, 0, 0): "red", (0, 0, 255): "blue", (0, 128, 0): "green", (0, 0, 0): "black", (255, 165, 0): "orange"}
    columns = range(MARGIN_PX + CELL_PX // 2, sheet.width - MARGIN_PX, CELL_PX + GAP_PX)
    lines = [[names.get(sheet.getpixel((x, y)), "") for x in columns] for y in range(sheet.height)]
    runs = [(found, len(list(same))) for found, same in groupby(lines)]
    return [found for found, tall in runs if any(found) and tall > CELL_PX // 2]


def test_an_outfit_is_a_row_that_begins_with_what_was_given(tmp_path: Path, colored) -> None:
    hits = [
        outfit(colored, ("bottom", "blue"), ("shoes", "green")),
        outfit(colored, ("bottom", "black"), ("shoes", "orange"), ("bag", "blue")),
    ]
    assert draw(tmp_path, hits, [colored("red")]) == [
        ["red", "blue", "green", "", ""],
        ["red", "black", "orange", "blue", ""],
    ]


def test_single_garments_stand_beside_what_was_given(tmp_path: Path, colored) -> None:
    hits = [Hit(id=f"{n}", score=0.5, image=colored(c)) for n, c in enumerate(["blue", "green", "black"] * 2)]
    assert draw(tmp_path, hits, [colored("red"), colored("orange")]) == [
        ["red", "blue", "green", "black", "blue", "green"],
        ["orange", "black", "", "", "", ""],
    ]
    assert draw(tmp_path, hits, []) == [["blue", "green", "black", "blue", "green"], ["black", "", "", "", ""]]


def test_reasons_and_slots_are_written(tmp_path: Path, colored, monkeypatch) -> None:
    written: list[str] = []
    write = sheets.write
    monkeypatch.setattr(
        sheets, "write", lambda draw, at, text, *rest: (written.append(text), write(draw, at, text, *rest))[1]
    )
    recommendation_sheet([outfit(colored, ("bottom", "blue"))], given=[], heading="Outfits", out=tmp_path / "sheet.png")
    assert "1 · 0.900 · all for Fall" in written
    assert "bottom · 0.80" in written
    assert "blue goes" in written


def test_nothing_and_too_much(tmp_path: Path, colored) -> None:
    recommendation_sheet([], given=[], heading="Nothing", out=tmp_path / "sheet.png")
    assert Image.open(tmp_path / "sheet.png").height < 400
    with pytest.raises(UsageError, match="fewer"):
        recommendation_sheet(
            [outfit(colored, ("top", "blue"))] * 200, given=[], heading="Much", out=tmp_path / "sheet.png"
        )


def test_a_page_shows_each_outfit_in_a_section(tmp_path: Path, colored) -> None:
    hits = [outfit(colored, ("bottom", "blue"), ("<b>", "green")), outfit(colored, ("bottom", "black"))]
    html_page(hits, query=None, heading="Outfits", out=tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert text.count('<section class="outfit"') == 2
    assert text.count('<ol class="grid">') == 2
    assert text.count("<figure>") == 3
    assert "2 outfits" in text
    assert "all for Fall" in text
    assert "&lt;b&gt;" in text
