"""The look of diagrams: colors, lines, a title, names beside the lines. Drawn without a display."""

from __future__ import annotations

import io
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.output import write_whole
from fashion_match.core.report.caption import one_line, shorten
from fashion_match.core.report.sheet import INK, LINE, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN, PANEL_IN, TITLE_IN, NAME_IN, DPI = 10.0, 2.7, 0.5, 0.2, 120
COLORS = ("#2456d6", "#d1495b", "#178a5f", "#c77700", "#7a3fb0", "#0891a8", "#8a5a3c", "#5d6470")
DASHES = ("-", "--", "-.")
"""Of the ninth line on, when the colors begin anew."""

WIDER_FAMILIES = ("Noto Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans Hebrew", "Arial Unicode MS")
"""Tried, where the system has them, for text that the built-in font has no letters for."""


def panel_height(n_lines: int) -> float:
    """Return how high (inches) a panel must be for the names of its lines to stand beside it."""
    return max(PANEL_IN, NAME_IN * (n_lines + 3))


def plain(text: str, most: int | None = None) -> str:
    """Return text for a diagram: one line, of at most so many characters, in which no dollar sign begins a formula."""
    return (one_line(text) if most is None else shorten(text, most)).replace("$", r"\$")


def new_figure(height_in: float, title: str, *, width_in: float = WIDTH_IN) -> Figure:
    """Return an empty figure with room for panels of so many inches in all."""
    # Not by pyplot, which would keep it in a list that all of the process shares.
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    size = (width_in, TITLE_IN + height_in)
    figure = Figure(size, dpi=DPI, layout=ConstrainedLayoutEngine(h_pad=0.08), facecolor="white")
    figure.suptitle(plain(title), x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return figure


def style(axis: Axes, title: str) -> None:
    """Give a panel its title and its grid."""
    axis.set_ylabel(plain(title), color=MUTED)
    axis.grid(color=LINE, linewidth=0.7)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["bottom", "left"]].set_color(LINE)
    axis.tick_params(colors=MUTED, which="both", labelsize=9)


def add_legend(axis: Axes, *, above: bool = False) -> None:
    """Name the lines beside the panel, or above it, where the names cover none of them."""
    n = len(axis.get_legend_handles_labels()[0])
    if n:
        look: dict[str, Any] = {"borderaxespad": 0, "frameon": False, "fontsize": 9}
        if above:
            axis.legend(loc="lower left", bbox_to_anchor=(0, 1.01), ncols=n, **look)
        else:
            axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), **look)


def write(figure: Figure, out: Path) -> None:
    """Write a figure as PNG. Raises UsageError where that fails."""
    write_whole(out, as_png(figure))


def as_png(figure: Figure) -> bytes:
    """Return a figure as PNG, in letters that the system has for names in any script."""
    from matplotlib.text import Text

    # Not by rcParams, which all of the process shares.
    for text in figure.findobj(Text):
        if not text.get_text().isascii():
            text.set_fontfamily(_families())
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a box in its place is all that can be done
        figure.savefig(buffer, format="png")
    return buffer.getvalue()


@cache
def _families() -> list[str]:
    from matplotlib.font_manager import fontManager

    known = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(family for family in WIDER_FAMILIES if family in known)]
