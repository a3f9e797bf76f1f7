"""Diagrams of pairs: how well scores tell the same from the different, and where the threshold lies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fashion_match.core.evaluation import Evaluation
from fashion_match.core.report.figure import COLORS, add_legend, panel_height, style
from fashion_match.core.report.number import counted, number, with_interval
from fashion_match.core.report.plot import (
    GUESS_COLOR,
    SQUARE_IN,
    Plot,
    draw_line,
    figure_named,
    points,
    start,
    titled,
)
from fashion_match.core.report.sheet import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAME, DIFFERENT, POINT = COLORS[0], COLORS[1], COLORS[3]
LEAST_MARGIN = 0.02
"""Of scores, beside the lowest and the highest that occur."""
LOWEST_DECADE = -6
"""A rate below a millionth would need more pairs than are drawn."""


def roc_plot(evaluation: Evaluation) -> Plot | None:
    """Return the share of same pairs that are found over the share of different ones that are taken for the same."""
    line = points(evaluation.curves.get("roc"))
    if not line:
        return None
    figure = start("ROC", evaluation, SQUARE_IN[1], SQUARE_IN[0])
    axis = figure.subplots()
    style(axis, "same pairs found (1 - FNMR)")
    area = figure_named(evaluation, "auc", "roc auc")
    said = f"AUC {with_interval(area)}" if area else "ROC"
    draw_line(axis, line, SAME, said.replace(" [", "\n["), marker="o" if len(line) == 1 else "")
    axis.plot([0, 1], [0, 1], color=GUESS_COLOR, linewidth=1.2, linestyle=":", label="trivial guess: 0.500")
    point = operating_point(evaluation)
    if point:
        _mark(axis, point[0], 1 - point[1], f"{_at(evaluation)}:\nFMR {number(point[0])}, FNMR {number(point[1])}")
    axis.set_xlabel("different pairs taken for the same (FMR)", color=MUTED)
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axis.set_anchor("W")
    add_legend(axis)
    where = f"; {_at(evaluation)} FMR {number(point[0])} and FNMR {number(point[1])}" if point else ""
    return Plot(titled("ROC", evaluation), f"ROC curve: {said}{where}.", figure)


def det_plot(evaluation: Evaluation) -> Plot | None:
    """Return missed same pairs over wrongly accepted different ones, both on logarithmic axes."""
    line = points(evaluation.curves.get("det"), above_zero=True)
    if not line:
        return None
    figure = start("DET", evaluation, SQUARE_IN[1], SQUARE_IN[0])
    axis = figure.subplots()
    style(axis, "same pairs missed (FNMR)")
    draw_line(axis, line, SAME, "this model", marker="o" if len(line) == 1 else "")
    lowest = min(min(point) for point in line)
    floor = 10.0 ** max(LOWEST_DECADE, min(math.floor(math.log10(lowest)), -2))
    guess = [floor * (1 / floor) ** (n / 200) for n in range(201)]
    guess = [rate for rate in guess if rate <= 1 - floor]
    axis.plot(guess, [1 - x for x in guess], color=GUESS_COLOR, linewidth=1.2, linestyle=":", label="trivial guess")
    equal = figure_named(evaluation, "eer", "equal error rate")
    if equal and equal.value > 0:
        axis.plot([floor, 1], [floor, 1], color=MUTED, linewidth=0.8, zorder=1)
        _mark(axis, equal.value, equal.value, f"EER {with_interval(equal)}".replace(" [", "\n["), COLORS[2], "D")
    point = operating_point(evaluation)
    if point and min(point) > 0:
        _mark(axis, *point, f"{_at(evaluation)}:\nFMR {number(point[0])}, FNMR {number(point[1])}")
    axis.set_xlabel("different pairs taken for the same (FMR)", color=MUTED)
    axis.set(xscale="log", yscale="log", xlim=(floor, 1.1), ylim=(floor, 1.1), aspect="equal")
    axis.set_anchor("W")
    add_legend(axis)
    said = f"equal error rate {with_interval(equal)}" if equal else counted(len(line), "point")
    return Plot(titled("DET", evaluation), f"DET curve, FNMR over FMR: {said}.", figure)


def score_plot(evaluation: Evaluation) -> Plot | None:
    """Return how the scores of same and of different pairs are spread, with the threshold between them."""
    lines = {name: points(evaluation.curves.get(name)) for name in ("different", "same")}
    if not any(lines.values()):
        return None
    figure = start("Scores of pairs", evaluation, panel_height(4) * 1.1)
    axis = figure.subplots()
    style(axis, "share of the pairs")
    middles = {}
    for (name, line), color in zip(lines.items(), (DIFFERENT, SAME), strict=True):
        if not line:
            continue
        xs, ys = zip(*line, strict=True)
        middles[name] = sum(x * y for x, y in line) / (sum(ys) or 1)
        look = {"marker": "o" if len(line) == 1 else "", "drawstyle": "steps-mid"}
        draw_line(axis, line, color, f"{name} pairs, mean {number(middles[name])}", **look)
        axis.fill_between(xs, ys, step="mid", color=color, alpha=0.2, linewidth=0)
    threshold = threshold_of(evaluation)
    known = [] if threshold is None else [threshold]
    if threshold is not None:
        label = f"threshold {number(threshold)}"
        axis.axvline(threshold, color=POINT, linewidth=1.8, linestyle="--", label=label)
    axis.set_ylim(bottom=0)
    seen = [x for line in lines.values() for x, y in line if y > 0]
    if seen:
        margin = max(0.05 * (max(seen) - min(seen)), LEAST_MARGIN)
        axis.set_xlim(min([*seen, *known]) - margin, max([*seen, *known]) + margin)
    axis.set_xlabel("score (cosine)", color=MUTED)
    add_legend(axis)
    said = [f"{name} pairs have a mean score of {number(middle)}" for name, middle in middles.items()]
    said += [f"the threshold is {number(threshold)}"] if threshold is not None else []
    return Plot(titled("Scores of pairs", evaluation), f"Histogram of scores: {', '.join(said)}.", figure)


def threshold_of(evaluation: Evaluation) -> float | None:
    """Return the score from which a pair is taken for the same, where it is known."""
    figure = figure_named(evaluation, "threshold")
    if figure:
        return figure.value
    given = evaluation.options.get("threshold")
    return float(given) if isinstance(given, int | float) and math.isfinite(given) else None


def operating_point(evaluation: Evaluation) -> tuple[float, float] | None:
    """Return FMR and FNMR at the threshold, where both are known."""
    accepted, missed = figure_named(evaluation, "fmr"), figure_named(evaluation, "fnmr")
    return (accepted.value, missed.value) if accepted and missed else None


def _at(evaluation: Evaluation) -> str:
    threshold = threshold_of(evaluation)
    return "at the threshold" if threshold is None else f"at threshold {number(threshold)}"


def _mark(axis: Axes, x: float, y: float, label: str, color: str = POINT, marker: str = "o") -> None:
    axis.plot(
        [x], [y], linestyle="", marker=marker, markersize=9, color=color, markeredgecolor="white", label=label, zorder=5
    )
