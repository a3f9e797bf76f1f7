"""The colours of an item: as its catalogue names them, else as its photo shows them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from fashion_match import Item, PhotoError, open_photo

from .name import Shade, shades_of

Colors = tuple[tuple[Shade, float], ...]
"""Shades with their shares (0..1), the leading one first."""

PHOTO_PX = 64
"""The measuring looks at no more."""


def named_colors(item: Item) -> Colors:
    """Return what the attribute ``color`` names, each colour with the same share; nothing where it names none."""
    shades = shades_of(item.attributes.get("color"))
    return tuple((shade, 1 / len(shades)) for shade in shades)


def measured_colors(item: Item) -> Colors:
    """Return what the photo shows within the item's box; nothing where there is no photo, or it cannot be read."""
    if item.image is None:
        return ()
    try:
        found = item.image.stat()
    except OSError:
        return ()
    return _measured(item.image, item.box, found.st_mtime_ns, found.st_size)


@lru_cache(8192)  # a service is asked about the same garments again and again
def _measured(path: Path, box: Sequence[float] | None, _modified: int, _size: int) -> Colors:
    import numpy as np

    from .pixels import measure

    try:
        photo = open_photo(path, tuple(box) if box else None, enough_px=PHOTO_PX)  # type: ignore[arg-type]
    except PhotoError:
        return ()
    return tuple((swatch.shade, swatch.share) for swatch in measure(np.asarray(photo)))


def colors_of(item: Item, *, measure_first: bool = False) -> Colors:
    """Return the colours of an item, by its name and else by its photo, or the other way round."""
    if measure_first:
        return measured_colors(item) or named_colors(item)
    return named_colors(item) or measured_colors(item)
