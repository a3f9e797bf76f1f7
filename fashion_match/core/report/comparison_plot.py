"""Differences between evaluations with their intervals around zero, one below the other: a forest plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashion_match.core.comparison import Comparison, Difference, Verdict
from fashion_match.core.report.caption import shorten
from fashion_match.core.report.figure import COLORS, style
from fashion_match.core.report.number import counted, has_interval, interval, signed
from fashion_match.core.report.plot import Plot, name_rows, start_plain
from fashion_match.core.report.sheet import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_IN = 0.32
MOST_ROWS = 60
VERDICT_COLORS: dict[Verdict, str] = {
    "better": COLORS[2],
    "worse": COLORS[1],
    "no difference that these queries can show": COLORS[7],
}
SHORT: dict[Verdict, str] = {"no difference that these queries can show": "no difference shown"}


def comparison_plot(comparison: Comparison) -> Plot | None:
    """Return the differences of a comparison; what is no share has an axis of its own."""
    finite = [each for each in comparison.differences if math.isfinite(each.difference.value)]
    drawn = finite[:MOST_ROWS]
    if not drawn:
        return None
    panels = [[each for each in drawn if _is_share(each)], [each for each in drawn if not _is_share(each)]]
    panels = [panel for panel in panels if panel]
    title = "Differences" if len(comparison.names) != 2 else f"{comparison.names[1]} against {comparison.names[0]}"
    below = f"{comparison.protocol}, {counted(comparison.n_queries, 'query')}; resampled: {comparison.resampled}"
    if len(finite) > MOST_ROWS:
        below = f"and {len(finite) - MOST_ROWS:,} more · {below}"
    heights = [0.7 + ROW_IN * len(panel) for panel in panels]
    figure = start_plain(shorten(title, 80), below, sum(heights))
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        _draw(axis, panel, with_names=len(comparison.names) != 2)
    said = [
        f"{each.figure} {signed(each.difference.value)} {interval(each.difference)}".rstrip() + f", {each.verdict}"
        for each in drawn[:5]
    ]
    more = f"; and {len(comparison.differences) - 5:,} more" if len(comparison.differences) > 5 else ""
    return Plot(title, f"{title}: {'; '.join(said)}{more}.", figure)


def named(difference: Difference, *, with_names: bool) -> str:
    """Return the figure, and where it must be said the two that are compared and which way is better."""
    names = f": {shorten(difference.b, 16)} against {shorten(difference.a, 16)}" if with_names else ""
    return f"{difference.figure}{names}{'' if difference.higher_is_better else ' (lower is better)'}"


def _draw(axis: Axes, differences: Sequence[Difference], *, with_names: bool) -> None:
    style(axis, "")
    axis.axvline(0, color=INK, linewidth=1, zorder=1)
    for row, each in enumerate(differences):
        color, at = VERDICT_COLORS[each.verdict], each.difference
        if at.low is not None and at.high is not None and has_interval(at):
            axis.hlines(row, at.low, at.high, color=color, linewidth=3.2, alpha=0.55)
        axis.plot([at.value], [row], "o", color=color, markersize=7, markeredgecolor="white")
    names = [shorten(named(each, with_names=with_names), 64) for each in differences]
    name_rows(axis, names, list(map(_verdict, differences)), [VERDICT_COLORS[each.verdict] for each in differences])
    axis.margins(x=0.08)
    axis.set_xlabel("difference, with its 95 % interval", color=MUTED)


def _verdict(difference: Difference) -> str:
    return f"{signed(difference.difference.value)} {SHORT.get(difference.verdict, difference.verdict)}"


def _is_share(difference: Difference) -> bool:
    return all(0 <= value <= 1 for value in (difference.value_a, difference.value_b))
