"""A picture to the pixels that a model looks at: resize and crop in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fashion_match.core.model.preprocess import Preprocess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image


def to_pixels(picture: Image, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Return the pixels (S x S x 3, uint8, S being ``crop_px``) of an RGB picture.

    They are those of torchvision's resize and centre crop on a Pillow picture: bicubic to the bit, bilinear to one
    level where the picture grows and mostly to the bit where it shrinks.
    """
    import numpy as np
    from PIL.Image import Resampling

    side = preprocess.crop_px
    resized = _resized(picture.size, preprocess)
    left, top = _corner(resized, side)
    if preprocess.interpolation == "bicubic":
        # The whole picture: bicubic overshoots at edges, and what is cut off there depends on the way to the crop.
        whole = picture.resize(resized, Resampling.BICUBIC)
        return np.asarray(whole.crop((left, top, left + side, top + side)))
    if all(new >= old for new, old in zip(resized, picture.size, strict=True)):
        import cv2

        # A picture that grows needs no antialiasing, and OpenCV takes a third of the time.
        grown = cv2.resize(np.asarray(picture), resized, interpolation=cv2.INTER_LINEAR)
        return np.asarray(grown[top : top + side, left : left + side], np.uint8)
    # Only what the crop keeps is computed, which for tall photos is half of the work.
    return np.asarray(picture.resize((side, side), Resampling.BILINEAR, box=_kept(picture.size, preprocess)))


def _corner(resized: tuple[int, int], side: int) -> tuple[int, int]:
    """Return left and top of the centre crop."""
    return round((resized[0] - side) / 2), round((resized[1] - side) / 2)


def _resized(size: tuple[int, int], preprocess: Preprocess) -> tuple[int, int]:
    """Return width and height to which a picture of ``size`` is resized before the crop."""
    if preprocess.resize == "squash":
        return preprocess.crop_px, preprocess.crop_px
    width, height = size
    shorter = min(width, height)
    return int(preprocess.resize_px * width / shorter), int(preprocess.resize_px * height / shorter)


def _kept(size: tuple[int, int], preprocess: Preprocess) -> tuple[float, float, float, float]:
    """Return the part of a picture of ``size`` that remains after resizing and cropping, in its own pixels."""
    width, height = size
    if preprocess.resize == "squash":
        return (0, 0, width, height)
    resized = _resized(size, preprocess)
    left, top = _corner(resized, preprocess.crop_px)
    across, down = width / resized[0], height / resized[1]
    return (
        left * across,
        top * down,
        min((left + preprocess.crop_px) * across, width),
        min((top + preprocess.crop_px) * down, height),
    )
