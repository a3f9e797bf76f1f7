"""What a photo looks like in small, and how much two photos differ in it: no model has a say in that."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from fashion_match.core.item import Box
from fashion_match.core.model.image import MAX_PIXELS, decode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Look = NDArray[np.uint8]

SIDE_PX = 32
NEAR = 0.22
"""Photos that differ by no more are near duplicates.

Chosen on 8,000 catalogue photos on white and 3,409 phone photos, by what it finds of copies of 1,000 of each (in %),
and by looking at the pairs of different files that it takes for the same:

========================================  =========  ======
copy                                      catalogue  phone
========================================  =========  ======
JPEG of quality 60, 75, 95                100        100
half, 0.75, 1.5 times the size            99.9       99.7
5 % darker, brighter                      100, 99.1  100
mirrored                                  100        100
up to 1 % cut off each edge               100        99.3
up to 2 % cut off each edge               97.9       86.1
2 % cut, resized, brightness, JPEG        95.8       82.4
========================================  =========  ======

In the catalogue 63 items are near duplicates of another (166 more are the same file twice). Up to 0.17 all pairs are
one shot twice, some of it recoloured; from there to 0.22 about half are, the others ties, wallets and belts of one
series that an eye hardly tells apart; above 0.25 products are merely alike. Among phone photos one pair is a duplicate,
and no other pair is below 0.3. What is missed is white on white that became brighter: it lost what it shows.
"""
PLAIN = 1.0
"""Levels of 255: a photo whose pixels deviate by less from their mean shows nothing that could be compared."""
N_TRAITS = 6
"""Of a pixel: contrast and colour, each of three channels."""
WINDOW_PX = 7
"""Side of the square that the contrast of a pixel is measured in."""
NOISE, GREY = 8.0, 16.0
"""Levels of contrast, and of colour, that count half: below them is what compression leaves behind."""
FAINT = 30.0
"""Added to the sum of squares of all traits, so that a photo of few traits is not made of its noise."""
ROUGHLY = 0.5
"""Traits that are further apart as they lie are no near duplicates, and nothing is shifted to make them fit. Of 2,000
copies that `NEAR` found none was further apart than 0.46."""
TANGENTS = 4
RIDGE = 1e-3
"""Of the least squares, so that they can be solved where a photo has no edges in one direction."""


def make_look(data: bytes, box: Box | None = None, *, max_pixels: int = MAX_PIXELS) -> Look:
    """Return the upright photo, or what is in its box, squashed to S x S x 3 levels.

    A photo of 224 x 224 takes 2 ms, one of 400 x 533 takes 3.5 ms of a core.

    Raises:
        PhotoError: it cannot be decoded.
    """
    import numpy as np
    from PIL.Image import Resampling

    picture = decode(data, box, max_pixels=max_pixels, enough_px=SIDE_PX)
    # A filter without edges: with Pillow's box, the same photo at another size is shifted by parts of a pixel.
    return np.asarray(picture.resize((SIDE_PX, SIDE_PX), Resampling.BILINEAR))


def is_plain(look: Look) -> bool:
    """Whether a photo shows nothing that could be compared: one colour, or hardly more."""
    return bool(look.std() < PLAIN)


def traits(looks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what is peculiar to looks (N x S x S x 3): contrast and colour at each pixel (N x S x S x 6), of length 1.

    Contrast is measured against that of the neighbourhood. Else photos on white would be compared by little more than
    their outline, and all dark wallets were one.
    """
    import numpy as np

    levels = _roots()[looks]  # dark details count as much as light ones
    middle = _blur(levels)
    spread = np.maximum(_blur(np.square(levels)) - np.square(middle), 0).mean(3, keepdims=True)
    contrast = (levels - middle) / np.sqrt(spread + NOISE**2)
    colour = levels - levels.mean(3, keepdims=True)
    colour /= np.sqrt(np.square(colour).sum(3, keepdims=True) + GREY**2)
    found = np.concatenate([contrast, colour], axis=3)
    found /= np.sqrt(np.square(found).sum((1, 2, 3), keepdims=True) + FAINT)
    return found


def difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each pair of traits (P x S x S x 6) how much they differ: 0 is the same, 1.4 has nothing in common.

    It is what remains of their distance when one is shifted and stretched by the small amounts that fit it best, so
    that a copy whose edges were cut off is still the same: least squares over the derivatives of the mean of both.
    """
    import numpy as np

    apart = (b - a).reshape(len(a), -1, 1)
    tangents = _tangents((a + b) / np.float32(2)).reshape(len(a), TANGENTS, -1)
    squares = tangents @ tangents.transpose(0, 2, 1) + RIDGE * np.eye(TANGENTS, dtype=np.float32)
    moved = np.linalg.solve(squares, tangents @ apart)
    rest = apart - tangents.transpose(0, 2, 1) @ moved
    return np.asarray(np.sqrt(np.square(rest).sum((1, 2))), np.float32)


def _tangents(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how maps change when they are shifted, and stretched, across and down (P x 4 x S x S x 6)."""
    import numpy as np

    found = np.zeros((len(maps), TANGENTS, *maps.shape[1:]), np.float32)
    across, down, wider, higher = (found[:, n] for n in range(TANGENTS))
    across[:, :, 1:-1] = (maps[:, :, 2:] - maps[:, :, :-2]) / 2
    down[:, 1:-1] = (maps[:, 2:] - maps[:, :-2]) / 2
    place = np.linspace(-1, 1, maps.shape[1], dtype=np.float32)
    np.multiply(across, place[None, None, :, None], out=wider)
    np.multiply(down, place[None, :, None, None], out=higher)
    return found


def _blur(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of all squares of ``WINDOW_PX``, as two products: it takes a third of the time of adding up."""
    import numpy as np

    down, across = _blurring()
    whole = levels.shape
    rows = down @ levels.reshape(whole[0], SIDE_PX, -1)
    return np.asarray(rows.reshape(-1, SIDE_PX * 3) @ across, np.float32).reshape(whole)


@cache
def _blurring() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what takes means of ``WINDOW_PX`` rows (S x S), and columns (3S x 3S); the edge goes on beyond itself."""
    import numpy as np

    half = WINDOW_PX // 2
    down = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    for shift in range(-half, half + 1):
        down[np.arange(SIDE_PX), np.clip(np.arange(SIDE_PX) + shift, 0, SIDE_PX - 1)] += 1 / WINDOW_PX
    return down, np.kron(down.T, np.eye(3, dtype=np.float32))


@cache
def _roots() -> NDArray[np.float32]:
    """Square roots of the 256 levels, scaled to 0..255."""
    import numpy as np

    roots: NDArray[np.float32] = np.sqrt(np.arange(256, dtype=np.float32) * 255)
    return roots
