"""Strips: what is where, right and wrong told by more than colour, and safe with any text."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from fashion_match import Hit, UsageError
from fashion_match.core.report import strip as strips
from fashion_match.core.report import tile
from fashion_match.core.report.sheet import CELL_PX, MARGIN_PX, contact_sheet
from fashion_match.core.report.sheet_name import sheet_name
from fashion_match.core.report.strip import COLUMN_PX, TILE_PX, Shown, Strip, strip_sheet, tally
from fashion_match.core.report.strip_page import strip_page
from tests.core.report.test_page import NASTY, Page, needs_nothing_else

GREEN, RED = (0x12, 0x72, 0x4B), (0xB3, 0x26, 0x1E)


def make_strip(photo: Path, marks: list[bool | None], *, answer: bool = True) -> Strip:
    hits = tuple(Shown(photo, f"hit {n}", 0.9 - n / 10, mark) for n, mark in enumerate(marks))
    return Strip(Shown(photo, "the query"), hits, "label 7", Shown(photo, "the answer") if answer else None)


def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what is written on the sheet."""
    written: list[str] = []

    def listen(draw: object, at: object, text: str, *rest: object, **more: object) -> float:
        written.append(text)
        return 10.0

    for module in (strips, tile):
        monkeypatch.setattr(module, "write", listen)
    return written


