"""Pictures of a training run: how losses, figures and the learning rate went, and which rate a search suggests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.output import check_output
from fashion_match.core.report.caption import one_line
from fashion_match.core.report.figure import COLORS, DASHES, add_legend, new_figure, panel_height, style, write
from fashion_match.core.report.sheet import LINE, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Row = Mapping[str, float]

CURVE_FORMATS = (".png",)
PROGRESS = ("epoch", "step", "seconds", "stage")
"""What a row says about itself; nothing to draw over the epochs."""
MAIN = ("val/map@r", "val/view_mrr")
"""Figures that a checkpoint is usually chosen by."""


@dataclass(frozen=True)
class Panel:
    """Figures that share one axis."""

    title: str
    names: tuple[str, ...]
    best: str | None = None
    """The one whose highest value is marked."""
    is_log: bool = False
    limits: tuple[float, float] | None = None


def training_curves(history: Sequence[Row], out: Path, title: str, *, monitor: str | None = None) -> None:
    """Draw a run into the picture ``out`` (PNG).

    Args:
        history: a row for each epoch: ``epoch``, ``lr``, ``train/loss``, ``val/map@r`` and the like, of which any may
            be missing. The row of epoch 0 or less, without ``train/`` figures, tells how it was before training.
        monitor: the figure that the checkpoint is chosen by, whose best epoch is marked; higher is better.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    check_output(out, CURVE_FORMATS)
    write(draw_training(history, title, monitor=monitor), out)


