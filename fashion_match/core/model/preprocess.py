"""How a photo becomes pixels, said in data, so that every engine and every decoder does the same."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fashion_match.core.item import Record

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Positive = Annotated[int, Field(gt=0)]


class Preprocess(Record):
    """Resize with antialiasing, crop the centre, scale to 0..1, normalise by channel.

    With ``resize="shortest"`` the shorter side becomes ``resize_px`` and the centre ``crop_px`` square is kept, as
    torchvision's classification presets do; with ``"squash"`` both sides become ``crop_px`` and nothing is cropped.
    """

    resize: Literal["shortest", "squash"] = "shortest"
    resize_px: Positive = 256
    crop_px: Positive = 224
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