def pixels_of(sheet: Image.Image, column: int, color: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Return where a colour is in the first row of photos, in the square of a column."""
    x0 = MARGIN_PX + column * COLUMN_PX
    square = sheet.crop((x0, 0, x0 + TILE_PX, sheet.height))
    return [(n % TILE_PX, n // TILE_PX) for n, pixel in enumerate(square.get_flattened_data()) if pixel == color]


def test_right_and_wrong_differ_in_colour_and_in_shape(tmp_path: Path, photo: Path) -> None:
    strip_sheet([make_strip(photo, [True, False, None])], heading="h", out=tmp_path / "s.png")
    sheet = Image.open(tmp_path / "s.png").convert("RGB")
    right, wrong = pixels_of(sheet, 2, GREEN), pixels_of(sheet, 3, RED)
    assert len(right) > 1000
    assert len(wrong) > 800
    assert pixels_of(sheet, 2, RED) == pixels_of(sheet, 3, GREEN) == []
    assert pixels_of(sheet, 4, RED) == pixels_of(sheet, 4, GREEN) == []
    assert pixels_of(sheet, 0, GREEN) == pixels_of(sheet, 1, GREEN) == []

    def is_whole(found: list[tuple[int, int]]) -> bool:
        """Whether the left edge of the frame has no gaps."""
        rows = [y for x, y in found if x == 0]
        return len(rows) == TILE_PX

    assert is_whole(right)
    assert not is_whole(wrong), "without colours the line still tells"


def test_scores_labels_and_verdicts_are_written(tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = texts(monkeypatch)
    strip_sheet([make_strip(photo, [False, True])], heading="Strips of\nall", out=tmp_path / "s.png")
    for text in ("Strips of all", "Query", "Right answer", "1", "2", "label 7", "the query", "the answer"):
        assert text in written
    assert written.index("0.900") < written.index("wrong") < written.index("0.800") < written.index("right")
    assert "first one right: 0 of 1 · one of the first 2 right: 1" in written


def test_a_grid_of_five_by_five_and_strips_without_answers(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strip_sheet([make_strip(photo, [None] * 5, answer=False)] * 5, heading="h", out=tmp_path / "grid.png")
    sheet = Image.open(tmp_path / "grid.png")
    assert sheet.width == 2 * MARGIN_PX + 6 * COLUMN_PX - 12
    assert sheet.height > 5 * TILE_PX
    written = texts(monkeypatch)
    strip_sheet([make_strip(photo, [None], answer=False)], heading="h", out=tmp_path / "s.png")
    assert "Right answer" not in written
    assert "1 query" in written
    strip_sheet([], heading="h", out=tmp_path / "s.jpg")
    assert "Nothing to show." in written


def test_the_tally_counts_judged_strips_alone(photo: Path) -> None:
    some = [make_strip(photo, marks) for marks in ([True, True], [False, True], [False, False], [None, None])]
    assert tally(some) == "first one right: 1 of 3 · one of the first 2 right: 2"
    assert tally(some[3:]) == ""
    assert tally([make_strip(photo, [True])]) == "first one right: 1 of 1"


def test_a_box_is_cut_out(tmp_path: Path, photo: Path) -> None:
    """The left half of the picture is red, the right one blue."""
    half = Shown(photo, "q", box=(150, 0, 300, 100))
    strip_sheet([Strip(half, (Shown(photo, "h", 0.5),))], heading="h", out=tmp_path / "s.png")
    sheet = Image.open(tmp_path / "s.png").convert("RGB")
    assert pixels_of(sheet, 0, (255, 0, 0)) == []
    assert pixels_of(sheet, 0, (0, 0, 255))
    assert pixels_of(sheet, 1, (255, 0, 0))


def test_too_many_and_no_picture_are_refused(tmp_path: Path, photo: Path) -> None:
    with pytest.raises(UsageError, match=r"300 strips of 1 hits .*\n.*HTML"):
        strip_sheet([make_strip(photo, [None])] * 300, heading="h", out=tmp_path / "s.png")
    with pytest.raises(UsageError, match="does not end in"):
        strip_sheet([], heading="h", out=tmp_path / "s.gif")
    with pytest.raises(UsageError, match="does not end in"):
        strip_page([], heading="h", out=tmp_path / "s.png")


def test_the_page_says_everything_in_words(tmp_path: Path, photo: Path) -> None:
    some = [
        make_strip(photo, [True, False]),
        Strip(Shown(None, "lonely"), (Shown(photo.with_name("no.jpg"), "x", 0.1),)),
    ]
    strip_page(some, heading="Strips", out=tmp_path / "s.html", notes=["2 of 9 items, drawn by chance"])
    html = (tmp_path / "s.html").read_text("utf-8")
    made = Page(html)
    needs_nothing_else(made, html)
    alts = [image["alt"] for image in made.all("img")]
    assert alts == [
        "query: the query",
        "right answer: the answer",
        "found at 1, right, score 0.900: hit 0",
        "found at 2, wrong, score 0.800: hit 1",
    ]
    assert [a["aria-label"] for a in made.all("div") if a.get("role") == "img"] == [
        "query: lonely: no photo",
        "found at 1, score 0.100: x: photo is gone",
    ]
    assert [figure.get("class", "") for figure in made.all("figure")] == ["", "", "right", "wrong", "", ""]
    assert {"✓ right", "✗ wrong", "label 7"} <= set(made.text["b"])
    assert made.text["th"] == ["Query", "Right answer", "1", "2"]
    assert "none" in made.text["p"]
    assert "2 of 9 items, drawn by chance" in made.text["p"]


def test_nothing_that_a_catalogue_says_becomes_markup(tmp_path: Path) -> None:
    shown = Shown(Path(NASTY), NASTY, 0.5, True)
    strip_page([Strip(shown, (shown,), NASTY, shown)], heading=NASTY, out=tmp_path / "s.html", notes=[NASTY])
    made = Page((tmp_path / "s.html").read_text("utf-8"))
    assert made.all("script") == made.all("img") == []
    assert made.text["h1"] == [NASTY]
    strip_page([], heading="h", out=tmp_path / "s.html")
    assert "Nothing to show." in (tmp_path / "s.html").read_text("utf-8")


def test_contact_sheets_mark_hits_too(tmp_path: Path, hits: list[Hit], photo: Path) -> None:
    contact_sheet(hits, query=photo, heading="h", out=tmp_path / "s.png", right=[True, False, None])
    sheet = Image.open(tmp_path / "s.png").convert("RGB")
    below = sheet.crop((0, MARGIN_PX + CELL_PX + 10, *sheet.size))
    colors = {color: n for n, color in below.getcolors(1 << 20)}
    assert colors[GREEN] > 1000
    assert colors[RED] > 1000
    contact_sheet(hits, query=photo, heading="h", out=tmp_path / "s.png")
    plain = {color for _, color in Image.open(tmp_path / "s.png").convert("RGB").getcolors(1 << 20)}
    assert not {GREEN, RED} & plain
    with pytest.raises(ValueError, match="zip"):
        contact_sheet(hits, query=photo, heading="h", out=tmp_path / "s.png", right=[True])


@pytest.mark.parametrize(
    "item_id",
    ["../../etc/passwd", "a/b", "a\\b", ".hidden", "-rf", "", "a\nb", "x" * 1000, "夏" * 300, "\udc80", "a b"],
)
def test_any_id_makes_a_file_name(item_id: str, tmp_path: Path) -> None:
    name = sheet_name(item_id)
    assert Path(name).name == name
    assert name[0] not in ".-"
    (tmp_path / name).write_text("")
    assert len(list(tmp_path.iterdir())) == 1


def test_ids_that_differ_get_names_that_differ() -> None:
    ids = ["a", "a/b", "a_b", "a b", "A", *(f"{'x' * 100}{n}" for n in range(5))]
    assert len({sheet_name(one) for one in ids}) == len(ids)
    assert sheet_name("10017") == "10017.png"
