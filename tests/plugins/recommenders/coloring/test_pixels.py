"""Colours of drawn garments, whose colours are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_match.plugins.recommenders.coloring.lab import lab_of_hex
from fashion_match.plugins.recommenders.coloring.pixels import Pixels, measure, to_lab

CLOTH = {
    "Red": "#b8232f",
    "Blue": "#2b62a8",
    "Green": "#2f8a4c",
    "Yellow": "#ecd03a",
    "Orange": "#e07a2a",
    "Purple": "#6b3f8a",
    "Pink": "#e78fb0",
    "Black": "#1b1b1d",
    "White": "#ececee",
    "Grey": "#8f9194",
    "Brown": "#5c3d28",
    "Beige": "#d3bf9d",
    "Navy Blue": "#222b47",
    "Olive": "#63612f",
    "Teal": "#22767c",
    "Maroon": "#651b2b",
}


def rgb(code: str) -> tuple[int, int, int]:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def drawn(*parts: tuple[str, float], background: str = "#ffffff", size: int = 224) -> Pixels:
    """A garment in the middle third of a photo, its colours one below the other, with folds and grain."""
    rng = np.random.default_rng(0)
    photo = np.empty((size, size, 3), float)
    photo[:] = rgb(background)
    top, left, right = size // 8, size // 4, size - size // 4
    height = size - 2 * top
    y = top
    for code, share in parts:
        bottom = y + round(share * height)
        folds = 1 + 0.08 * np.sin(np.linspace(0, 20, right - left))[None, :, None]
        photo[y:bottom, left:right] = np.array(rgb(code)) * folds
        y = bottom
    photo += rng.normal(0, 2, photo.shape)
    return np.clip(photo, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("name", "code"), CLOTH.items())
def test_one_colour_is_found_and_named(name: str, code: str) -> None:
    swatches = measure(drawn((code, 1.0)))
    assert swatches[0].shade.name == name
    assert swatches[0].share > 0.9


@pytest.mark.parametrize("background", ["#ffffff", "#e8e8e8", "#000000", "#8a8f94", "#d8c9b0"])
def test_the_background_is_left_out(background: str) -> None:
    swatches = measure(drawn((CLOTH["Red"], 1.0), background=background))
    assert [swatch.shade.name for swatch in swatches] == ["Red"]


def test_a_white_garment_on_white_is_white() -> None:
    assert measure(drawn((CLOTH["White"], 1.0)))[0].shade.name == "White"
    assert measure(np.full((50, 50, 3), 255, np.uint8))[0].shade.name == "White"


def test_several_colours_have_their_shares() -> None:
    swatches = measure(drawn((CLOTH["Blue"], 0.5), (CLOTH["Yellow"], 0.5)))
    assert {swatch.shade.name for swatch in swatches} == {"Blue", "Yellow"}
    assert all(swatch.share == pytest.approx(0.5, abs=0.1) for swatch in swatches)
    three = measure(drawn((CLOTH["Black"], 0.34), (CLOTH["Orange"], 0.33), (CLOTH["White"], 0.33)))
    assert {swatch.shade.name for swatch in three} == {"Black", "Orange", "White"}


def test_skin_around_a_garment_is_no_colour_of_it() -> None:
    photo = drawn((CLOTH["Green"], 1.0))
    photo[4:28, 80:144] = rgb("#d3a283")  # a face
    photo[60:150, 30:56] = rgb("#cf9d7d")  # an arm
    assert [swatch.shade.name for swatch in measure(photo)] == ["Green"]


def test_a_garment_that_fills_the_photo_is_measured() -> None:
    rng = np.random.default_rng(1)
    stripes = np.repeat(np.array([rgb(CLOTH["Red"]), rgb(CLOTH["White"])]).astype(np.uint8), 14, axis=0)
    photo = np.broadcast_to(np.tile(stripes, (8, 1))[:, None, :], (224, 224, 3)) - rng.integers(0, 3, (224, 224, 3))
    assert {swatch.shade.name for swatch in measure(photo.astype(np.uint8))} == {"Red", "White"}


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_any_photo_has_colours_whose_shares_add_up(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    if seed % 3 == 0:
        photo[:] = photo[0, 0]
    swatches = measure(photo)
    assert swatches
    assert sum(swatch.share for swatch in swatches) == pytest.approx(1)
    assert all(swatch.share > 0 for swatch in swatches)


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 4), (4, 4, 4)])
def test_what_is_no_photo_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="H x W x 3"):
        measure(np.zeros(shape, np.uint8))


def test_arrays_and_single_colours_have_the_same_lab() -> None:
    codes = list(CLOTH.values())
    rows = to_lab(np.array([rgb(code) for code in codes]) / 255)
    for row, code in zip(rows, codes, strict=True):
        assert row.tolist() == pytest.approx(lab_of_hex(code), abs=1e-3)
