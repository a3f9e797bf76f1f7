"""Where a hue stands on the painters' wheel, and how two hues stand to each other.

The hue is the perceptual one (CIELAB, LCh). Opposites are those of the painters: blue and orange, red and green, yellow
and purple. On the bare circle of LCh blue would stand opposite yellow, so its angles are bent: the twelve stations of
Johannes Itten's wheel (*The Art of Color*, 1961) stand at every 30 degrees, each at the LCh hue of its own pigment.
"""

from __future__ import annotations

from bisect import bisect_right

from .lab import lab_of_hex, lch_of_lab

STATIONS = {
    "red": "#e32322",
    "red-orange": "#ea621f",
    "orange": "#f18e1c",
    "yellow-orange": "#fdc60b",
    "yellow": "#f4e500",
    "yellow-green": "#8cbb26",
    "green": "#008e5b",
    "blue-green": "#0696bb",
    "blue": "#2a71b0",
    "blue-violet": "#444e99",
    "violet": "#6d398b",
    "red-violet": "#c4037d",
}
"""Itten's twelve, from red on, as they are usually given in sRGB."""
STEP = 360 / len(STATIONS)

_HUES = [lch_of_lab(lab_of_hex(code))[2] for code in STATIONS.values()]
_HUES.append(_HUES[0] + 360)


def wheel_angle(hue: float) -> float:
    """Return the place (0..360 degrees, red at 0) of an LCh hue on the wheel."""
    turned = (hue - _HUES[0]) % 360 + _HUES[0]
    n = min(bisect_right(_HUES, turned) - 1, len(STATIONS) - 1)
    return (n + (turned - _HUES[n]) / (_HUES[n + 1] - _HUES[n])) * STEP % 360


def angle_between(one: float, two: float) -> float:
    """Return how far apart two places on the wheel are: 0 to 180 degrees."""
    apart = abs(one - two) % 360
    return min(apart, 360 - apart)
