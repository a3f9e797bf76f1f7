"""Pictures of a study: how the error went over the epochs, and whether its values scatter as a normal law would."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.report.figure import COLORS, new_figure, plain, style, write
from fashion_match.core.report.sheet import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS, CURVE_IN, NORMAL_IN = 3, 2.5, 2.3
"""Panels beside each other, and the height of one."""
BAND = 1.96
"""Half of the band about a mean, in standard errors: 95 % where there are many repeats."""


def error_curves(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], out: Path, what: str) -> None:
    """Draw the mean error by epoch, with a band that tells how sure it is, into the picture ``out`` (PNG).

    Args:
        curves: by panel (a backbone) and by line (its weights): the errors of each repeat, from before training on.
        what: name of the error.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    write(draw_curves(curves, what), out)


def normal_plots(rows: Mapping[str, Mapping[str, Sequence[float]]], out: Path, what: str) -> None:
    """Draw normal probability plots into the picture ``out`` (PNG): on a line where values are normal.

    Args:
        rows: by panel and by series (before, after): the error of each repeat.
        what: name of the error.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    write(draw_normal(rows, what), out)


def draw_curves(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], what: str) -> Figure:
    """Return the picture of `error_curves`."""
    n_rows = max(1, -(-len(curves) // ACROSS))
    figure = new_figure(CURVE_IN * n_rows, f"{what} by epoch: mean of the repeats, 95 % band")
    lines = list(dict.fromkeys(name for lines in curves.values() for name in lines))
    axes = figure.subplots(n_rows, ACROSS, sharex=True, squeeze=False).ravel().tolist()
    for axis, (panel, found) in zip(axes, curves.items(), strict=False):
        style(axis, "")
        axis.set_title(plain(panel), fontsize=10, color=INK, loc="left")
        for name, repeats in found.items():
            _draw_curve(axis, repeats, COLORS[lines.index(name) % len(COLORS)], name)
        axis.set_ylim(bottom=0)
    _finish(axes, len(curves), "epoch (0: before training)")
    _name_series(figure, axes, lines)
    return figure


def draw_normal(rows: Mapping[str, Mapping[str, Sequence[float]]], what: str) -> Figure:
    """Return the picture of `normal_plots`."""
    n_rows = max(1, -(-len(rows) // ACROSS))
    figure = new_figure(NORMAL_IN * n_rows, f"Normal probability plots of the {what} of the repeats")
    names = list(dict.fromkeys(name for series in rows.values() for name in series))
    axes = figure.subplots(n_rows, ACROSS, squeeze=False).ravel().tolist()
    for axis, (panel, series) in zip(axes, rows.items(), strict=False):
        style(axis, "")
        axis.set_title(plain(panel), fontsize=10, color=INK, loc="left")
        constant = [name for name, values in series.items() if not _draw_series(axis, values, name, names)]
        if constant:
            text = "\n".join(f"{name}: {series[name][0]:.3g} in all repeats" for name in constant)
            axis.annotate(text, (0.03, 0.97), xycoords="axes fraction", va="top", fontsize=8, color=MUTED)
    _finish(axes, len(rows), "quantile of a normal law")
    _name_series(figure, axes, names)
    return figure


def _name_series(figure: Figure, axes: Sequence[Axes], names: Sequence[str]) -> None:
    """Name lines once for all panels, in the corner that the title leaves free."""
    named = {label: line for axis in axes for line, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    shown = [name for name in map(plain, names) if name in named]
    if shown:
        lines = [named[name] for name in shown]
        figure.legend(lines, shown, loc="upper right", ncols=len(shown), frameon=False, fontsize=9)


def _finish(axes: Sequence[Axes], n: int, below: str) -> None:
    """Take away panels that are left over, and name the axis under the lowest of each column."""
    for number, axis in enumerate(axes):
        if number >= n:
            axis.set_visible(False)
        elif number + ACROSS >= n:
            axis.set_xlabel(below, color=MUTED, fontsize=9)
            axis.tick_params(labelbottom=True)


def _draw_curve(axis: Axes, repeats: Sequence[Sequence[float]], color: str, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    columns = list(zip(*repeats, strict=False))  # of runs that stopped early, as far as all of them went
    means = [math.fsum(column) / len(column) for column in columns]
    halves = [BAND * _standard_error(column) for column in columns]
    epochs = range(len(columns))
    axis.plot(epochs, means, color=color, linewidth=1.8, marker="o", markersize=3, label=plain(name))
    lows, highs = ([mean + sign * half for mean, half in zip(means, halves, strict=True)] for sign in (-1, 1))
    axis.fill_between(epochs, lows, highs, color=color, alpha=0.18, linewidth=0)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _draw_series(axis: Axes, values: Sequence[float], name: str, names: Sequence[str]) -> bool:
    """Draw a series; return whether it varies at all."""
    from scipy.stats import probplot

    if len(values) < 2 or max(values) - min(values) < 1e-12:
        return False
    (quantiles, ordered), (slope, intercept, _) = probplot(list(values))
    color = COLORS[names.index(name) % len(COLORS)]
    axis.plot(quantiles, ordered, "o", color=color, markersize=3.5, label=plain(name))
    axis.plot(quantiles, slope * quantiles + intercept, color=color, linewidth=1)
    return True


def _standard_error(values: Sequence[float]) -> float:
    n = len(values)
    if n < 2:
        return 0.0
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)
