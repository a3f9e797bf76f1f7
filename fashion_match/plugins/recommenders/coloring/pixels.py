"""The colours of a garment, measured on its own pixels: the background is left out, and every colour has its share.

Three steps, all of them on arrays: which pixels are the garment; their colours as a few clusters; clusters of one basic
colour are the light and the shadow of one cloth. ``benchmarks/color_measure.py`` says how fast and how right it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .garment import garment_weights, may_be_skin
from .lab import CUBE_ROOT_ABOVE, LINEAR_BELOW, OFFSET, RGB_TO_XYZ, SLOPE, WHITE, lab_of_lch, lch_of_lab
from .name import Shade, known_shades
from .name_table import MEASURED

Pixels = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.float32]

LONG_SIDE_PX = 64
"""Photos are thinned out to this size: colours are areas, and what is finer than a 64th of a photo is a seam."""
CLUSTERS = 6
ROUNDS = 3
LEAST_SHARE = 0.08
"""Of the garment; smaller areas are buttons, prints and shadows."""


@dataclass(frozen=True)
class Swatch:
    """One colour of a garment."""

    shade: Shade
    """As measured, with the nearest usual name."""
    share: float
    """Of the garment's area, 0..1."""


def measure(photo: Pixels) -> list[Swatch]:
    """Return the colours of the garment in a photo (H x W x 3, sRGB), the leading one first; their shares add up to 1.

    The leading one is the largest, unless a colour that is hardly smaller is much stronger.

    Raises:
        ValueError: the photo has another shape, or no pixels.
    """
    if photo.ndim != 3 or photo.shape[2] != 3 or not photo.size:
        raise ValueError(f"a photo is H x W x 3, not {photo.shape}")
    step = max(1, -(-max(photo.shape[:2]) // LONG_SIDE_PX))
    small = photo[step // 2 :: step, step // 2 :: step]
    if not small.size:
        small = photo
    cells = _cells(small)
    lab = _lab_of_cells()[cells]
    weights = garment_weights(lab, _skin_of_cells()[cells])
    counts = np.bincount(cells.ravel(), weights.ravel(), minlength=CELLS)
    (used,) = np.nonzero(counts > 0)
    return _named(_lab_of_cells()[used], counts[used].astype(np.float32))


# -- cells: the sRGB cube in 32 steps a side, so that CIELAB is looked up instead of computed for every pixel ----------

BITS = 5
CELLS = 1 << 3 * BITS


def _cells(photo: Pixels) -> npt.NDArray[np.intp]:
    """Return the cell (H x W) of each pixel."""
    high = (photo >> (8 - BITS)).astype(np.intp)
    return (high[..., 0] << 2 * BITS) | (high[..., 1] << BITS) | high[..., 2]


@lru_cache(1)
def _lab_of_cells() -> Rows:
    """Return L, a, b of the middle of each cell."""
    index = np.arange(CELLS)
    channels = np.stack([index >> 2 * BITS, index >> BITS, index], axis=1) & ((1 << BITS) - 1)
    return to_lab((channels + 0.5) / (1 << BITS))


@lru_cache(1)
def _skin_of_cells() -> npt.NDArray[np.bool_]:
    return may_be_skin(_lab_of_cells())


def to_lab(srgb: npt.NDArray[Any]) -> Rows:
    """Return L, a, b of sRGB rows (N x 3, 0..1): `lab.lab_of_hex` for arrays."""
    linear = np.where(srgb <= LINEAR_BELOW, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array(RGB_TO_XYZ).T / np.array(WHITE)
    f = np.where(xyz > CUBE_ROOT_ABOVE, np.cbrt(xyz), SLOPE * xyz + OFFSET)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    return lab.astype(np.float32)


# -- clusters --------------------------------------------------------------------------------------------------------


def _named(lab: Rows, counts: Rows) -> list[Swatch]:
    """Return the colours of weighted points (N x 3), merged and named."""
    owner = _clusters(lab, counts)
    areas, typical = _means(owner, lab, counts)
    _, names = np.unique([shade.family for shade in _names_of(typical)], return_inverse=True)
    # Clusters of one family are the light and the shadow of one cloth.
    areas, typical = _means(names, typical, areas)
    shares = areas / areas.sum()
    order = np.argsort(-shares * (1 + SALIENCE * np.hypot(typical[:, 1], typical[:, 2])), kind="stable")
    kept = [n for n in order if shares[n] >= LEAST_SHARE] or [order[0]]
    total = float(shares[kept].sum())
    swatches = []
    for n, usual in zip(kept, _names_of(typical[kept]), strict=True):
        lightness, a, b = map(float, typical[n])
        shade = replace(usual, lch=lch_of_lab((lightness, a, b)))
        swatches.append(Swatch(shade, float(shares[n]) / total))
    return swatches


SALIENCE = 0.01
"""By how much a colour comes before a grey of the same area, for each unit of chroma: people name the colour."""


def _means(owner: npt.NDArray[np.intp], points: Rows, counts: Rows) -> tuple[Rows, Rows]:
    """Return the weight and the weighted mean of each group that has any; groups without one are left out."""
    areas = np.bincount(owner, counts)
    sums = np.stack([np.bincount(owner, counts * points[:, axis]) for axis in range(3)], 1)
    there = areas > 0
    return areas[there].astype(np.float32), (sums[there] / areas[there, None]).astype(np.float32)


def _clusters(points: Rows, counts: Rows) -> npt.NDArray[np.intp]:
    """Return the cluster of each point: weighted k-means, begun at points that are heavy and far apart."""
    far = np.full(len(points), np.inf, np.float32)
    centres = []
    for _ in range(min(CLUSTERS, len(points))):
        pick = int(np.argmax(counts * np.minimum(far, 900)))
        centres.append(points[pick])
        apart = points - points[pick]
        far = np.minimum(far, np.einsum("ni,ni->n", apart, apart))
    middle = np.array(centres)
    weighted = (counts[:, None] * points).T
    owner = np.zeros(len(points), np.intp)
    for _ in range(ROUNDS):
        owner = (-2 * points @ middle.T + (middle**2).sum(1)).argmin(1)
        totals = np.bincount(owner, counts, minlength=len(middle))
        sums = np.stack([np.bincount(owner, column, minlength=len(middle)) for column in weighted], 1)
        middle = np.where(totals[:, None] > 0, sums / np.maximum(totals, 1e-9)[:, None], middle).astype(np.float32)
    return owner


# -- names -----------------------------------------------------------------------------------------------------------

DULL = 8.0
"""Chroma from which a difference counts less: from 4 to 12 grey turns into a colour, from 44 to 52 nothing happens."""

DARK = 22.0
"""Lightness below which the chroma counts less and less: nobody sees what colour black is."""


@lru_cache(1)
def _names() -> tuple[list[Shade], Rows]:
    shades, places = [], []
    for shade, examples in zip(known_shades(MEASURED), MEASURED.values(), strict=True):
        for example in examples:
            shades.append(shade)
            places.append(lab_of_lch(example))
    return shades, _felt(np.array(places, np.float32))


def _felt(lab: Rows) -> Rows:
    """Return rows (N x 3) in a space where names are about equally large: chroma by its logarithm."""
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    scale = 22 * np.log1p(chroma / DULL) / np.maximum(chroma, 1e-6) * np.minimum(lab[:, 0] / DARK, 1)
    return np.stack([NAME_LIGHTNESS * lab[:, 0], lab[:, 1] * scale, lab[:, 2] * scale], 1)


def _names_of(lab: Rows) -> list[Shade]:
    """Return the nearest usual name of each row (N x 3)."""
    shades, places = _names()
    felt = _felt(lab)
    return [shades[n] for n in (-2 * felt @ places.T + (places**2).sum(1)).argmin(1)]


NAME_LIGHTNESS = np.float32(0.7)
"""Weight of lightness beside a and b when the nearest name is looked for."""
