"""Against torchvision's own transforms on Pillow pictures, which is what published weights were measured with."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

from fashion_match import Preprocess
from fashion_match.core.model.image import decode
from fashion_match.core.model.pixel import to_pixels


def garment(width: int, height: int) -> Image.Image:
    """Smooth areas, edges and a fine pattern."""
    rows, columns = np.mgrid[0:height, 0:width]
    channels = [rows * 255 // height, columns * 255 // width, (rows // 7 + columns // 5) % 2 * 255]
    picture = Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))
    ImageDraw.Draw(picture).ellipse((width // 4, height // 4, width // 2, height // 2), fill="white")
    return picture


def reference(picture: Image.Image, preprocess: Preprocess) -> np.ndarray:
    mode = InterpolationMode(preprocess.interpolation)
    if preprocess.resize == "squash":
        return np.asarray(F.resize(picture, [preprocess.crop_px, preprocess.crop_px], mode))
    return np.asarray(F.center_crop(F.resize(picture, [preprocess.resize_px], mode), [preprocess.crop_px]))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(20, 400),
    st.integers(20, 400),
    st.sampled_from([(64, 56), (64, 64), (73, 56), (60, 57)]),
    st.sampled_from(["bilinear", "bicubic"]),
    st.sampled_from(["shortest", "squash"]),
)
def test_pixels_are_those_of_the_reference(
    width: int, height: int, sizes: tuple[int, int], interpolation: str, resize: str
) -> None:
    preprocess = Preprocess(resize=resize, resize_px=sizes[0], crop_px=sizes[1], interpolation=interpolation)
    picture = garment(width, height)
    found = to_pixels(picture, preprocess)
    assert found.shape == (sizes[1], sizes[1], 3)
    assert found.dtype == np.uint8
    difference = np.abs(found.astype(int) - reference(picture, preprocess).astype(int))
    assert difference.mean() < 0.5
    assert difference.max() <= (3 if interpolation == "bilinear" else 0)


@pytest.mark.parametrize("size", [(1600, 1200), (1200, 3000), (2100, 2100)])
def test_a_smaller_decoding_changes_next_to_nothing(size: tuple[int, int]) -> None:
    preprocess = Preprocess()
    buffer = BytesIO()
    garment(*size).resize((size[0] // 4, size[1] // 4)).resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG")
    whole = decode(buffer.getvalue())
    smaller = decode(buffer.getvalue(), enough_px=preprocess.enough_px)
    assert min(smaller.size) < min(whole.size)
    assert min(smaller.size) >= 2 * preprocess.resize_px
    difference = np.abs(to_pixels(smaller, preprocess).astype(int) - to_pixels(whole, preprocess).astype(int))
    assert difference.mean() < 1


def test_a_smaller_decoding_keeps_the_box() -> None:
    buffer = BytesIO()
    garment(2400, 1600).save(buffer, "JPEG", quality=95)
    box = (200, 100, 2300, 1500)
    found = decode(buffer.getvalue(), box, enough_px=100)
    assert found.size[0] < 2100
    expected = garment(2400, 1600).crop(box).resize((64, 64))
    assert np.abs(np.asarray(found.resize((64, 64)), int) - np.asarray(expected, int)).mean() < 4
    # A box that reaches far beyond the photo is no reason to decode it any smaller.
    assert min(decode(buffer.getvalue(), (0, 0, 9e9, 9e9), enough_px=100).size) >= 200


def test_a_crop_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="224 px does not fit"):
        Preprocess(resize_px=200, crop_px=224)


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 64), st.integers(20, 64), st.sampled_from(["shortest", "squash"]))
def test_a_picture_that_grows_is_equal_to_one_level(width: int, height: int, resize: str) -> None:
    preprocess = Preprocess(resize=resize, resize_px=73, crop_px=64)
    noise = Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))
    found = to_pixels(noise, preprocess)
    assert found.shape == (64, 64, 3)
    assert np.abs(found.astype(int) - reference(noise, preprocess).astype(int)).max() <= 1
