"""All pairs of photos that look alike, where the search by look tells of each photo the nearest alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fashion_match.core.evaluate.look import NEAR
from fashion_match.core.evaluate.near_search import find_near

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pair = tuple[int, int, float]


def near_pairs(
    looks: NDArray[np.uint8],
    *,
    near: float = NEAR,
    on_progress: Callable[[int], None] = lambda n: None,
) -> list[Pair]:
    """Return the numbers of all pairs of looks (N x S x S x 3) that differ by ``near`` or less, and their difference.

    Most photos have no near duplicate, and one search says which. The others are searched again in halves of halves,
    until a photo of each pair is alone on its side.

    Args:
        on_progress: told how many of the looks were compared with all.
    """
    import numpy as np

    first = find_near(looks, looks, own=range(len(looks)), near=near, on_progress=on_progress)
    some = np.array(sorted({number for one in first for number in (one.tested, one.other)}), np.int64)
    found: dict[tuple[int, int], float] = {}
    for a, b, difference in _halved(looks, some, some, near):
        key = (min(a, b), max(a, b))
        found[key] = min(difference, found.get(key, difference))
    return [(a, b, difference) for (a, b), difference in sorted(found.items())]


def _halved(
    looks: NDArray[np.uint8], tested: NDArray[np.int64], others: NDArray[np.int64], near: float
) -> Iterator[Pair]:
    """Yield the pairs of one of ``tested`` and one of ``others``, both numbers of looks, rising."""
    import numpy as np

    if not len(tested) or not len(others):
        return
    place = np.searchsorted(others, tested).clip(max=len(others) - 1)
    own = np.where(others[place] == tested, place, -1)
    found = find_near(looks[tested], looks[others], own=own.tolist(), near=near)
    if len(others) == 1:
        yield from ((int(tested[one.tested]), int(others[0]), one.difference) for one in found)
        return
    left = tested[[one.tested for one in found]]
    middle = len(others) // 2
    yield from _halved(looks, left, others[:middle], near)
    yield from _halved(looks, left, others[middle:], near)
