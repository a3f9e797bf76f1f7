"""How a photo becomes pixels, said in data, so that every engine and every decoder does the same."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

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

    @model_validator(mode="after")
    def _check(self) -> Preprocess:
        if self.resize == "shortest" and self.resize_px < self.crop_px:
            raise ValueError(f"a crop of {self.crop_px} px does not fit into a photo resized to {self.resize_px} px")
        return self

    @property
    def enough_px(self) -> int:
        """Length that the shorter side of a photo must have for nothing to be lost."""
        return self.resize_px if self.resize == "shortest" else self.crop_px
