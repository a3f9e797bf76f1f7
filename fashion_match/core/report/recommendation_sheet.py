"""A contact sheet of recommendations: each with its reason; an outfit is a row that begins with what was given."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.because import because
from fashion_match.core.report.caption import caption, one_line
from fashion_match.core.report.lettering import wrap, write
from fashion_match.core.report.sheet import CELL_PX, GAP_PX, MARGIN_PX, MAX_SIDE_PX, SHEET_FORMATS
from fashion_match.core.report.tile import ACCENT, INK, LINE, MUTED, PAPER, draw_tile

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from fashion_match.core.item import Hit
    from fashion_match.core.report.photo import Photo

COLUMNS = 5
"""Of single garments."""
REASON_LINES = 3
TITLE_PX, CAPTION_PX = 44, 140
"""Height of what is written above a row and below a photo."""


@dataclass(frozen=True)
class _Cell:
    photo: Photo | None
    lines: tuple[str, ...]
    given: bool = False


@dataclass(frozen=True)
class _Row:
    title: str
    cells: tuple[_Cell | None, ...]
    """``None`` for an empty place."""


def recommendation_sheet(
    hits: Sequence[Hit], *, given: Sequence[Photo], heading: str, out: Path, filtered: Sequence[str] = ()
) -> None:
    """Draw recommendations, best first, into the picture ``out`` (PNG, JPEG or WebP by its name).

    Args:
        given: photos of the garments that were recommended for.
        filtered: attributes that the filter is about; that a hit meets it is not said again.

    Raises:
        UsageError: ``out`` cannot be written, or so many hits do not fit into one picture.
    """
    from PIL import Image as images
    from PIL import ImageDraw as drawing

    check_output(out, SHEET_FORMATS)
    rows = list(_rows(hits, given, filtered))
    columns = max([COLUMNS, *(len(row.cells) for row in rows)])
    width = 2 * MARGIN_PX + columns * CELL_PX + (columns - 1) * GAP_PX
    heights = [bool(row.title) * TITLE_PX + CELL_PX + CAPTION_PX for row in rows]
    format = SHEET_FORMATS[out.suffix.lower()]
    top = MARGIN_PX + 76 + GAP_PX
    height = top + (sum(heights) or 40) + MARGIN_PX
    if height > MAX_SIDE_PX[format]:
        raise UsageError(
            f"a contact sheet of {len(hits)} hits would be {width} x {height} pixels.",
            "Ask for fewer, or write an HTML page.",
        )
    sheet = images.new("RGB", (width, height), PAPER)
    draw = drawing.Draw(sheet)
    for n, line in enumerate(wrap(one_line(heading), 26, width - 2 * MARGIN_PX, 2)):
        write(draw, (MARGIN_PX, MARGIN_PX + 36 * n), line, 26, INK, width - 2 * MARGIN_PX)
    if not hits:
        write(draw, (MARGIN_PX, top), "Nothing is recommended.", 22, MUTED, width - 2 * MARGIN_PX)
    y = top
    for row, tall in zip(rows, heights, strict=True):
        _draw_row(sheet, draw, row, y, width)
        y += tall
    buffer = io.BytesIO()
    sheet.save(buffer, format, optimize=True, quality=92)
    write_whole(out, buffer.getvalue())


def _rows(hits: Sequence[Hit], given: Sequence[Photo], filtered: Sequence[str]) -> Iterator[_Row]:
    before = tuple(_Cell(photo, ("given",), given=True) for photo in given)
    if any(hit.outfit for hit in hits):
        for n, hit in enumerate(hits, start=1):
            parts = tuple(_cell(f"{part.slot} · {part.score:.2f}", part, filtered) for part in hit.outfit)
            yield _Row(f"{n} · {hit.score:.3f} · {because(hit, filtered)}", before + parts)
        return
    cells = [_cell(f"{n} · {hit.score:.3f}", hit, filtered) for n, hit in enumerate(hits, start=1)]
    for n in range(max(-(-len(cells) // COLUMNS), len(before))):  # what was given stands in a column of its own
        left = (before[n] if n < len(before) else None,) if before else ()
        yield _Row("", (*left, *cells[n * COLUMNS : (n + 1) * COLUMNS]))


def _cell(first: str, hit: Hit, filtered: Sequence[str]) -> _Cell:
    words = caption(hit)
    return _Cell(hit.image, (first, words.title, " · ".join(words.facts), because(hit, filtered)))


def _draw_row(sheet: Image, draw: ImageDraw, row: _Row, y: int, width: int) -> None:
    if row.title:
        draw.line([(MARGIN_PX, y), (width - MARGIN_PX, y)], LINE, 1)
        write(draw, (MARGIN_PX, y + 12), row.title, 18, INK, width - 2 * MARGIN_PX)
        y += TITLE_PX
    for n, cell in enumerate(row.cells):
        if cell is None:
            continue
        x = MARGIN_PX + n * (CELL_PX + GAP_PX)
        draw_tile(sheet, draw, cell.photo, (x, y), CELL_PX)
        if cell.given:
            draw.rectangle([x, y, x + CELL_PX - 1, y + CELL_PX - 1], outline=ACCENT, width=3)
        _draw_lines(draw, cell.lines, x, y + CELL_PX + 8)


def _draw_lines(draw: ImageDraw, lines: Sequence[str], x: int, y: int) -> None:
    first, *others = lines
    write(draw, (x, y), first, 17, ACCENT if not others else INK, CELL_PX)
    if not others:
        return
    title, facts, reason = others
    write(draw, (x, y + 23), title, 17, INK, CELL_PX)
    write(draw, (x, y + 45), facts, 14, MUTED, CELL_PX)
    for n, line in enumerate(wrap(reason, 14, CELL_PX, REASON_LINES)):
        write(draw, (x, y + 66 + 18 * n), line, 14, INK, CELL_PX)
