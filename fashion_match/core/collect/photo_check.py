"""Whether what a server sent is a photo: by what it says, by its first bytes, and by decoding it once."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock

from fashion_match.core.item import Reason
from fashion_match.core.model.image import HEAD_BYTES, PhotoError, decode, sniff
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.reason import CollectReason

ACCEPT = "image/jpeg,image/png,image/webp,image/avif;q=0.8,image/*;q=0.5"
EXTENSIONS = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tiff",
    "AVIF": ".avif",
}
_SAYING_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""What storage services say of files of which nobody told them more; the bytes decide then."""

_one_at_a_time = Lock()
"""A photo may unfold to hundreds of megabytes, and downloading is slow anyway."""


@dataclass(frozen=True)
class CheckedPhoto:
    """A photo that can be used."""

    data: bytes = field(repr=False)
    sha256: str
    extension: str
    width: int
    height: int
    """Of the upright picture, in pixels."""


def check_content_type(content_type: str) -> None:
    """Raise FetchError for an answer that says itself that it is no picture."""
    if not content_type.startswith("image/") and content_type not in _SAYING_NOTHING:
        raise FetchError(CollectReason.WRONG_TYPE, f"the server says that it is {content_type[:80]}")


def check_photo(data: bytes, *, max_pixels: int, min_px: int) -> CheckedPhoto:
    """Decode ``data`` once.

    Args:
        max_pixels: one that says it has more is refused before it is decoded.
        min_px: what the shorter side must have at least.

    Raises:
        FetchError: not_an_image, truncated, too_large, too_small.
    """
    kind = sniff(data[:HEAD_BYTES])
    try:
        with _one_at_a_time:
            width, height = decode(data, max_pixels=max_pixels).size
    except PhotoError as error:
        reasons = {Reason.TRUNCATED: CollectReason.TRUNCATED, Reason.TOO_LARGE: CollectReason.TOO_LARGE}
        raise FetchError(reasons.get(error.reason, CollectReason.NOT_AN_IMAGE), error.detail) from None
    if min(width, height) < min_px:
        detail = f"{width} x {height} pixels; the shorter side must have {min_px}"
        raise FetchError(CollectReason.TOO_SMALL, detail)
    assert kind is not None  # what could be decoded has been recognised
    return CheckedPhoto(data, sha256(data).hexdigest(), EXTENSIONS[kind], width, height)
