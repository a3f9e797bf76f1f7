"""Which pixels of a photo are the garment."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

ALIKE = (6.0, 12.0)
"""CIELAB distance up to which a pixel looks like the background: least, which the steps of the sRGB cube take up, and
most; between them three times what the frame itself varies."""
PURE_WHITE = (97.0, 2.0)
"""Lightness from which a background is a studio's, without any grain, and what is alike then: a white shirt differs."""
STREET = 30.0
"""By how much the frame varies where there is no plain background: the garment fills the photo, or a street does."""
SWEEPS = 6
"""Passes of the flood: each follows the background round one more corner."""
LEAST_LEFT = 0.06
"""Share of the photo that must be left: a white shirt on white drowns, and is then looked for in the middle."""


def garment_weights(lab: Rows, skin: Mask) -> Rows:
    """Return how much each pixel (H x W x 3, CIELAB) counts as garment: 0 for background, up to 1 in the middle.

    Background is what looks like the frame of the photo and is connected to it. Photos of people show skin, hair and
    other garments as well, mostly towards the frame, so the middle counts more, and skin less.

    Args:
        skin: where the photo may show skin (H x W), see `may_be_skin`.
    """
    middle = _middle(*lab.shape[:2])
    kept = ~_background(lab)
    if np.count_nonzero(kept) < LEAST_LEFT * kept.size:
        return np.where(middle > middle.max() / 2, middle, np.float32(0))
    weights = kept * middle
    if (weights * skin).sum() < 0.6 * weights.sum():  # more than that, and the garment itself is of that colour
        weights *= 1 - np.float32(0.85) * skin
    return weights


@lru_cache(64)  # the photos of a catalogue have few shapes
def _middle(height: int, width: int) -> Rows:
    """Return a bell over the photo, 1 in its centre."""
    y = ((2 * np.arange(height, dtype=np.float32) + 1) / height - 1)[:, None]
    x = ((2 * np.arange(width, dtype=np.float32) + 1) / width - 1)[None, :]
    bell: Rows = np.exp(-((x / 0.5) ** 2 + (y / 0.6) ** 2) / 2).astype(np.float32)
    return bell


def _background(lab: Rows) -> Mask:
    """Return the pixels that look like the frame and are connected to it."""
    height, width = lab.shape[:2]
    frame = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    usual = np.median(frame, axis=0)
    apart = _squared(frame - usual)
    least = PURE_WHITE[1] if usual[0] > PURE_WHITE[0] else ALIKE[0]
    alike = _squared(lab - usual) <= np.clip(3**2 * np.median(apart), least**2, ALIKE[1] ** 2)
    if apart.mean() > STREET**2:
        return np.zeros((height, width), bool)
    flooded = np.zeros((height, width), bool)
    flooded[[0, -1], :], flooded[:, [0, -1]] = alike[[0, -1], :], alike[:, [0, -1]]
    for _ in range(SWEEPS):
        before = np.count_nonzero(flooded)
        flooded = _swept(_swept(flooded, alike, 0), alike, 1)
        if np.count_nonzero(flooded) == before:
            break
    return flooded


def _squared(differences: Rows) -> Rows:
    squared: Rows = np.einsum("...i,...i->...", differences, differences)
    return squared


def _swept(flooded: Mask, alike: Mask, axis: int) -> Mask:
    """Let the flood run along ``axis``, both ways, through all that is alike."""
    # A run of alike pixels is flooded as a whole as soon as one of its pixels is: number the runs, and look them up.
    rows, water = (alike, flooded) if axis == 1 else (alike.T, flooded.T)
    starts = rows.copy()
    starts[:, 1:] &= ~rows[:, :-1]
    runs = np.cumsum(starts.ravel()).reshape(rows.shape)
    wet = np.zeros(int(runs.max()) + 1 if runs.size else 1, bool)
    wet[runs[water & rows]] = True
    result = rows & wet[runs]
    return result if axis == 1 else result.T


def may_be_skin(lab: Rows) -> Mask:
    """Return the pixels that may be skin: any tone of it lies on a short arc of hue, with little chroma."""
    lightness, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    chroma2 = a * a + b * b
    on_the_arc = (a > 5) & (b > 0.55 * a) & (b < 2.2 * a)
    return on_the_arc & (lightness > 30) & (lightness < 88) & (chroma2 > 12**2) & (chroma2 < 40**2)
