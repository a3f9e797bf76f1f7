"""Lines over k: how many queries find a match among the first k, or none."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from fashion_match.core.evaluation import Curve, Estimate, Evaluation
from fashion_match.core.report.caption import shorten
from fashion_match.core.report.figure import COLORS, add_legend, panel_height, style
from fashion_match.core.report.number import number
from fashion_match.core.report.plot import GUESS_COLOR, Plot, draw_intervals, draw_line, points, start, titled
from fashion_match.core.report.sheet import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fashion_match.core.report.plot import Points

GUESS = " guess"
"""A curve of this name after another's is what a trivial guess gets."""

MOST_EVEN = 10
"""k up to which the axis is not logarithmic."""


def rank_plot(name: str, curve: Curve, evaluation: Evaluation) -> Plot | None:
    """Return ``recall@k`` or ``top-k error`` over k, with the intervals of the figures of the same name."""
    line = [(k, value) for k, value in points(curve) if k > 0]
    if not line:
        return None
    figure = start(name, evaluation, panel_height(4) * 1.25)
    axis = figure.subplots()
    style(axis, name)
    draw_line(axis, line, COLORS[0], "this model")
    known = _at_k(name, evaluation)
    draw_intervals(axis, known)
    guess = points(evaluation.curves.get(name + GUESS)) or [
        (k, each.guess) for k, each in known if each.guess is not None and math.isfinite(each.guess)
    ]
    guess = [(k, value) for k, value in guess if k > 0]
    if guess:
        draw_line(axis, guess, GUESS_COLOR, "trivial guess", linewidth=1.4, linestyle=":", markersize=3.5)
    _scale(axis, line)
    add_legend(axis)
    said = ", ".join(f"{number(value)} at k = {k:g}" for k, value in _few(line))
    return Plot(titled(name, evaluation), f"{name}: {said}.", figure)


def other_plot(name: str, curve: Curve, evaluation: Evaluation) -> Plot | None:
    """Return a curve that no other diagram shows, as a plain line."""
    line = points(curve)
    if not line:
        return None
    title = shorten(name, 80)
    figure = start(title, evaluation, panel_height(4) * 1.25)
    axis = figure.subplots()
    style(axis, shorten(name, 40))
    draw_line(axis, line, COLORS[0])
    said = ", ".join(f"{number(y)} at {number(x)}" for x, y in _few(line))
    return Plot(titled(title, evaluation), f"{title}: {said}.", figure)


def _at_k(name: str, evaluation: Evaluation) -> list[tuple[float, Estimate]]:
    """Return the figures of a curve by their k: those of ``recall@k`` are called ``recall@1``, ``recall@10``."""
    before, _, after = (re.escape(part) for part in re.split(r"\b(k)\b", name, maxsplit=1))
    hits = {figure: re.fullmatch(rf"{before}(\d+){after}", figure) for figure in evaluation.figures}
    known = [(float(hit[1]), evaluation.figures[figure]) for figure, hit in hits.items() if hit and int(hit[1]) > 0]
    return sorted((each for each in known if math.isfinite(each[1].value)), key=lambda each: each[0])


def _scale(axis: Axes, line: Points) -> None:
    ks = sorted({k for k, _ in line})
    if ks[-1] > MOST_EVEN:
        axis.set_xscale("log")
        axis.set_xlim(ks[0] / 1.15, ks[-1] * 1.15)
        ks = [k for k in ks if len(ks) <= 8 or f"{k:g}".rstrip("0") in ("1", "2", "5")]
    axis.set_xticks(ks, [f"{k:g}" for k in ks])
    axis.set_xticks([], minor=True)
    axis.set_ylim(-0.02, 1.02)
    axis.set_xlabel("k", color=MUTED)


def _few(line: Points) -> Points:
    return line if len(line) <= 6 else [line[n * (len(line) - 1) // 5] for n in range(6)]
