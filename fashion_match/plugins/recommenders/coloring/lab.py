"""sRGB to CIELAB and its polar form, LCh, for the white of daylight (D65).

Source: CIE 15:2004, and IEC 61966-2-1 for sRGB. Lightness L runs from 0 to 100, chroma C from 0 (grey) to about 130,
hue h over 0..360 degrees.
"""

from __future__ import annotations

import math

Lab = tuple[float, float, float]
"""L, a, b."""
Lch = tuple[float, float, float]
"""L, C, h in degrees."""

RGB_TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)
LINEAR_BELOW = 0.04045
CUBE_ROOT_ABOVE = (6 / 29) ** 3
SLOPE, OFFSET = (29 / 6) ** 2 / 3, 4 / 29


def lab_of_hex(code: str) -> Lab:
    """Return L, a, b of ``"#1f4fa5"``."""
    linear = [_linear(int(code[n : n + 2], 16) / 255) for n in (1, 3, 5)]
    x, y, z = (
        _compressed(sum(weight * value for weight, value in zip(row, linear, strict=True)) / white)
        for row, white in zip(RGB_TO_XYZ, WHITE, strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def lch_of_lab(lab: Lab) -> Lch:
    """Return lightness, chroma and hue."""
    lightness, a, b = lab
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def lab_of_lch(lch: Lch) -> Lab:
    """Return L, a, b: the way back from `lch_of_lab`."""
    lightness, chroma, hue = lch
    return lightness, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= LINEAR_BELOW else ((value + 0.055) / 1.055) ** 2.4)


def _compressed(value: float) -> float:
    return float(value ** (1 / 3)) if value > CUBE_ROOT_ABOVE else SLOPE * value + OFFSET
