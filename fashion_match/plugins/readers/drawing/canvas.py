"""Where a garment is put together: pieces of cloth, seams and trimmings, on a square without background."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

from fashion_match.plugins.readers.drawing.fabric import Color, weave
from fashion_match.plugins.readers.drawing.outline import Outline, Point
from fashion_match.plugins.readers.drawing.style import PALETTE, Style, luminance, mix

OVERSAMPLING = 2
"""Edges are drawn this much larger and averaged."""

INK: Color = (24, 24, 32)


class Canvas:
    """A garment in the making. All places are in a unit square, y downwards.

    Args:
        size_px: side of the finished square.
    """

    def __init__(self, style: Style, size_px: int) -> None:
        self.style = style
        self.color = PALETTE[style.color]
        self.side = size_px * OVERSAMPLING
        self._cloth = weave(style, self.side)
        self._turned: dict[float, Image.Image] = {0.0: self._cloth}
        # The cloth lies under everything, so that no other color bleeds in at the edges.
        self.image = Image.new("RGB", (self.side, self.side), self.color)
        self.alpha = Image.new("L", (self.side, self.side), 0)
        self._draw = ImageDraw.Draw(self.image)
        self._draw_alpha = ImageDraw.Draw(self.alpha)

    @property
    def seam(self) -> Color:
        """The color of seams and folds in the cloth: darker than it, or lighter where it is dark."""
        return mix(self.color, (255, 255, 255), 0.22) if luminance(self.color) < 70 else mix(self.color, INK, 0.32)

    def cloth(self, outline: Outline, *, turn: float = 0.0, shade: float = 0.0, edge: bool = True) -> None:
        """Add a piece of cloth. ``turn`` turns its pattern, in degrees; ``shade`` (0..1) darkens it."""
        points = self._pixels(outline)
        left, top = (max(0, int(min(place))) for place in zip(*points, strict=True))
        right, bottom = (min(self.side, int(max(place)) + 2) for place in zip(*points, strict=True))
        cloth = self._turn(turn).crop((left, top, right, bottom))
        mask = Image.new("L", cloth.size, 0)
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in points], fill=255)
        if shade:
            cloth = ImageChops.multiply(cloth, Image.new("RGB", cloth.size, (round(255 * (1 - shade)),) * 3))
        self.image.paste(cloth, (left, top), mask)
        self._draw_alpha.polygon(points, fill=255)
        if edge:
            self.line([*outline, outline[0]])

    def piece(self, outline: Outline, color: Color, *, edge: bool = True) -> None:
        """Add a piece of one color: trimmings, soles, buckles."""
        points = self._pixels(outline)
        self._draw.polygon(points, fill=color)
        self._draw_alpha.polygon(points, fill=255)
        if edge:
            self.line([*outline, outline[0]], color=mix(color, INK, 0.3))

    def line(self, points: Sequence[Point], *, color: Color | None = None, width: float = 0.005) -> None:
        """Draw a seam or a fold."""
        self._draw.line(
            self._pixels(points), fill=color or self.seam, width=max(1, round(width * self.side)), joint="curve"
        )

    def strap(self, points: Sequence[Point], color: Color, width: float) -> None:
        """Add a band along a line: handles, laces, ribbons."""
        pixels, thick = self._pixels(points), max(2, round(width * self.side))
        self._draw.line(pixels, fill=color, width=thick, joint="curve")
        self._draw_alpha.line(pixels, fill=255, width=thick, joint="curve")

    def disc(self, x: float, y: float, radius: float, color: Color, *, cut: bool = False) -> None:
        """Add a button, an eyelet or a pompom; with ``cut`` it belongs to the outline."""
        side = self.side
        box = ((x - radius) * side, (y - radius) * side, (x + radius) * side, (y + radius) * side)
        self._draw.ellipse(box, fill=color, outline=mix(color, INK, 0.25))
        if cut:
            self._draw_alpha.ellipse(box, fill=255)

    def finished(self) -> tuple[Image.Image, Image.Image]:
        """Return color and alpha at the finished size."""
        return self.image.reduce(OVERSAMPLING), self.alpha.reduce(OVERSAMPLING)

    def _turn(self, degrees: float) -> Image.Image:
        if degrees not in self._turned:
            self._turned[degrees] = self._cloth.rotate(degrees, fillcolor=self.color)
        return self._turned[degrees]

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.side, y * self.side) for x, y in points]
