"""The photos of a garment: sewn once, then seen from several sides, in different places and light."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageFilter

from fashion_match.plugins.readers.drawing.canvas import Canvas
from fashion_match.plugins.readers.drawing.cut import sew
from fashion_match.plugins.readers.drawing.fabric import Color
from fashion_match.plugins.readers.drawing.style import Style, mix

WALLS: tuple[Color, ...] = (
    (228, 226, 222),
    (214, 220, 224),
    (226, 216, 202),
    (206, 216, 206),
    (230, 214, 212),
    (204, 210, 222),
    (198, 196, 194),
)
FLOORS: tuple[Color, ...] = ((190, 164, 134), (170, 172, 174), (204, 192, 176), (150, 128, 108))

COARSE = 12
"""Side in pixels of the small pictures that soft light and folds are enlarged from."""


class Garment:
    """A garment, sewn and shaded; `view` takes its photos.

    Args:
        size_px: side of the photos.
    """

    def __init__(self, style: Style, size_px: int) -> None:
        self.style = style
        self.size_px = size_px
        self._side = round(size_px * 1.25)
        canvas = Canvas(style, self._side)
        sew(canvas)
        color, alpha = canvas.finished()
        shading = ImageChops.multiply(self._folds(), self._roundness(alpha))
        color = ImageChops.multiply(color, Image.merge("RGB", (shading, shading, shading)))
        self._cutout = Image.merge("RGBA", (*color.split(), alpha))
        left, top, right, bottom = alpha.getbbox() or (0, 0, self._side, self._side)
        self._middle = (left + right) / 2, (top + bottom) / 2
        self._fit = min(1.3, 0.86 * self._side / max(right - left, bottom - top))

    def _folds(self) -> Image.Image:
        """Return soft folds that fall downwards, as brightness."""
        chance = random.Random(f"folds {self.style.label}")
        tilt, phase, pace = chance.uniform(-0.35, 0.35), chance.uniform(0, math.tau), chance.uniform(2.2, 3.4)
        small = Image.new("L", (COARSE, COARSE))
        small.putdata(
            [
                round(238 + 15 * math.sin(phase + pace * (x + tilt * y) * 0.9) - chance.uniform(0, 10))
                for y in range(COARSE)
                for x in range(COARSE)
            ]
        )
        return small.resize((self._side, self._side), Image.Resampling.BICUBIC)

    def _roundness(self, alpha: Image.Image) -> Image.Image:
        """Return the darkening towards the outline that makes a garment look round, as brightness."""
        soft = alpha.reduce(4).filter(ImageFilter.BoxBlur(3))
        soft = soft.resize((self._side, self._side), Image.Resampling.BILINEAR)
        return soft.point([min(255, round(150 + 118 * value / 255)) for value in range(256)])

    def view(self, number: int) -> Image.Image:
        """Return photo ``number``, RGB: the first as a catalogue has it, the others as people take them."""
        chance = random.Random(f"view {self.style.label} {number}")
        backdrop = self._backdrop(chance, plain=number == 0)
        shift, cutout = self._posed(chance, calm=number == 0)
        backdrop.paste((20, 20, 30), mask=self._shadow(cutout.getchannel("A"), shift))
        backdrop.paste(cutout, mask=cutout)
        return ImageChops.multiply(backdrop, self._light(chance, calm=number == 0))

    def _backdrop(self, chance: random.Random, *, plain: bool) -> Image.Image:
        wall = chance.choice(WALLS)
        size = self.size_px
        backdrop = Image.new("RGB", (size, size), mix(wall, (240, 240, 240), 0.5) if plain else wall)
        if not plain and chance.random() < 0.6:
            floor = chance.choice(FLOORS)
            height = round(size * chance.uniform(0.66, 0.85))
            backdrop.paste(floor, (0, height, size, size))
            backdrop.paste(mix(wall, (255, 255, 255), 0.4), (0, height - max(2, size // 50), size, height))
            for plank in range(1, 4):
                y = height + round((size - height) * (plank / 4) ** 1.5)
                backdrop.paste(mix(floor, (60, 40, 30), 0.16), (0, y, size, y + 1))
        return backdrop

    def _posed(self, chance: random.Random, *, calm: bool) -> tuple[float, Image.Image]:
        """Return how far the shadow falls to the right, and the garment, turned, shrunk and moved, RGBA."""
        reach = 0.3 if calm else 1.0
        turn = math.radians(chance.uniform(-13, 13) * reach)
        zoom = 0.92 if calm else chance.uniform(0.72, 0.95)
        narrow = 1.0 if calm else chance.uniform(0.84, 1.0)
        lean = chance.uniform(-0.1, 0.1) * reach
        move_x, move_y = chance.uniform(-0.07, 0.07) * reach, chance.uniform(-0.06, 0.06) * reach
        flip = -1 if not calm and self.style.category in ("Shoes", "Bag") and chance.random() < 0.5 else 1
        size, side = self.size_px, self._side
        # From a place in the photo back to the place on the canvas, around both centres.
        scale = side / size / zoom / self._fit
        a, b = scale * math.cos(turn) / narrow * flip, scale * (math.sin(turn) + lean) * flip
        d, e = -scale * math.sin(turn), scale * math.cos(turn)
        x0, y0 = size * (0.5 + move_x), size * (0.5 + move_y)
        middle_x, middle_y = self._middle
        place = (a, b, middle_x - a * x0 - b * y0, d, e, middle_y - d * x0 - e * y0)
        cutout = self._cutout.transform((size, size), Image.Transform.AFFINE, place, Image.Resampling.BILINEAR)
        return chance.choice((-1, 1)) * chance.uniform(0.01, 0.035), cutout

    def _shadow(self, alpha: Image.Image, shift: float) -> Image.Image:
        """Return the shadow on the wall, as darkness."""
        small = alpha.reduce(4).filter(ImageFilter.BoxBlur(2.2))
        fallen = Image.new("L", small.size)
        dark = small.point([round(0.4 * value) for value in range(256)])
        fallen.paste(dark, (round(shift * small.width), round(0.028 * small.height)))
        return fallen.resize(alpha.size, Image.Resampling.BILINEAR)

    def _light(self, chance: random.Random, *, calm: bool) -> Image.Image:
        """Return the light of the room: brighter to one side, a little warmer or cooler."""
        angle, depth = chance.uniform(0, math.tau), 0.05 if calm else chance.uniform(0.06, 0.16)
        warm, level = chance.uniform(-0.025, 0.025), 1.0 if calm else chance.uniform(0.93, 1.0)
        dx, dy = math.cos(angle), math.sin(angle)
        small = Image.new("L", (4, 4))
        small.putdata(
            [
                round(255 * level * (1 - depth * (0.5 + (dx * (x - 1.5) + dy * (y - 1.5)) / 4.3)))
                for y in range(4)
                for x in range(4)
            ]
        )
        light = small.resize((self.size_px, self.size_px), Image.Resampling.BICUBIC)
        red = light.point([round(value * min(1, 1 + warm)) for value in range(256)])
        blue = light.point([round(value * min(1, 1 - warm)) for value in range(256)])
        return Image.merge("RGB", (red, light, blue))
