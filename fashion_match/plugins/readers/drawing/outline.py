"""Outlines in a unit square, y downwards: straight and curved lines turned into points."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
Outline = list[Point]

STEPS = 10
"""Points that a curve is turned into."""


def trace(start: Point, *segments: Sequence[float]) -> Outline:
    """Return the points of a path from ``start``.

    A segment of two numbers is a straight line to x, y; of four or six, a curve by way of one or two control points.
    """
    points = [start]
    for segment in segments:
        last = points[-1]
        controls = [last, *zip(segment[::2], segment[1::2], strict=True)]
        if len(controls) == 2:
            points.append(controls[1])
        else:
            points += [_bezier(controls, step / STEPS) for step in range(1, STEPS + 1)]
    return points


def mirrored(half: Outline) -> Outline:
    """Return the closed outline whose right half is ``half``, given from the axis x = 0; the axis becomes x = 0.5."""
    right = [(0.5 + x, y) for x, y in half]
    return right + [(1 - x, y) for x, y in reversed(right)]


def both_sides(right: Outline) -> tuple[Outline, Outline]:
    """Return an outline given from the axis x = 0, placed to the right of x = 0.5, and its mirror image to the left."""
    return [(0.5 + x, y) for x, y in right], [(0.5 - x, y) for x, y in right]


def _bezier(controls: Sequence[Point], t: float) -> Point:
    points = list(controls)
    while len(points) > 1:
        points = [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for (x0, y0), (x1, y1) in pairwise(points)]
    return points[0]
