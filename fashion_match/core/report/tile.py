"""A photo in its square on a sheet, framed where it is a right or a wrong answer: by colour, line and mark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.report.caption import one_line
from fashion_match.core.report.lettering import write
from fashion_match.core.report.photo import thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from fashion_match.core.item import Box
    from fashion_match.core.report.photo import Photo

INK, MUTED, LINE, PAPER, MAT, ACCENT = "#16181d", "#5d6470", "#dfe2e7", "#ffffff", "#f4f5f7", "#2456d6"
RIGHT, WRONG = "#12724b", "#b3261e"
FRAME_PX = 4
BADGE_PX = 30
DASH_PX = 14


def draw_tile(
    sheet: Image,
    draw: ImageDraw,
    photo: Photo | None,
    at: tuple[int, int],
    size_px: int,
    *,
    box: Box | None = None,
    right: bool | None = None,
) -> None:
    """Letterbox a photo on its mat, or say there why it is missing.

    Args:
        at: left and top.
        box: what to show of it, in pixels of the upright photo.
        right: a right answer gets a green frame and a tick, a wrong one a broken red frame and a cross, for those too
            who do not tell the colours apart; ``None`` for neither.
    """
    x, y = at
    frame = (x, y, x + size_px - 1, y + size_px - 1)
    draw.rectangle(frame, MAT)
    small = thumbnail(photo, size_px, box)
    if isinstance(small, str):
        name = one_line(photo.name) if isinstance(photo, Path) else ""
        middle = x + size_px / 2, y + size_px / 2
        write(draw, (middle[0], middle[1] - 12), small, 17, MUTED, size_px - 16, anchor="mm")
        write(draw, (middle[0], middle[1] + 14), name, 14, MUTED, size_px - 16, anchor="mm")
    else:
        sheet.paste(small, (x + (size_px - small.width) // 2, y + (size_px - small.height) // 2))
    draw.rectangle(frame, outline=LINE)
    if right is not None:
        _draw_mark(draw, frame, right)


def _draw_mark(draw: ImageDraw, frame: tuple[int, int, int, int], right: bool) -> None:
    color = RIGHT if right else WRONG
    if right:
        draw.rectangle(frame, outline=color, width=FRAME_PX)
    else:
        _draw_dashes(draw, frame, color)
    x, y = frame[2] - BADGE_PX + 1, frame[1]
    draw.rectangle([x, y, x + BADGE_PX - 1, y + BADGE_PX - 1], color)
    tick = [[(7, 16), (13, 22), (23, 8)]]
    cross = [[(8, 8), (22, 22)], [(22, 8), (8, 22)]]
    for line in tick if right else cross:  # drawn, not written: hardly any font has the signs
        draw.line([(x + dx, y + dy) for dx, dy in line], "white", 4, joint="curve")


def _draw_dashes(draw: ImageDraw, frame: tuple[int, int, int, int], color: str) -> None:
    left, top, right, bottom = frame
    edge = FRAME_PX - 1
    for x in range(left, right, 2 * DASH_PX):
        end = min(x + DASH_PX, right)
        draw.rectangle([x, top, end, top + edge], color)
        draw.rectangle([x, bottom - edge, end, bottom], color)
    for y in range(top, bottom, 2 * DASH_PX):
        end = min(y + DASH_PX, bottom)
        draw.rectangle([left, y, left + edge, end], color)
        draw.rectangle([right - edge, y, right, end], color)
