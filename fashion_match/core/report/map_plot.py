"""A map as a picture: points, coloured and shaped by what they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import shorten
from fashion_match.core.report.figure import as_png, new_figure, plain
from fashion_match.core.report.tile import LINE, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fashion_match.core.report.map_point import CollectionMap, Look

MAP_FORMATS = (".png",)
WIDTH_IN, MAP_IN = 11.0, 8.2
"""Of the picture, and of the map in it, the names beside."""
LEAST_IN, MOST_IN = 4.6, 9.0
"""Height: so much for the names, and no more for a screen."""
NAME_CHARACTERS = 28
MARKERS = {"circle": "o", "square": "s", "triangle": "^"}


def map_picture(shown: CollectionMap, *, out: Path) -> None:
    """Draw a map into the PNG ``out``. Raises UsageError where it cannot be written."""
    check_output(out, MAP_FORMATS)
    write_whole(out, as_png(_draw(shown)))


def _draw(shown: CollectionMap) -> Figure:
    wide = max((point.x for point in shown.points), default=1.0)
    high = max((point.y for point in shown.points), default=1.0)
    height = min(max(MAP_IN * high / max(wide, 0.01), LEAST_IN), MOST_IN)
    figure = new_figure(height, shorten(shown.heading, 100), width_in=WIDTH_IN)
    axis = figure.subplots()
    below = " ".join(shown.notes)
    figure.supxlabel(plain(below, 150), x=0.01, ha="left", fontsize=8.5, color=MUTED)
    size = 34 if len(shown.points) <= 500 else 20 if len(shown.points) <= 2000 else 9
    # The rarest on top: else the frequent ones would cover them.
    for number in sorted(range(len(shown.looks)), key=lambda n: -shown.looks[n].n):
        look = shown.looks[number]
        points = [point for point in shown.points if point.look == number]
        if points:
            axis.scatter([p.x for p in points], [p.y for p in points], size, **_style(look))
    if shown.scale is not None:
        _add_scale(figure, axis, shown)
    elif shown.looks:
        _add_names(axis, shown)
    axis.set_aspect("equal", adjustable="datalim")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_color(LINE)
    return figure


def _style(look: Look) -> dict[str, Any]:
    return {"c": look.color, "marker": MARKERS[look.shape], "linewidths": 0.5, "edgecolors": look.edge, "alpha": 0.9}


def _add_names(axis: Axes, shown: CollectionMap) -> None:
    """Name the looks beside the map, in their order."""
    for look in shown.looks:
        name = plain(look.name, NAME_CHARACTERS)
        axis.scatter([], [], 40, label=f"{name} ({look.n:,})", **_style(look))
    title = plain(shown.attribute, NAME_CHARACTERS)
    style: dict[str, Any] = {"borderaxespad": 0, "frameon": False, "fontsize": 9.5, "alignment": "left"}
    axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1), title=title, **style)


def _add_scale(figure: Figure, axis: Axes, shown: CollectionMap) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    scale = shown.scale
    assert scale is not None
    high = scale.high if scale.high > scale.low else scale.low + 1
    bar = ScalarMappable(Normalize(scale.low, high), ListedColormap(list(scale.colors)))
    drawn = figure.colorbar(bar, ax=axis, shrink=0.7, pad=0.02)
    drawn.set_label(plain(shown.attribute, NAME_CHARACTERS), color=MUTED)
    drawn.outline.set_edgecolor(LINE)
    drawn.ax.tick_params(colors=MUTED, labelsize=9)
    none = shown.looks[-1]
    if none.n:
        axis.scatter([], [], 40, label=f"none ({none.n:,})", **_style(none))
        axis.legend(loc="lower right", frameon=True, edgecolor=LINE, fontsize=9)
