"""The look of diagrams: colors, lines, a title, names beside the lines. Drawn without a display."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.output import write_whole
from fashion_match.core.report.caption import one_line
from fashion_match.core.report.sheet import INK, LINE, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN, PANEL_IN, TITLE_IN, NAME_IN, DPI = 10.0, 2.7, 0.5, 0.2, 120
COLORS = ("#2456d6", "#d1495b", "#178a5f", "#c77700", "#7a3fb0", "#0891a8", "#8a5a3c", "#5d6470")
DASHES = ("-", "--", "-.")
"""Of the ninth line on, when the colors begin anew."""


def panel_height(n_lines: int) -> float:
    """Return how high (inches) a panel must be for the names of its lines to stand beside it."""
    return max(PANEL_IN, NAME_IN * (n_lines + 3))


def new_figure(height_in: float, title: str) -> Figure:
    """Return an empty figure with room for panels of so many inches in all."""
    # Not by pyplot, which would keep it in a list that all of the process shares.
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    size = (WIDTH_IN, TITLE_IN + height_in)
    figure = Figure(size, dpi=DPI, layout=ConstrainedLayoutEngine(h_pad=0.08), facecolor="white")
    shown = one_line(title).replace("$", r"\$")  # a dollar sign would begin a formula
    figure.suptitle(shown, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return figure


def style(axis: Axes, title: str) -> None:
    """Give a panel its title and its grid."""
    axis.set_ylabel(one_line(title).replace("$", r"\$"), color=MUTED)
    axis.grid(color=LINE, linewidth=0.7)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["bottom", "left"]].set_color(LINE)
    axis.tick_params(colors=MUTED, which="both", labelsize=9)


def add_legend(axis: Axes) -> None:
    """Name the lines beside the panel, where the names cover none of them."""
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0, frameon=False, fontsize=9)


def write(figure: Figure, out: Path) -> None:
    """Write a figure as PNG. Raises UsageError where that fails."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_whole(out, buffer.getvalue())