def learning_rate_plot(rates: Sequence[float], losses: Sequence[float], suggestion: float | None, out: Path) -> None:
    """Draw the loss over the learning rate of each step of a search into the picture ``out`` (PNG).

    Args:
        suggestion: the rate to mark; ``None`` where the search found none.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    check_output(out, CURVE_FORMATS)
    write(draw_search(rates, losses, suggestion), out)


def draw_training(history: Sequence[Row], title: str, *, monitor: str | None = None) -> Figure:
    """Return the picture of `training_curves`: one panel below the other, over the epochs."""
    history = [{"epoch": n, **row} for n, row in enumerate(history, start=1)]
    before = next((row for row in history if not _is_epoch(row)), {})
    epochs = [row for row in history if _is_epoch(row)]
    panels = _panels(history, monitor)
    heights = [panel_height(len(panel.names)) for panel in panels]
    figure = new_figure(sum(heights) or panel_height(0), title)
    if not panels:
        figure.supxlabel("No figures were written down.", color=MUTED)
        return figure
    axes = list(figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0])
    for axis, panel in zip(axes, panels, strict=True):
        _draw_panel(axis, panel, epochs, before)
    _name_epochs(axes[-1], [row["epoch"] for row in epochs])
    figure.align_ylabels(axes)
    return figure


def draw_search(rates: Sequence[float], losses: Sequence[float], suggestion: float | None) -> Figure:
    """Return the picture of `learning_rate_plot`."""
    figure = new_figure(1.4 * panel_height(1), "Search for a learning rate")
    axis = figure.subplots()
    style(axis, "loss")
    points = [(rate, loss) for rate, loss in zip(rates, losses, strict=True) if math.isfinite(loss) and rate > 0]
    if points:
        axis.plot(*zip(*points, strict=True), color=COLORS[0], linewidth=2)
        _limit_divergence(axis, [loss for _, loss in points])
    axis.set_xscale("log")
    axis.set_xlabel("learning rate", color=MUTED)
    if suggestion is not None:
        axis.axvline(suggestion, color=COLORS[1], linewidth=1.5, linestyle="--", label=f"suggested: {suggestion:.2g}")
        add_legend(axis)
    return figure


def _is_epoch(row: Row) -> bool:
    return row["epoch"] > 0 or any(name.startswith("train/") for name in row)


def _panels(history: Sequence[Row], monitor: str | None) -> list[Panel]:
    """Sort the figures: losses, validation between 0 and 1, the same by attribute, the rate, and each other one."""
    values: dict[str, list[float]] = {}
    for row in history:
        for name in row:
            if name not in PROGRESS and _has(row, name):
                values.setdefault(name, []).append(row[name])
    # A term notes figures of its own under its name: train/triplet.violations stands beside train/triplet.
    losses = [n for n in values if n.startswith("train/") and n.rpartition(".")[0] not in values]
    losses += [name for name in values if name == "val/loss"]
    shares: dict[str, list[str]] = {}
    for name, found in values.items():
        if name.startswith("val/") and name not in losses and 0 <= min(found) <= max(found) <= 1:
            figure, by_attribute, _ = name.removeprefix("val/").partition(":")
            shares.setdefault(f"{figure} by attribute" if by_attribute else "validation", []).append(name)
    drawn = {*losses, "lr", *(name for names in shares.values() for name in names)}
    for title in [title for title in shares if title.startswith("recall@")]:
        del shares[title]  # there are so many of the same color that the first ones always hold one
    panels = [Panel("loss", tuple(losses))]
    panels += [Panel(title, tuple(names), _best(names, monitor), limits=(0, 1)) for title, names in shares.items()]
    panels.append(Panel("learning rate", ("lr",) if "lr" in values else (), is_log=True))
    others: dict[str, list[str]] = {}
    for name in values:
        if name not in drawn:  # accuracies of several terms share a panel, because they share a scale
            others.setdefault(name.rpartition(".")[2] if "." in name else name.partition("/")[2] or name, []).append(
                name
            )
    panels += [Panel(f"{title} in training", tuple(names)) for title, names in others.items()]
    return [panel for panel in panels if panel.names]


def _best(names: Sequence[str], monitor: str | None) -> str | None:
    return next((name for name in ((monitor,) if monitor else MAIN) if name in names), None)


def _has(row: Row, name: str) -> bool:
    return math.isfinite(row.get(name, math.nan))


def _draw_panel(axis: Axes, panel: Panel, epochs: Sequence[Row], before: Row) -> None:
    style(axis, panel.title)
    axis.set_yscale("log" if panel.is_log else "linear")
    for n, name in enumerate(panel.names):
        color, dashes = COLORS[n % len(COLORS)], DASHES[n // len(COLORS) % len(DASHES)]
        points = [
            (row["epoch"], row[name]) for row in epochs if _has(row, name) and (row[name] > 0 or not panel.is_log)
        ]
        axis.plot(
            [epoch for epoch, _ in points],
            [value for _, value in points],
            label=_label(name) if len(panel.names) > 1 or panel.best else None,
            color=color,
            linestyle=dashes,
            linewidth=1.8,
            marker="o" if len(points) < 30 else "",
            markersize=3.5,
        )
        if _has(before, name):
            axis.axhline(before[name], color=color, linewidth=1.1, linestyle=":", zorder=1)
        if name == panel.best:
            _mark_best(axis, points, before.get(name, -math.inf), color)
    if panel.limits:
        axis.set_ylim(panel.limits[0] - 0.02, panel.limits[1] + 0.02)
    if any(_has(before, name) for name in panel.names):
        axis.plot([], [], color=MUTED, linewidth=1.1, linestyle=":", label="before training")
    add_legend(axis)


def _label(name: str) -> str:
    if name == "val/loss":
        return "loss of validation"
    if name.startswith("train/"):
        return one_line(name.removeprefix("train/").rpartition(".")[0] or name.removeprefix("train/"))
    return one_line(name.partition("/")[2].partition(":")[2] or name.partition("/")[2] or name)


def _mark_best(axis: Axes, points: Sequence[tuple[float, float]], before: float, color: str) -> None:
    epoch, value = max(points, key=lambda point: (point[1], -point[0]), default=(0, -math.inf))
    if before >= value:
        if before > -math.inf:
            axis.plot([], [], linestyle="", label=f"best: {before:.3f}, before training")
        return
    axis.axvline(epoch, color=LINE, linewidth=6, zorder=0)
    label = f"best: {value:.3f}, epoch {epoch:g}"
    axis.plot(
        [epoch], [value], "o", color=color, markersize=9, markerfacecolor="none", markeredgewidth=1.8, label=label
    )


def _name_epochs(axis: Axes, epochs: Sequence[float]) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_xlabel("epoch", color=MUTED)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if epochs:
        margin = max(0.5, 0.02 * (max(epochs) - min(epochs)))
        axis.set_xlim(min(epochs) - margin, max(epochs) + margin)


def _limit_divergence(axis: Axes, losses: Sequence[float]) -> None:
    """Leave out what the loss blows up to at the end, beside which its fall would be too small to see."""
    start, lowest = losses[0], min(losses)
    room = max(start - lowest, 0.1 * abs(start), 1e-6)
    axis.set_ylim(lowest - 0.1 * room, min(max(losses), start + room) + 0.1 * room)
