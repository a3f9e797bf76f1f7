"""The nearest of every row among all others: exact, a block of rows at a time, never N x N numbers at once.

At 8,000 x 576 it takes 2 s of one core where asking the store's index 8,000 times takes 23 s. It grows with N squared
and the index does not, but one query of the index costs as much as comparing with all until about a million items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CELLS = 2**22
"""Similarities in memory at once: 16 MB, of which the cache holds much."""
LEAST_ROWS = 64
"""Of a block, however many columns it has: below that the product gets slow."""
GROUP = 64
"""Similarities whose maximum is taken at once."""
DIGITS = 6
"""Decimals of a similarity. Those that are equal in them are equally near, and the earlier row comes first: the last
digits of float32 depend on what else is in the block."""
MARGIN = 4e-6
"""More than rounding can change about which of two is nearer."""


def block_rows(n: int) -> int:
    """Return how many of N rows make a block."""
    return max(LEAST_ROWS, CELLS // n)


def nearest_rows(
    vectors: NDArray[np.float32], start: int, stop: int, k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return for each row of ``start..stop`` (B) the ``k`` other rows that are most similar to it, falling.

    Args:
        vectors: unit rows, N x E.
        k: at most N - 1.

    Returns:
        Their numbers and their cosines, B x K.
    """
    import numpy as np

    similar = vectors[start:stop] @ vectors.T
    own = np.arange(stop - start)
    similar[own, own + start] = -np.inf
    row, column = np.nonzero(similar >= _bar(similar, k)[:, None])
    cosine = np.clip(similar[row, column], -1, 1).round(DIGITS)
    order = np.lexsort((column, -cosine, row))
    row = row[order]
    first = np.searchsorted(row, own)
    chosen = order[(first[:, None] + np.arange(k)).ravel()].reshape(-1, k)
    return column[chosen].astype(np.int32), cosine[chosen]


def rows_within(
    vectors: NDArray[np.float32], start: int, stop: int, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return the pairs of a row of ``start..stop`` and a later row whose cosine is ``least`` or more.

    Args:
        vectors: unit rows, N x E.

    Returns:
        The rows, the later rows, and their cosines, each as many as there are pairs.
    """
    import numpy as np

    similar = np.clip(vectors[start:stop] @ vectors[start:].T, -1, 1).round(DIGITS)
    row, column = np.nonzero(np.triu(similar >= np.float32(least), 1))
    return row + start, column + start, similar[row, column]


def _bar(similar: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Return what at least k similarities of each row (B x N) reach, hardly below the k-th highest.

    The k-th highest of the maxima of groups of columns is reached by k columns at least. Taking maxima is quicker than
    looking for the k-th highest of all.
    """
    import numpy as np

    whole = similar.shape[1] - similar.shape[1] % GROUP
    n_groups = whole // GROUP
    if n_groups < 4 * k:  # the bar would be so low that too many reach it
        return np.asarray(np.partition(similar, -k, axis=1)[:, -k] - MARGIN, np.float32)
    # Every so manieth column together: the maximum over neighbours would take longer.
    maxima = similar[:, :whole].reshape(len(similar), GROUP, n_groups).max(axis=1)
    return np.asarray(np.partition(maxima, -k, axis=1)[:, -k] - MARGIN, np.float32)
