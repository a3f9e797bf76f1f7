"""Opening a photo, for plugins that look at pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.model.image import decode, read_photo

if TYPE_CHECKING:
    from PIL.Image import Image

    from fashion_match.core.item import Box


def open_photo(path: Path, box: Box | None = None, *, enough_px: int | None = None) -> Image:
    """Return a photo upright, in RGB, cropped to ``box``, within the limits that ingesting has.

    Args:
        box: x0, y0, x1, y1 in pixels of the upright photo.
        enough_px: a JPEG may be decoded smaller, as long as its shorter side keeps at least twice as much.

    Raises:
        PhotoError: it is missing, damaged, too large or no photo.
    """
    return decode(read_photo(path).data, box, enough_px=enough_px)
