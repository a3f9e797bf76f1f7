"""A map of a collection: points, and what their colours and shapes mean. Ready to be drawn, or put on a page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fashion_match.core.report.caption import one_line
from fashion_match.core.report.figure import COLORS

if TYPE_CHECKING:
    from fashion_match.core.item import AttributeValue, Box
    from fashion_match.core.report.photo import Photo

N_NAMED = 15
"""Values that have a look of their own."""
N_COLORS = len(COLORS) - 1
"""The last one is grey, which is for the others."""
SHAPES = ("circle", "square", "triangle")
"""Of the eighth value on the colours begin anew with another shape."""
OTHER_COLOR, NONE_COLOR = "#8d95a3", "#c3c8d0"
EDGE_COLOR = "#5d6470"
N_STEPS = 64
"""Of a scale of numbers."""
SCALE_END = 0.86
"""Of the scale's colours: beyond it they are too light for white paper."""


@dataclass(frozen=True)
class Look:
    """How the points of a value are drawn."""

    name: str
    color: str
    """``#rrggbb``."""
    shape: str = "circle"
    n: int = 0
    """Points that look so."""
    edge: str = "#ffffff"


@dataclass(frozen=True)
class Scale:
    """What the colours of numbers mean."""

    low: float
    high: float
    colors: tuple[str, ...]
    """From low to high."""


@dataclass(frozen=True)
class MapPoint:
    """An item on the map."""

    x: float
    y: float
    """0..1, of the longer side; y grows upwards."""
    id: str
    title: str
    value: str
    """Of the attribute that colours the map, as text; empty where the item has none."""
    look: int
    """Number of its `Look`."""
    photo: Photo | None
    box: Box | None = None


@dataclass(frozen=True)
class CollectionMap:
    """A map, ready to be shown."""

    heading: str
    attribute: str
    points: tuple[MapPoint, ...]
    looks: tuple[Look, ...]
    scale: Scale | None
    """Where the attribute is a number: then the looks are its colours."""
    notes: tuple[str, ...]
    """What a reader must know, a line each."""

    @property
    def alt(self) -> str:
        """The map in words, for those who do not see it."""
        if self.scale is not None:
            colored = f"{self.attribute} from {self.scale.low:g} to {self.scale.high:g}"
        else:
            most = ", ".join(f"{look.name} {look.n:,}" for look in self.looks[:5])
            colored = f"{self.attribute}: {most}" + (" and others" if len(self.looks) > 5 else "")
        return one_line(f"{self.heading}. {len(self.points):,} points; {colored}")


def looks_of_values(
    values: Sequence[AttributeValue | None], *, are_colors: bool = False
) -> tuple[list[int], tuple[Look, ...]]:
    """Return the number of each point's look, and the looks: the most frequent values, others, and none.

    A list counts as its first value.

    Args:
        are_colors: the values name colours, so each is drawn in its own, where it is known by that name.
    """
    texts = [as_text(value) for value in values]
    counts = Counter(text for text in texts if text)
    ranked = sorted(counts, key=lambda text: (-counts[text], text))
    named = ranked[:N_NAMED] if len(ranked) > N_NAMED + 1 else ranked  # one more has a look rather than being "other"
    looks = []
    for n, text in enumerate(named):
        shape = SHAPES[n // N_COLORS]
        own = _own_look(text, shape, counts[text]) if are_colors else None
        looks.append(own or Look(text, COLORS[n % N_COLORS], shape, counts[text]))
    numbers = {text: n for n, text in enumerate(named)}
    n_other = sum(counts[text] for text in ranked[len(named) :])
    if n_other:
        numbers |= dict.fromkeys(ranked[len(named) :], len(looks))
        looks.append(Look(f"other ({len(ranked) - len(named)} values)", OTHER_COLOR, "circle", n_other))
    if n_none := sum(not text for text in texts):
        numbers[""] = len(looks)
        looks.append(Look("none", NONE_COLOR, "circle", n_none))
    return [numbers[text] for text in texts], tuple(looks)


def _own_look(name: str, shape: str, n: int) -> Look | None:
    """Return the look of a colour: as it is called, ``Navy Blue``, with an edge that shows white on white."""
    from matplotlib.colors import XKCD_COLORS

    color = XKCD_COLORS.get(f"xkcd:{name.casefold()}")
    return None if color is None else Look(name, color, shape, n, EDGE_COLOR)


def looks_of_numbers(values: Sequence[float | None]) -> tuple[list[int], tuple[Look, ...], Scale | None]:
    """Return the number of each point's look, the looks, and the scale; no scale where no point has a number."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    known = [value for value in values if value is not None and math.isfinite(value)]
    none = Look("none", NONE_COLOR, "circle", len(values) - len(known))
    if not known:
        return [0] * len(values), (none,), None
    low, high = min(known), max(known)
    colors = tuple(to_hex(colormaps["viridis"](SCALE_END * n / (N_STEPS - 1))) for n in range(N_STEPS))
    steps = []
    for value in values:
        if value is None or not math.isfinite(value):
            steps.append(N_STEPS)
        else:
            steps.append(round((value - low) / (high - low) * (N_STEPS - 1)) if high > low else 0)
    counts = Counter(steps)
    looks = tuple(Look(f"step {n}", color, "circle", counts[n]) for n, color in enumerate(colors))
    return steps, (*looks, none), Scale(low, high, colors)


def as_text(value: AttributeValue | None) -> str:
    """Return a value as it is named on the map, empty for none."""
    if value is None:
        return ""
    if isinstance(value, list):
        return one_line(value[0])
    return f"{value:g}" if isinstance(value, float) else one_line(str(value))
