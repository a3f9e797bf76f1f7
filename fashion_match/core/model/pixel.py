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

    They equal those of torchvision's resize and centre crop on a Pillow picture. Only what the crop keeps is computed,
    which for photos of 224 px saves a quarter of the work and for tall ones half of it.
    """
    import numpy as np
    from PIL.Image import Resampling

    side = preprocess.crop_px
    filter_ = Resampling.BICUBIC if preprocess.interpolation == "bicubic" else Resampling.BILINEAR
    return np.asarray(picture.resize((side, side), filter_, box=_kept(picture.size, preprocess)))


def _kept(size: tuple[int, int], preprocess: Preprocess) -> tuple[float, float, float, float]:
    """Return the part of a picture of ``size`` that remains after resizing and cropping, in its own pixels."""
    width, height = size
    if preprocess.resize == "squash":
        return (0, 0, width, height)
    shorter = min(width, height)
    resized = (int(preprocess.resize_px * width / shorter), int(preprocess.resize_px * height / shorter))
    left, top = (round((length - preprocess.crop_px) / 2) for length in resized)
    across, down = width / resized[0], height / resized[1]
    return (
        left * across,
        top * down,
        min((left + preprocess.crop_px) * across, width),
        min((top + preprocess.crop_px) * down, height),
    )
