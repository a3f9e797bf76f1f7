"""A contact sheet: the query top left, then the hits in rows, each with its score and what is known of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import Caption, caption, one_line
from fashion_match.core.report.lettering import wrap, write
from fashion_match.core.report.tile import ACCENT as ACCENT
from fashion_match.core.report.tile import INK as INK
from fashion_match.core.report.tile import LINE as LINE
from fashion_match.core.report.tile import MUTED as MUTED
from fashion_match.core.report.tile import PAPER, draw_tile

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from fashion_match.core.item import Box, Hit
    from fashion_match.core.report.photo import Photo

SHEET_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}

CELL_PX = 224
CAPTION_PX = 104
GAP_PX = 24
MARGIN_PX = 40
MAX_SIDE_PX = {"PNG": 60_000, "JPEG": 60_000, "WEBP": 16_383}
"""A taller picture is refused by the format, or opened by hardly any viewer."""


def contact_sheet(
    hits: Sequence[Hit],
    *,
    query: Photo | None,
    heading: str,
    out: Path,
    columns: int = 5,
    right: Sequence[bool | None] = (),
    boxes: Sequence[Box | None] = (),
    query_box: Box | None = None,
    query_name: str = "QUERY",
    below: str = "",
) -> None:
    """Draw ``hits``, best first, into the picture ``out`` (PNG, JPEG or WebP by its name).

    Args:
        query: the photo that was asked with, or ``None`` for a query by attributes.
        columns: hits in a row.
        right: whether each hit is a right answer, see `tile`; without it none is marked.
        boxes: what to show of each photo; without it all of it.
        query_box: what to show of the query.
        query_name: what is written beside it.
        below: what is written below the heading, in place of the number of hits.

    Raises:
        UsageError: ``out`` cannot be written, or so many hits do not fit into one picture.
    """
    from PIL import Image as images
    from PIL import ImageDraw as drawing

    if columns < 1:
        raise UsageError(f"a contact sheet cannot have {columns} columns.", "Give at least one.")
    check_output(out, SHEET_FORMATS)
    format = SHEET_FORMATS[out.suffix.lower()]
    width = 2 * MARGIN_PX + columns * CELL_PX + (columns - 1) * GAP_PX
    top = MARGIN_PX + (CELL_PX if query is not None else 76) + GAP_PX
    rows = -(-len(hits) // columns)
    height = top + MARGIN_PX + (rows * (CELL_PX + CAPTION_PX + GAP_PX) or 40)
    if max(width, height) > MAX_SIDE_PX[format]:
        raise UsageError(
            f"a contact sheet of {len(hits)} hits in {columns} columns would be {width} x {height} pixels.",
            "Ask for fewer hits, or write an HTML page.",
        )
    sheet = images.new("RGB", (width, height), PAPER)
    draw = drawing.Draw(sheet)
    counted = "1 hit" if len(hits) == 1 else f"{len(hits)} hits"
    _draw_head(sheet, draw, query, query_box, query_name, one_line(heading), one_line(below) or counted, width)
    draw.line([(MARGIN_PX, top - GAP_PX // 2), (width - MARGIN_PX, top - GAP_PX // 2)], LINE, 1)
    marks, shown = list(right) or [None] * len(hits), list(boxes) or [None] * len(hits)
    for n, (hit, mark, box) in enumerate(zip(hits, marks, shown, strict=True)):
        x = MARGIN_PX + n % columns * (CELL_PX + GAP_PX)
        y = top + GAP_PX // 2 + n // columns * (CELL_PX + CAPTION_PX + GAP_PX)
        draw_tile(sheet, draw, hit.image, (x, y), CELL_PX, box=box, right=mark)
        _draw_caption(draw, n + 1, caption(hit), x, y + CELL_PX + 10)
    if not hits:
        write(draw, (MARGIN_PX, top + GAP_PX), "Nothing matches.", 22, MUTED, width - 2 * MARGIN_PX)
    buffer = io.BytesIO()
    sheet.save(buffer, format, optimize=True, quality=92)
    write_whole(out, buffer.getvalue())


def _draw_head(
    sheet: Image,
    draw: ImageDraw,
    query: Photo | None,
    box: Box | None,
    name: str,
    heading: str,
    below: str,
    width: int,
) -> None:
    x, y = MARGIN_PX, MARGIN_PX
    if query is not None:
        draw_tile(sheet, draw, query, (x, y), CELL_PX, box=box)
        draw.rectangle([x, y, x + CELL_PX - 1, y + CELL_PX - 1], outline=ACCENT, width=3)
        x, y = x + CELL_PX + GAP_PX, y + 12
        write(draw, (x, y), name, 15, ACCENT, width - MARGIN_PX - x)
        y += 28
    for line in wrap(heading, 30, width - MARGIN_PX - x, 4 if query is not None else 1):
        write(draw, (x, y), line, 30, INK, width - MARGIN_PX - x)
        y += 40
    write(draw, (x, y + 6), below, 18, MUTED, width - MARGIN_PX - x)


def _draw_caption(draw: ImageDraw, rank: int, words: Caption, x: int, y: int) -> None:
    shown = write(draw, (x, y), f"{rank}", 17, MUTED, CELL_PX)
    write(draw, (x + shown + 8, y), words.score, 17, INK, CELL_PX - shown - 8)
    draw.rectangle([x, y + 25, x + CELL_PX - 1, y + 27], LINE)
    if words.fraction > 0:
        draw.rectangle([x, y + 25, x + round(words.fraction * (CELL_PX - 1)), y + 27], ACCENT)
    write(draw, (x, y + 34), words.title, 18, INK, CELL_PX)
    write(draw, (x, y + 58), " · ".join(words.facts), 15, MUTED, CELL_PX)
    write(draw, (x, y + 79), f"id {words.id}", 14, MUTED, CELL_PX)
