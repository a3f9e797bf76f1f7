"""``fm map``: a collection as points of a plane, alike ones near each other, coloured by an attribute."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fashion_match.core.cluster import ATTRIBUTE as CLUSTER
from fashion_match.core.error import UsageError
from fashion_match.core.gather import as_hit, fetch_items, gather
from fashion_match.core.metric.projection import NAMES, Method, check_method, project
from fashion_match.core.report.caption import caption
from fashion_match.core.report.map_point import (
    CollectionMap,
    MapPoint,
    as_text,
    looks_of_numbers,
    looks_of_values,
)
from fashion_match.core.where import Where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.store.protocol import VectorStore

N_POINTS = 1_500
"""Shown where there are more items: with their photos they make a page of 6 MB, and t-SNE takes some seconds."""
BY_DEFAULT = ("category", "label")

Tell = Callable[[str, int, int], None]


def make_map(
    store: VectorStore,
    *,
    attribute: str | None = None,
    method: Method = "tsne",
    where: Where = Where(),
    n_points: int = N_POINTS,
    seed: int = 0,
    on_progress: Tell = lambda stage, done, total: None,
) -> CollectionMap:
    """Place the items that match, or some of them drawn by chance; the same items and seed give the same map.

    Args:
        attribute: colours the points: its most frequent values have a colour each, a number has a scale of colours.
            Checked already. By default ``category``, where there is one, else the label.
        where: checked already.
        n_points: most items that are shown.

    Raises:
        UsageError: nothing matches, there is no such method, or its library is missing.
    """
    import numpy as np

    if n_points < 2:
        raise UsageError(f"a map of {n_points} points shows nothing.", "Give --points 2 or more.")
    check_method(method)
    if attribute is None:
        attribute = next((name for name in BY_DEFAULT if name in store.spec.kinds), "label")
    gathered = gather(
        store, where, attribute=attribute, on_progress=lambda done, total: on_progress("read", done, total)
    )
    n_all = len(gathered)
    rows = np.arange(n_all)
    if n_all > n_points:
        rows = np.sort(np.random.default_rng(seed).choice(n_all, n_points, replace=False))
    on_progress("place", 0, 1)
    placed = project(gathered.vectors[rows], method, seed=seed)
    on_progress("place", 1, 1)
    members = [gathered.members[row] for row in rows.tolist()]
    values = [member.value for member in members]
    scale = None
    if attribute != CLUSTER and store.spec.kinds.get(attribute) in ("integer", "float"):  # a cluster's number is a name
        numbers = [value if isinstance(value, int | float) else None for value in values]
        looks, named, scale = looks_of_numbers(numbers)
    else:
        looks, named = looks_of_values(values, are_colors=attribute == "color")
    items = fetch_items(store, [member.id for member in members])
    points = []
    for member, look, (x, y) in zip(members, looks, _scaled(placed.places).tolist(), strict=True):
        item = items.get(member.id)
        title = member.id if item is None else caption(as_hit(item, 0)).title
        points.append(MapPoint(x, y, member.id, title, as_text(member.value), look, member.image, member.box))
    what = store.name + (f" with {where}" if where else "")
    heading = f"{what} by {NAMES[placed.method]}, coloured by {attribute}"
    return CollectionMap(
        heading, attribute, tuple(points), named, scale, tuple(_notes(len(points), n_all, placed.note))
    )


def _notes(n_shown: int, n_all: int, note: str) -> list[str]:
    drawn = f"{n_shown:,} of {n_all:,} items, drawn by chance" if n_shown < n_all else f"{n_all:,} items"
    return [f"{drawn}; {note}"]


def _scaled(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places (N x 2) from 0 on, the longer side to 1."""
    import numpy as np

    low, high = places.min(axis=0), places.max(axis=0)
    span = float((high - low).max())
    return np.asarray((places - low) / (span if span > 1e-9 else 1.0))
