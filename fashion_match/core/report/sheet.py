"""A contact sheet: the query top left, then the hits in rows, each with its score and what is known of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import Caption, caption, one_line
from fashion_match.core.report.photo import thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from fashion_match.core.item import Hit
    from fashion_match.core.report.photo import Photo

    Font = FreeTypeFont | ImageFont

SHEET_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}

CELL_PX = 224
CAPTION_PX = 104
GAP_PX = 24
MARGIN_PX = 40
MAX_SIDE_PX = {"PNG": 60_000, "JPEG": 60_000, "WEBP": 16_383}
"""A taller picture is refused by the format, or opened by hardly any viewer."""

INK, MUTED, LINE, PAPER, MAT, ACCENT = "#16181d", "#5d6470", "#dfe2e7", "#ffffff", "#f4f5f7", "#2456d6"
_WIDER_FONTS = ("NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "Arial Unicode.ttf", "arial.ttf")
"""Tried, where the system has them, for text that the built-in font has no letters for."""


def contact_sheet(hits: Sequence[Hit], *, query: Photo | None, heading: str, out: Path, columns: int = 5) -> None:
    """Draw ``hits``, best first, into the picture ``out`` (PNG, JPEG or WebP by its name).

    Args:
        query: the photo that was asked with, or ``None`` for a query by attributes.
        columns: hits in a row.

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
    _draw_head(sheet, draw, query, one_line(heading), len(hits), width)
    draw.line([(MARGIN_PX, top - GAP_PX // 2), (width - MARGIN_PX, top - GAP_PX // 2)], LINE, 1)
    for n, hit in enumerate(hits):
        x = MARGIN_PX + n % columns * (CELL_PX + GAP_PX)
        y = top + GAP_PX // 2 + n // columns * (CELL_PX + CAPTION_PX + GAP_PX)
        _draw_photo(sheet, draw, hit.image, x, y)
        _draw_caption(draw, n + 1, caption(hit), x, y + CELL_PX + 10)
    if not hits:
        _write(draw, (MARGIN_PX, top + GAP_PX), "Nothing matches.", 22, MUTED, width - 2 * MARGIN_PX)
    buffer = io.BytesIO()
    sheet.save(buffer, format, optimize=True, quality=92)
    write_whole(out, buffer.getvalue())


def _draw_head(sheet: Image, draw: ImageDraw, query: Photo | None, heading: str, n_hits: int, width: int) -> None:
    x, y = MARGIN_PX, MARGIN_PX
    if query is not None:
        _draw_photo(sheet, draw, query, x, y)
        draw.rectangle([x, y, x + CELL_PX - 1, y + CELL_PX - 1], outline=ACCENT, width=3)
        x, y = x + CELL_PX + GAP_PX, y + 12
        _write(draw, (x, y), "QUERY", 15, ACCENT, width - MARGIN_PX - x)
        y += 28
    for line in _wrap(heading, 30, width - MARGIN_PX - x, 4 if query is not None else 1):
        _write(draw, (x, y), line, 30, INK, width - MARGIN_PX - x)
        y += 40
    counted = "1 hit" if n_hits == 1 else f"{n_hits} hits"
    _write(draw, (x, y + 6), counted, 18, MUTED, width - MARGIN_PX - x)


def _draw_photo(sheet: Image, draw: ImageDraw, photo: Photo | None, x: int, y: int) -> None:
    """Letterbox a photo on its mat, or say there why it is missing."""
    frame = (x, y, x + CELL_PX - 1, y + CELL_PX - 1)
    draw.rectangle(frame, MAT)
    small = thumbnail(photo, CELL_PX)
    if isinstance(small, str):
        name = one_line(photo.name) if isinstance(photo, Path) else ""
        _write(draw, (x + CELL_PX / 2, y + CELL_PX / 2 - 12), small, 17, MUTED, CELL_PX - 16, anchor="mm")
        _write(draw, (x + CELL_PX / 2, y + CELL_PX / 2 + 14), name, 14, MUTED, CELL_PX - 16, anchor="mm")
    else:
        sheet.paste(small, (x + (CELL_PX - small.width) // 2, y + (CELL_PX - small.height) // 2))
    draw.rectangle(frame, outline=LINE)


def _draw_caption(draw: ImageDraw, rank: int, words: Caption, x: int, y: int) -> None:
    shown = _write(draw, (x, y), f"{rank}", 17, MUTED, CELL_PX)
    _write(draw, (x + shown + 8, y), words.score, 17, INK, CELL_PX - shown - 8)
    draw.rectangle([x, y + 25, x + CELL_PX - 1, y + 27], LINE)
    if words.fraction > 0:
        draw.rectangle([x, y + 25, x + round(words.fraction * (CELL_PX - 1)), y + 27], ACCENT)
    _write(draw, (x, y + 34), words.title, 18, INK, CELL_PX)
    _write(draw, (x, y + 58), " · ".join(words.facts), 15, MUTED, CELL_PX)
    _write(draw, (x, y + 79), f"id {words.id}", 14, MUTED, CELL_PX)


def _write(
    draw: ImageDraw, at: tuple[float, float], text: str, size_px: int, ink: str, room_px: float, anchor: str = "la"
) -> float:
    """Write one line, shortened with an ellipsis where it does not fit; return its width in pixels."""
    font = _font_for(text, size_px)
    shown = _elide(text, font, room_px)
    draw.text(at, shown, ink, font, anchor)
    return font.getlength(shown)


def _elide(text: str, font: Font, room_px: float) -> str:
    if font.getlength(text) <= room_px:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if font.getlength(text[:middle].rstrip() + "…") <= room_px:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + "…"


def _wrap(text: str, size_px: int, room_px: float, max_lines: int) -> list[str]:
    """Break ``text`` between words; what does not fit into the lines stays on the last, to be shortened there."""
    font = _font_for(text, size_px)
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if font.getlength(longer) <= room_px or not lines[-1] or len(lines) == max_lines:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@lru_cache(maxsize=32)
def _font(name: str | None, size_px: int) -> Font | None:
    from PIL import ImageFont

    try:
        return ImageFont.load_default(size_px) if name is None else ImageFont.truetype(name, size_px)
    except OSError:
        return None


def _font_for(text: str, size_px: int) -> Font:
    """Return the first font that has a letter for all of ``text``, else the built-in one."""
    own = _font(None, size_px)
    assert own is not None
    if text.isascii():
        return own
    fonts = (font for name in (None, *_WIDER_FONTS) if (font := _font(name, size_px)))
    return next((font for font in fonts if all(_draws(font, letter) for letter in set(text) - {" "})), own)


def _draws(font: Font, letter: str) -> bool:
    """Whether ``letter`` looks different from a letter that no font has."""
    return bytes(font.getmask(letter)) != bytes(font.getmask("\U0010fffe"))
