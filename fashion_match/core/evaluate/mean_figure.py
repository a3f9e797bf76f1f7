"""Figures that are means over queries, as a function of how often each label counts.

Letters for shapes: B queries, C labels, D draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class MeanFigures:
    """Means of scores.

    Args:
        scores: by figure, what each query scores (B).
        labels: of the queries (B), whole numbers from 0 to C - 1.
        n_labels: C.
    """

    def __init__(self, scores: Mapping[str, Floats], labels: NDArray[np.int64], n_labels: int) -> None:
        import numpy as np

        self._names = list(scores)
        self._sums = np.stack(
            [np.bincount(labels, values, minlength=n_labels) for values in scores.values()]
            + [np.bincount(labels, minlength=n_labels).astype(np.float64)],
            axis=1,
        )

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        import numpy as np

        totals = weights @ self._sums
        with np.errstate(invalid="ignore"):  # a draw may hold no query
            return {name: totals[:, n] / totals[:, -1] for n, name in enumerate(self._names)}
