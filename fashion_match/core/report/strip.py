"""Strips: a query, what it is, the right answer and what was found, in a row; as a picture or as a page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import one_line
from fashion_match.core.report.lettering import wrap, write
from fashion_match.core.report.sheet import GAP_PX, MARGIN_PX, MAX_SIDE_PX, SHEET_FORMATS
from fashion_match.core.report.tile import ACCENT, INK, LINE, MUTED, PAPER, RIGHT, WRONG, draw_tile

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageDraw import ImageDraw

    from fashion_match.core.item import Box
    from fashion_match.core.report.photo import Photo

TILE_PX, WORDS_PX, HEADER_PX = 176, 60, 34
COLUMN_PX = TILE_PX + GAP_PX // 2
HEAD_LINES = 3


@dataclass(frozen=True)
class Shown:
    """A photo of a strip."""

    photo: Photo | None
    title: str
    """What it shows: a name, else an id."""
    score: float | None = None
    """Cosine, -1..1."""
    right: bool | None = None
    """Whether it is a right answer; ``None`` for the query, and where that is not known."""
    box: Box | None = None
    """What to show of the photo, in pixels of the upright photo."""


@dataclass(frozen=True)
class Strip:
    """A query and what was found for it, best first."""

    query: Shown
    hits: tuple[Shown, ...]
    label: str = ""
    """What the query is: right answers have the same."""
    answer: Shown | None = None
    """A right answer, found or not; ``None`` where there is none."""


def is_judged(strip: Strip) -> bool:
    """Whether it is known which of the hits are right."""
    return any(hit.right is not None for hit in strip.hits)


def tally(strips: Sequence[Strip]) -> str:
    """Return how often the first hit, and any of those shown, is right; nothing where that is known of no strip."""
    judged = [strip for strip in strips if is_judged(strip)]
    if not judged:
        return ""
    deep = max(len(strip.hits) for strip in judged)
    first = sum(strip.hits[0].right is True for strip in judged)
    any_right = sum(any(hit.right for hit in strip.hits) for strip in judged)
    said = f"first one right: {first:,} of {len(judged):,}"
    return said + (f" · one of the first {deep} right: {any_right:,}" if deep > 1 else "")


def strip_sheet(strips: Sequence[Strip], *, heading: str, out: Path) -> None:
    """Draw strips below each other into the picture ``out`` (PNG, JPEG or WebP by its name).

    Five strips of five hits are the usual grid of matches. Right answers have a green frame and a tick, wrong ones a
    broken red frame and a cross; both are also said in words.

    Raises:
        UsageError: ``out`` cannot be written, or so many strips do not fit into one picture.
    """
    from PIL import Image as images
    from PIL import ImageDraw as drawing

    check_output(out, SHEET_FORMATS)
    format = SHEET_FORMATS[out.suffix.lower()]
    has_answers = any(strip.answer is not None for strip in strips)
    n_hits = max((len(strip.hits) for strip in strips), default=0)
    columns = ["Query", *(["Right answer"] if has_answers else []), *map(str, range(1, n_hits + 1))]
    width = 2 * MARGIN_PX + max(len(columns), 4) * COLUMN_PX - GAP_PX // 2
    room = width - 2 * MARGIN_PX
    lines = wrap(one_line(heading), 28, room, HEAD_LINES)
    top = MARGIN_PX + 38 * len(lines) + 44
    height = top + HEADER_PX + max(len(strips), 1) * (TILE_PX + WORDS_PX) + MARGIN_PX
    if max(width, height) > MAX_SIDE_PX[format]:
        raise UsageError(
            f"{len(strips)} strips of {n_hits} hits would be a picture of {width} x {height} pixels.",
            "Ask for fewer, or write an HTML page.",
        )
    sheet = images.new("RGB", (width, height), PAPER)
    draw = drawing.Draw(sheet)
    for n, line in enumerate(lines):
        write(draw, (MARGIN_PX, MARGIN_PX + 38 * n), line, 28, INK, room)
    below = tally(strips) or ("1 query" if len(strips) == 1 else f"{len(strips)} queries")
    write(draw, (MARGIN_PX, top - 40), below, 17, MUTED, room)
    draw.line([(MARGIN_PX, top - 8), (width - MARGIN_PX, top - 8)], LINE, 1)
    for n, column in enumerate(columns):
        write(draw, (MARGIN_PX + n * COLUMN_PX, top), column, 16, ACCENT if n == 0 else MUTED, TILE_PX)
    for n, strip in enumerate(strips):
        _draw_strip(sheet, draw, strip, has_answers, top + HEADER_PX + n * (TILE_PX + WORDS_PX))
    if not strips:
        write(draw, (MARGIN_PX, top + HEADER_PX), "Nothing to show.", 20, MUTED, room)
    buffer = io.BytesIO()
    sheet.save(buffer, format, optimize=True, quality=92)
    write_whole(out, buffer.getvalue())


def _draw_strip(sheet: Image.Image, draw: ImageDraw, strip: Strip, has_answers: bool, y: int) -> None:
    x = MARGIN_PX
    draw_tile(sheet, draw, strip.query.photo, (x, y), TILE_PX, box=strip.query.box)
    draw.rectangle([x, y, x + TILE_PX - 1, y + TILE_PX - 1], outline=ACCENT, width=3)
    write(draw, (x, y + TILE_PX + 5), one_line(strip.label or strip.query.title), 15, INK, TILE_PX)
    if strip.label:
        write(draw, (x, y + TILE_PX + 25), one_line(strip.query.title), 14, MUTED, TILE_PX)
    if has_answers:
        x += COLUMN_PX
        if strip.answer is not None:
            draw_tile(sheet, draw, strip.answer.photo, (x, y), TILE_PX, box=strip.answer.box)
            write(draw, (x, y + TILE_PX + 5), one_line(strip.answer.title), 14, MUTED, TILE_PX)
        else:
            write(draw, (x + TILE_PX / 2, y + TILE_PX / 2), "none", 16, MUTED, TILE_PX, anchor="mm")
    for hit in strip.hits:
        x += COLUMN_PX
        draw_tile(sheet, draw, hit.photo, (x, y), TILE_PX, box=hit.box, right=hit.right)
        wide = 0.0
        if hit.score is not None:
            wide = write(draw, (x, y + TILE_PX + 5), f"{hit.score:.3f}", 15, INK, TILE_PX) + 8
        if hit.right is not None:
            word, ink = ("right", RIGHT) if hit.right else ("wrong", WRONG)
            write(draw, (x + wide, y + TILE_PX + 5), word, 15, ink, TILE_PX - wide)
        write(draw, (x, y + TILE_PX + 25), one_line(hit.title), 14, MUTED, TILE_PX)
