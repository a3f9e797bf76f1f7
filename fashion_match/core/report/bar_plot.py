"""Bars by class or by value of an attribute, the most frequent first: how each fares, how sure that is, how many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fashion_match.core.evaluation import ClassRow, Estimate, Evaluation, Group
from fashion_match.core.report.caption import one_line, shorten
from fashion_match.core.report.figure import COLORS, add_legend, plain, style
from fashion_match.core.report.number import number
from fashion_match.core.report.plot import Plot, draw_intervals, name_rows, start, titled
from fashion_match.core.report.sheet import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 30
BAR_IN = 0.27
NAME_CHARACTERS = 40
SOFT = "#a9bdf0"
"""Of bars, so that what is drawn on them is seen."""


def group_plot(name: str, groups: Sequence[Group], evaluation: Evaluation) -> Plot | None:
    """Return the first figure by value of an attribute, with its interval and what a trivial guess gets."""
    figure_name = next((figure for group in groups for figure in group.figures), None)
    if figure_name is None:
        return None
    groups = sorted(groups, key=lambda group: -group.n_queries)
    shown = groups[:MOST_BARS]
    found = [_drawn(group.figures.get(figure_name)) for group in shown]
    title = f"{figure_name} by {name}"
    names, counts = [group.value for group in shown], [group.n_queries for group in shown]
    at = [(row, figure) for row, figure in enumerate(found) if figure]
    if not at:
        return None
    figure, axis = _rows(title, names, counts, "queries", len(groups), evaluation)
    axis.barh([row for row, _ in at], [each.value for _, each in at], height=0.66, color=SOFT)
    draw_intervals(axis, at, lying=True)
    guessed = [(row, each.guess) for row, each in at if each.guess is not None and math.isfinite(each.guess)]
    if guessed:
        look: dict[str, Any] = {
            "marker": "|",
            "markersize": 13,
            "markeredgewidth": 2.2,
            "linestyle": "",
            "color": COLORS[1],
        }
        axis.plot([guess for _, guess in guessed], [row for row, _ in guessed], label="trivial guess", **look)
    _finish(axis, figure_name, [x for _, each in at for x in (each.value, each.high or 0)])
    said = [f"{shorten(shown[row].value, 30)} {number(each.value)}" for row, each in at]
    return Plot(titled(title, evaluation), _alt(title, said, len(groups)), figure, ("groups", name))


def class_plot(name: str, rows: Sequence[ClassRow], evaluation: Evaluation) -> Plot | None:
    """Return F1 of each class as a bar, on it what F1 is made of: recall and precision."""
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: -row.n)
    shown = rows[:MOST_BARS]
    title = f"Classes of {name}"
    names, counts = [row.value for row in shown], [row.n for row in shown]
    figure, axis = _rows(title, names, counts, "items", len(rows), evaluation)
    scores = [(row, each.f1) for row, each in enumerate(shown) if math.isfinite(each.f1)]
    axis.barh([row for row, _ in scores], [f1 for _, f1 in scores], height=0.66, color=SOFT, label="F1")
    for label, marker, color, values in (
        ("precision", "D", COLORS[1], [row.precision for row in shown]),
        ("recall", "o", COLORS[0], [row.recall for row in shown]),
    ):
        place = [(value, row) for row, value in enumerate(values) if math.isfinite(value)]
        look: dict[str, Any] = {
            "markersize": 6.5,
            "markeredgecolor": "white",
            "linestyle": "",
            "zorder": 4,
            "clip_on": False,
        }
        axis.plot([x for x, _ in place], [y for _, y in place], marker=marker, color=color, label=label, **look)
    _finish(axis, "share", [])
    said = [f"{shorten(row.value, 30)} F1 {number(row.f1)}" for row in shown]
    return Plot(titled(title, evaluation), _alt(title, said, len(rows)), figure, ("classes", name))


def _drawn(figure: Estimate | None) -> Estimate | None:
    return figure if figure is not None and math.isfinite(figure.value) else None


def _rows(
    title: str, names: Sequence[str], counts: Sequence[int], noun: str, n_all: int, evaluation: Evaluation
) -> tuple[Figure, Axes]:
    """Return a figure with a row for each name, the first on top, and its count at the right."""
    left = n_all - len(names)
    n_rows = len(names) + bool(left)
    figure = start(title, evaluation, 0.95 + BAR_IN * n_rows)
    axis = figure.subplots()
    style(axis, "")
    labels = [shorten(name, NAME_CHARACTERS) or "(empty)" for name in names]
    name_rows(axis, [*labels, *([f"and {left:,} more"] if left else [])], [f"{count:,}" for count in counts])
    axis.annotate(noun, (1, 1), xytext=(4, 5), xycoords="axes fraction", textcoords="offset points", color=MUTED)
    return figure, axis


def _finish(axis: Axes, name: str, ends: Sequence[float]) -> None:
    highest = max([1.0, *(end for end in ends if math.isfinite(end))])
    axis.set_xlim(0, 1.02 if highest <= 1 else 1.03 * highest)
    axis.set_xlabel(plain(name, 60), color=MUTED)
    add_legend(axis, above=True)


def _alt(title: str, said: Sequence[str], n: int) -> str:
    more = f", and {n - 5:,} more" if n > 5 else ""
    return f"Bars, {one_line(title)}: {', '.join(said[:5])}{more}."
