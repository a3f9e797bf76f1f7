"""A diagram of an evaluation: its picture, its title, and what it says in words for those who do not see it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.evaluation import Curve, Estimate, Evaluation
from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import shorten
from fashion_match.core.report.figure import WIDTH_IN, as_png, new_figure, plain
from fashion_match.core.report.number import has_interval
from fashion_match.core.report.sheet import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Points = list[tuple[float, float]]

MARK = "leaks allowed"
TITLE_CHARACTERS = 80
"""Of a title where there is room for it; an inch of a diagram has room for nine."""
GUESS_COLOR = "#5d6470"
SQUARE_IN = 7.4, 4.4
"""Width and height of a diagram whose axes are as long as each other, with the names beside it."""


@dataclass(frozen=True)
class Plot:
    """A diagram, ready to be shown."""

    title: str
    alt: str
    """Its main numbers; stands in for the picture."""
    figure: Figure
    part: tuple[str, str] | None = None
    """What it draws a part of, such as the groups by color: ``("groups", "color")``; ``None`` for the whole."""

    @cached_property
    def png(self) -> bytes:
        """The picture, drawn once."""
        return as_png(self.figure)


def write_plots(plots: Mapping[str, Plot], folder: Path) -> list[Path]:
    """Write each diagram into ``folder``, whole, under its name; return the files.

    Raises:
        UsageError: the folder cannot be written.
    """
    files = [folder / name for name in plots]
    for file, plot in zip(files, plots.values(), strict=True):
        check_output(file, (".png",))
        write_whole(file, plot.png)
    return files


def titled(title: str, evaluation: Evaluation, most: int = TITLE_CHARACTERS) -> str:
    """Return the title of a diagram, which says so where its figures rest on items that leak."""
    mark = f" · {MARK}" if evaluation.leaks.marked else ""
    return shorten(title, most - len(mark)) + mark


def start(title: str, evaluation: Evaluation, height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """Return an empty figure that says what was measured on what."""
    return start_plain(titled(title, evaluation, int(9 * width_in)), evaluation.heading, height_in, width_in)


def start_plain(title: str, below: str, height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """Return an empty figure with a line below it that says what it is about."""
    figure = new_figure(height_in, title, width_in=width_in)
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(w_pad=0.14)  # type: ignore[call-arg]
    figure.supxlabel(plain(below, int(13 * width_in)), x=0.01, ha="left", fontsize=8.5, color=MUTED)
    return figure


def points(curve: Curve | None, *, above_zero: bool = False) -> Points:
    """Return the points of a curve that can be drawn.

    Args:
        above_zero: leave out what has no place on two logarithmic axes.
    """
    if curve is None:
        return []
    found = [(x, y) for x, y in zip(curve.x, curve.y, strict=False) if math.isfinite(x) and math.isfinite(y)]
    return [(x, y) for x, y in found if x > 0 and y > 0] if above_zero else found


def figure_named(evaluation: Evaluation, *names: str) -> Estimate | None:
    """Return the first of the figures so named, in whatever case, whose value is a number."""
    found = {name.casefold(): figure for name, figure in evaluation.figures.items() if math.isfinite(figure.value)}
    return next((found[name.casefold()] for name in names if name.casefold() in found), None)


def draw_line(axis: Axes, line: Points, color: str, label: str | None = None, **look: Any) -> None:
    """Draw a line; dots show where it has few points, and that there is one where it has no other."""
    xs, ys = zip(*line, strict=True)
    usual: dict[str, Any] = {"linewidth": 2, "marker": "o" if len(line) < 16 else "", "markersize": 4.5}
    axis.plot(xs, ys, **{**usual, "color": color, "label": label, **look})


def draw_intervals(axis: Axes, figures: Sequence[tuple[float, Estimate]], *, lying: bool = False) -> None:
    """Draw the 95 % intervals that are known.

    Args:
        figures: each with its place on the other axis.
        lying: the values run along x.
    """
    sure = [(place, figure, figure.low, figure.high) for place, figure in figures if has_interval(figure)]
    if not sure:
        return
    places, values = [place for place, *_ in sure], [figure.value for _, figure, *_ in sure]
    below = [max(figure.value - low, 0) for _, figure, low, _ in sure if low is not None]
    above = [max(high - figure.value, 0) for _, figure, _, high in sure if high is not None]
    look: dict[str, Any] = {"fmt": "none", "ecolor": INK, "elinewidth": 1.3, "capsize": 3, "label": "95 % interval"}
    if lying:
        axis.errorbar(values, places, xerr=[below, above], **look)
    else:
        axis.errorbar(places, values, yerr=[below, above], **look)


def name_rows(axis: Axes, names: Sequence[str], beside: Sequence[str], colors: Sequence[str] = ()) -> None:
    """Give a lying diagram a row for each name, the first on top, and a text at its right end.

    Args:
        beside: texts of the first rows; later ones have none.
        colors: of the texts, else they are muted.
    """
    axis.set_yticks(range(len(names)), list(map(plain, names)), color=INK)
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False, axis="y")
    axis.set_ylim(len(names) - 0.4, -0.6)
    right = axis.secondary_yaxis("right")
    right.set_yticks(range(len(beside)), list(map(plain, beside)), color=MUTED, fontsize=9)
    for label, color in zip(right.get_yticklabels(), colors, strict=False):
        label.set_color(color)
    right.tick_params(length=0)
    right.spines["right"].set_visible(False)
