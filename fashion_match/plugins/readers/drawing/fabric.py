"""Cloth: a color, and a pattern woven or printed on it."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw

from fashion_match.plugins.readers.drawing.style import PALETTE, Style, luminance, mix

Color = tuple[int, int, int]


def weave(style: Style, size_px: int) -> Image.Image:
    """Return a square of the style's cloth, RGB; the color of its name covers most of it."""
    color = PALETTE[style.color]
    cell = max(8, round(size_px * 0.085 * style.pattern_scale))
    tile = _TILES[style.pattern](cell, color, style.accent, random.Random(f"cloth {style.label}"))
    if style.pattern == "Plain":
        return Image.new("RGB", (size_px, size_px), color)
    row = Image.new("RGB", (size_px, tile.height))
    for x in range(0, size_px, tile.width):
        row.paste(tile, (x, 0))
    cloth = Image.new("RGB", (size_px, size_px))
    for y in range(0, size_px, tile.height):
        cloth.paste(row, (0, y))
    return cloth


def _plain(cell: int, color: Color, accent: Color, chance: random.Random) -> Image.Image:
    return Image.new("RGB", (cell, cell), color)


def _striped(cell: int, color: Color, accent: Color, chance: random.Random) -> Image.Image:
    tile = Image.new("RGB", (cell * 4, cell), color)
    ImageDraw.Draw(tile).rectangle((0, 0, cell * 4, cell * 0.36), fill=accent)
    return tile.transpose(Image.Transpose.ROTATE_90) if chance.random() < 0.35 else tile


def _checked(cell: int, color: Color, accent: Color, chance: random.Random) -> Image.Image:
    side = round(cell * 1.5)
    tile = Image.new("RGB", (side, side), color)
    draw = ImageDraw.Draw(tile)
    half = mix(color, accent, 0.45)
    wide = side * 0.34
    draw.rectangle((0, 0, side, wide), fill=half)
    draw.rectangle((0, 0, wide, side), fill=half)
    draw.rectangle((0, 0, wide, wide), fill=accent)
    thin = max(1, side // 18)
    line = mix(color, accent, 0.7)
    draw.rectangle((0, side * 0.66, side, side * 0.66 + thin), fill=line)
    draw.rectangle((side * 0.66, 0, side * 0.66 + thin, side), fill=line)
    return tile


def _dotted(cell: int, color: Color, accent: Color, chance: random.Random) -> Image.Image:
    side = round(cell * 1.3)
    tile = Image.new("RGB", (side, side), color)
    draw = ImageDraw.Draw(tile)
    radius = side * 0.17
    for x, y in ((0.25, 0.25), (0.75, 0.75)):
        _disc(draw, x * side, y * side, radius, accent)
    return tile


def _floral(cell: int, color: Color, accent: Color, chance: random.Random) -> Image.Image:
    side = cell * 4
    tile = Image.new("RGB", (side, side), color)
    draw = ImageDraw.Draw(tile)
    leaf = mix(color, (40, 96, 58) if luminance(color) > 80 else (120, 170, 120), 0.6)
    heart = (246, 200, 66) if luminance(accent) < 200 else (232, 150, 70)
    spots = ((0.22, 0.25, 0.15), (0.72, 0.2, 0.11), (0.5, 0.62, 0.16), (0.86, 0.76, 0.12), (0.12, 0.78, 0.1))
    for x, y, radius in spots:
        turn = chance.uniform(0, math.tau)
        _flower(draw, x * side, y * side, radius * side, turn, accent, heart, leaf)
    return tile


def _zigzag(cell: int, color: Color, accent: Color, chance: random.Random) -> Image.Image:
    side = round(cell * 1.3)
    tile = Image.new("RGB", (side, side), color)
    draw = ImageDraw.Draw(tile)
    for shift in (-side, 0, side):
        points = [(-side / 2, side * 0.75), (0, side * 0.25), (side / 2, side * 0.75), (side, side * 0.25)]
        points.append((side * 1.5, side * 0.75))
        draw.line([(x, y + shift) for x, y in points], fill=accent, width=max(2, round(side * 0.2)), joint="curve")
    return tile


def _flower(
    draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, turn: float, petal: Color, heart: Color, leaf: Color
) -> None:
    for angle in (turn + 0.6, turn + math.pi + 0.2):
        _disc(draw, x + math.cos(angle) * radius, y + math.sin(angle) * radius, radius * 0.34, leaf)
    for n in range(5):
        angle = turn + n * math.tau / 5
        _disc(draw, x + math.cos(angle) * radius * 0.52, y + math.sin(angle) * radius * 0.52, radius * 0.4, petal)
    _disc(draw, x, y, radius * 0.3, heart)


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, color: Color) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


_TILES = {
    "Plain": _plain,
    "Striped": _striped,
    "Checked": _checked,
    "Dotted": _dotted,
    "Floral": _floral,
    "Zigzag": _zigzag,
}
