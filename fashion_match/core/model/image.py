"""One photo file to an upright RGB picture, within limits, and with a closed list of ways to fail."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.item import Box, Reason

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    Opener = Callable[[BytesIO], ImageFile]

MAX_PIXELS = 100_000_000
MAX_BYTES_PER_PIXEL = 8
"""Of 16-bit RGBA, the widest that is understood: a file with more bytes than so many pixels need is refused unread."""
HEAD_BYTES = 32
_ORIENTATION = 0x0112


class PhotoError(Exception):
    """A photo that cannot be used: one of the closed list of reasons, and one line for people."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """The bytes of a photo, with size (bytes) and modification time (ns) as they were when it was read."""

    data: bytes
    stat: tuple[int, int]

    def content(self, box: Box | None) -> str:
        """Return a hash that changes when the bytes or the box do."""
        digest = hashlib.blake2b(self.data, digest_size=16)
        if box is not None:
            digest.update(repr(tuple(map(float, box))).encode())
        return digest.hexdigest()


def read_photo(path: Path, *, max_pixels: int = MAX_PIXELS) -> PhotoFile:
    """Read the file at ``path`` once. What does not start like a photo is not read any further.

    Raises:
        PhotoError: missing_file, link_loop, unreadable, not_an_image, too_large.
    """
    try:
        # A pipe or a device must neither block nor be woken up, so it is looked at before it is opened.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise PhotoError(Reason.UNREADABLE, f"is a {_kind(os.stat(path).st_mode)}, not a file")
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise PhotoError(Reason.UNREADABLE, f"is a {_kind(found.st_mode)}, not a file")
            head = file.read(HEAD_BYTES)
            if sniff(head) is None:
                raise PhotoError(Reason.NOT_AN_IMAGE, _describe(head))
            if found.st_size > max(max_pixels, 1_000_000) * MAX_BYTES_PER_PIXEL:
                raise PhotoError(Reason.TOO_LARGE, f"has {found.st_size:,} bytes")
            return PhotoFile(head + file.readall(), (found.st_size, found.st_mtime_ns))
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise _explain(path, error) from None


def sniff(head: bytes) -> str | None:
    """Return the format of a file that starts with ``head``, by Pillow's name, or ``None`` for one not understood."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[4:12] in (b"ftypavif", b"ftypavis") or (head[4:8] == b"ftyp" and b"avif" in head[8:HEAD_BYTES]):
        return "AVIF"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    return "BMP" if head.startswith(b"BM") else None


def decode(data: bytes, box: Box | None = None, *, max_pixels: int = MAX_PIXELS, enough_px: int | None = None) -> Image:
    """Return the picture upright, in RGB, cropped to ``box``.

    Of an animation it is the first frame; transparency lies over white; 16 bits a channel are scaled to 8.

    Args:
        box: x0, y0, x1, y1 in pixels of the upright photo; widened to whole pixels and clipped to the photo.
        max_pixels: a photo that says it has more is refused before it is decoded.
        enough_px: where the shorter side is to become no more than this, a JPEG may be decoded at a half, a quarter or
            an eighth of its size, as long as that leaves at least twice as much.

    Raises:
        PhotoError: not_an_image, truncated, too_large, bad_box.
    """
    opener = _openers().get(sniff(data[:HEAD_BYTES]) or "")
    if opener is None:
        raise PhotoError(Reason.NOT_AN_IMAGE, _describe(data[:HEAD_BYTES]))
    try:
        picture = opener(BytesIO(data))
        width, height = picture.size
        if width * height > max_pixels:
            raise PhotoError(Reason.TOO_LARGE, f"{width} x {height} pixels; the limit is {max_pixels:,}")
        if width * height == 0:
            raise PhotoError(Reason.TRUNCATED, f"its header says {width} x {height} pixels")
        orientation = _orientation(picture)
        if orientation > 4:  # stored lying on its side
            width, height = height, width
        garment = (0, 0, width, height) if box is None else _clip(box, width, height)
        if enough_px is not None and picture.format == "JPEG":
            _decode_smaller(picture, min(garment[2] - garment[0], garment[3] - garment[1]), enough_px)
        picture.load()
        upright = _turn(picture, orientation)
        return _rgb(upright if box is None else _crop(upright, garment, width, height))
    except PhotoError:
        raise
    except MemoryError:
        raise PhotoError(Reason.TOO_LARGE, "does not fit into memory") from None
    except Exception as error:  # each decoder has its own ways to choke on bytes that are not what they seem
        raise PhotoError(Reason.TRUNCATED, f"damaged or cut off: {error or type(error).__name__}") from None


