"""Index against exact search, over the share of the items that a filter leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashion_match.core.evaluation import Evaluation, FilterRow
from fashion_match.core.report.figure import COLORS, add_legend, panel_height, plain, style
from fashion_match.core.report.number import counted, number
from fashion_match.core.report.plot import Plot, draw_intervals, draw_line, start, titled
from fashion_match.core.report.sheet import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NAMED = 4
"""Filters that lose the most, which are named beside their points."""


def recall_plot(evaluation: Evaluation) -> Plot | None:
    """Return how much of what exact search finds the index finds too."""
    rows = [row for row in _drawn(evaluation.filters) if math.isfinite(row.recall.value)]
    if not rows:
        return None
    title = "Recall under filters"
    figure = start(title, evaluation, panel_height(4) * 1.25)
    axis = figure.subplots()
    style(axis, "recall of the index")
    line = [(row.share, row.recall.value) for row in rows]
    draw_intervals(axis, [(row.share, row.recall) for row in rows])
    draw_line(axis, line, COLORS[0], "a filter", marker="o", linestyle="", markersize=7, markeredgecolor="white")
    worst = sorted(rows, key=lambda row: row.recall.value)[:MOST_NAMED]
    for row in worst:
        if row.recall.value < 1:
            axis.annotate(
                plain(row.filter, 34),
                (row.share, row.recall.value),
                xytext=(7, -3),
                textcoords="offset points",
                fontsize=8,
                color=MUTED,
                bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
            )
    lowest = min(x for row in rows for x in (row.recall.value, row.recall.low) if x is not None and math.isfinite(x))
    axis.set_ylim(max(lowest - 0.08 * (1.02 - lowest) - 0.01, -0.02), 1 + 0.04 * (1.02 - lowest))
    _shares(axis, rows)
    add_legend(axis)
    said = f"lowest {number(worst[0].recall.value)} where a filter leaves {number(worst[0].share)} of the items"
    return Plot(titled(title, evaluation), f"{title}, {counted(len(rows), 'filter')}: {said}.", figure)


def latency_plot(evaluation: Evaluation) -> Plot | None:
    """Return how long a query takes by the index and by exact search."""
    rows = _drawn(evaluation.filters)
    ways = {
        "index": _on_log([(row.share, row.index_ms, row.index_p99_ms) for row in rows]),
        "exact search": _on_log([(row.share, row.exact_ms, row.exact_p99_ms) for row in rows]),
    }
    ways = {name: found for name, found in ways.items() if found}
    if not ways:
        return None
    title = "Time of a query under filters"
    figure = start(title, evaluation, panel_height(4) * 1.25)
    axis = figure.subplots()
    style(axis, "ms")
    for (name, found), color, marker in zip(ways.items(), COLORS, "os", strict=False):
        draw_line(axis, [row[:2] for row in found], color, f"{name}, median", marker=marker, markersize=6)
        tails = [(share, p99) for share, _, p99 in found]
        draw_line(axis, tails, color, f"{name}, 99 %", marker="", linewidth=1.2, linestyle="--", alpha=0.8)
    axis.set_yscale("log")
    _shares(axis, rows)
    add_legend(axis)
    said = [f"{name} {number(found[-1][1])} ms at a share of {number(found[-1][0])}" for name, found in ways.items()]
    return Plot(titled(title, evaluation), f"{title}, median: {', '.join(said)}.", figure)


def _drawn(filters: Sequence[FilterRow]) -> list[FilterRow]:
    """Return the filters that leave anything, in the order of what they leave."""
    return sorted((row for row in filters if row.share > 0), key=lambda row: row.share)


def _on_log(rows: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    return [row for row in rows if all(math.isfinite(value) and value > 0 for value in row)]


def _shares(axis: Axes, rows: Sequence[FilterRow]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_xscale("log")
    axis.set_xlim(rows[0].share / 1.6, max(1.0, rows[-1].share) * 1.6)
    axis.xaxis.set_major_locator(LogLocator(10))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.10g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    if axis.get_yscale() == "log":
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_xlabel("share of the items that the filter leaves", color=MUTED)
