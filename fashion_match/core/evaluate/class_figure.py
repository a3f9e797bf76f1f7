"""Accuracy and F1 of classes, as a function of how often each label counts.

Letters for shapes: N items, K classes, C labels, D draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class ClassFigures:
    """Accuracy, top-5 accuracy and macro F1 of one attribute.

    Macro F1 is the mean over the classes that an item is of or is taken for.

    Args:
        truth: class of each item (N), 0 to K - 1.
        taken_for: what each is taken for (N).
        in_top: whether its class is among the five likeliest (N).
        labels: of the items (N), 0 to C - 1: what is of one product is drawn together.
    """

    def __init__(self, truth: Ints, taken_for: Ints, in_top: NDArray[np.bool_], labels: Ints, n_labels: int) -> None:
        import numpy as np
        from scipy.sparse import coo_array

        n_classes = int(max(truth.max(initial=-1), taken_for.max(initial=-1))) + 1

        def by_label(classes: Ints, counts: Floats) -> coo_array:
            return coo_array((counts, (labels, classes)), shape=(n_labels, max(1, n_classes))).tocsr()

        right, one = (truth == taken_for).astype(np.float64), np.ones(len(truth))
        self._right, self._is = by_label(truth, right), by_label(truth, one)
        self._taken = by_label(taken_for, one)
        self._top = np.bincount(labels, in_top, minlength=n_labels)

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        import numpy as np

        right, is_, taken = (weights @ table for table in (self._right, self._is, self._taken))
        n = is_.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            f1 = np.where(is_ + taken > 0, 2 * right / (is_ + taken), np.nan)
            known = np.isfinite(f1)
            macro = np.where(known, f1, 0).sum(axis=1) / known.sum(axis=1)
            return {"accuracy": right.sum(axis=1) / n, "top-5": weights @ self._top / n, "macro f1": macro}


def guesses(truth: Ints) -> dict[str, float]:
    """Return what it gets to say the most frequent class always, and for the top five the five most frequent."""
    import numpy as np

    counts = np.sort(np.bincount(truth))[::-1]
    if not counts.sum():
        return {}
    share = counts / counts.sum()
    n_classes = int((counts > 0).sum())
    f1 = 2 * share[0] / (1 + share[0])
    return {"accuracy": float(share[0]), "top-5": float(share[:5].sum()), "macro f1": float(f1 / n_classes)}
