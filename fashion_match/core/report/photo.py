"""Photos small enough for a report, or the reason why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.item import Reason
from fashion_match.core.model.image import PhotoError, decode, read_photo

if TYPE_CHECKING:
    from PIL.Image import Image

    from fashion_match.core.item import Box

    Photo = Path | Image

UNREADABLE = "unreadable photo"
SAID = {Reason.MISSING_FILE: "photo is gone", Reason.BAD_BOX: "nothing in its box"}


def thumbnail(photo: Photo | None, size_px: int, box: Box | None = None) -> Image | str:
    """Return ``photo`` upright, in RGB over white and within ``size_px`` square, never enlarged.

    Args:
        box: what to show of a file: x0, y0, x1, y1 in pixels of the upright photo; ``None`` for all of it.

    Returns:
        The picture, or a few words that say why it cannot be shown: a report is still wanted when one photo is gone.
    """
    from PIL import Image

    if photo is None:
        return "no photo"
    try:
        if isinstance(photo, Image.Image):
            return _fit(photo, size_px)
        if box is not None:
            return _fit(decode(read_photo(photo).data, box, enough_px=size_px), size_px)
        with Image.open(photo) as opened:
            opened.draft("RGB", (2 * size_px, 2 * size_px))
            return _fit(opened, size_px)
    except FileNotFoundError:
        return "photo is gone"
    except PhotoError as error:
        return SAID.get(error.reason, UNREADABLE)
    except Exception:  # on a damaged file the decoders raise nearly anything
        return UNREADABLE


def _fit(photo: Image, size_px: int) -> Image:
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(photo)
    if upright.mode.startswith("I;16"):
        upright = upright.convert("I").point(lambda value: value / 256).convert("L")
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright)
    small = upright.convert("RGB")
    small.thumbnail((size_px, size_px), Image.Resampling.LANCZOS)
    return small