def _orientation(picture: Image) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged metadata says nothing about the pixels
        return 1


def _clip(box: Box, width: int, height: int) -> Box:
    x0, y0, x1, y1 = max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height)
    if not (x0 < x1 and y0 < y1):  # also true of a NaN
        shown = ", ".join(f"{side:g}" for side in box)
        raise PhotoError(Reason.BAD_BOX, f"the box ({shown}) holds nothing of the photo of {width} x {height} pixels")
    return x0, y0, x1, y1


def _decode_smaller(picture: ImageFile, shorter: float, enough_px: int) -> None:
    factor = shorter / (2 * enough_px)
    if factor >= 2:
        width, height = picture.size
        # Pillow takes the smallest scale that is at least as large as asked for.
        picture.draft(None, (ceil(width / factor), ceil(height / factor)))


def _turn(picture: Image, orientation: int) -> Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    # Pillow has turned a TIFF by itself.
    if picture.format == "TIFF" or orientation not in turns:
        return picture
    return picture.transpose(turns[orientation])


def _crop(picture: Image, garment: Box, width: int, height: int) -> Image:
    """Crop to a box in pixels of a ``width`` x ``height`` photo, of which ``picture`` may be a smaller decoding."""
    across, down = picture.width / width, picture.height / height
    return picture.crop(
        (
            floor(garment[0] * across),
            floor(garment[1] * down),
            min(ceil(garment[2] * across), picture.width),
            min(ceil(garment[3] * down), picture.height),
        )
    )


def _rgb(picture: Image) -> Image:
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode[0] in "IF":
        return _eight_bit(picture).convert("RGB")
    if picture.has_transparency_data:
        from PIL import Image as pil

        picture = picture.convert("RGBA")
        return pil.alpha_composite(pil.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _eight_bit(picture: Image) -> Image:
    """Scale grey of 16 or 32 bits, or of floating point, to 8 bits. Pillow's own conversion would clip it."""
    import numpy as np
    from PIL import Image as pil

    grey = np.nan_to_num(np.asarray(picture, dtype=np.float32))
    brightest = float(grey.max(initial=0))
    if picture.mode.startswith("I;16"):
        white = 65535.0
    elif picture.mode == "F" and brightest <= 1:
        white = 1.0
    else:
        white = next((limit for limit in (255.0, 65535.0) if brightest <= limit), brightest)
    return pil.fromarray((grey * (255 / white)).clip(0, 255).round().astype(np.uint8))


@cache
def _openers() -> dict[str, Opener]:
    """Pillow's decoder of each format, without the probing of all others (some start programs) that its `open` does."""
    from PIL.AvifImagePlugin import AvifImageFile
    from PIL.BmpImagePlugin import BmpImageFile
    from PIL.GifImagePlugin import GifImageFile
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile
    from PIL.TiffImagePlugin import TiffImageFile
    from PIL.WebPImagePlugin import WebPImageFile

    # Remarks on odd metadata: the photo is fine, and a run over thousands must not be interrupted by them.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return {
        "JPEG": JpegImageFile,
        "PNG": PngImageFile,
        "WEBP": WebPImageFile,
        "GIF": GifImageFile,
        "BMP": BmpImageFile,
        "TIFF": TiffImageFile,
        "AVIF": AvifImageFile,
    }


def _describe(head: bytes) -> str:
    if not head:
        return "is empty"
    if head.lstrip().startswith((b"<", b"{", b"[")):
        return "holds text, not a photo"
    return f"is no JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF: it starts with {head[:8]!r}"


def _kind(mode: int) -> str:
    kinds = {"directory": stat.S_ISDIR, "pipe": stat.S_ISFIFO, "socket": stat.S_ISSOCK}
    return next((name for name, matches in kinds.items() if matches(mode)), "device")


def _explain(path: Path, error: OSError | ValueError) -> PhotoError:
    number: Any = getattr(error, "errno", None)
    if number == errno.ELOOP:
        return PhotoError(Reason.LINK_LOOP, "is a link that leads back to itself")
    if number is None or number in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        if number is not None and os.path.islink(path):
            return PhotoError(Reason.MISSING_FILE, f"is a link to {os.readlink(path)}, which is missing")
        return PhotoError(Reason.MISSING_FILE, "does not exist")
    return PhotoError(Reason.UNREADABLE, f"cannot be read: {error.strerror if isinstance(error, OSError) else error}")
