"""Text on a drawn picture: in a font that has its letters, and shortened or wrapped where it does not fit."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

WIDER_FONTS = ("NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "Arial Unicode.ttf", "arial.ttf")
"""Tried, where the system has them, for text that the built-in font has no letters for."""


def write(
    draw: ImageDraw, at: tuple[float, float], text: str, size_px: int, ink: str, room_px: float, anchor: str = "la"
) -> float:
    """Write one line, shortened with an ellipsis where it does not fit; return its width in pixels."""
    font = font_for(text, size_px)
    shown = elide(text, font, room_px)
    draw.text(at, shown, ink, font, anchor)
    return font.getlength(shown)


def elide(text: str, font: Font, room_px: float) -> str:
    """Return ``text``, cut off with an ellipsis where it would be wider than ``room_px``."""
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


def wrap(text: str, size_px: int, room_px: float, max_lines: int) -> list[str]:
    """Break ``text`` between words; what does not fit into the lines stays on the last, to be shortened there."""
    font = font_for(text, size_px)
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


def font_for(text: str, size_px: int) -> Font:
    """Return the first font that has a letter for all of ``text``, else the built-in one."""
    own = _font(None, size_px)
    assert own is not None
    if text.isascii():
        return own
    fonts = (font for name in (None, *WIDER_FONTS) if (font := _font(name, size_px)))
    return next((font for font in fonts if all(_draws(font, letter) for letter in set(text) - {" "})), own)


def _draws(font: Font, letter: str) -> bool:
    """Whether ``letter`` looks different from a letter that no font has."""
    return bytes(font.getmask(letter)) != bytes(font.getmask("\U0010fffe"))
