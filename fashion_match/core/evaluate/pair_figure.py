"""Accuracy, ROC and error rates of scored pairs, where pairs count more or less.

A pair is accepted where its score reaches the threshold. FMR is the share of different pairs that are accepted, FNMR
that of same pairs that are not (ISO/IEC 19795-1). Letters for shapes: P pairs, T distinct scores, C labels, D draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FMRS = (0.1, 0.01, 0.001, 0.0001)
"""Rates of false matches at which the rate of false non-matches is told."""
CELLS = 2**21


@dataclass(frozen=True)
class Roc:
    """What is accepted as the threshold falls through the distinct scores; before the first, nothing is."""

    thresholds: Floats
    """T, falling."""
    fmr: Floats
    """D x T + 1, rising."""
    fnmr: Floats
    """D x T + 1, falling."""

    def auc(self) -> Floats:
        """Return the area under the ROC (D); a pair of equal scores counts half."""
        import numpy as np

        steps = np.diff(self.fmr, axis=1)
        found: Floats = (steps * (1 - (self.fnmr[:, 1:] + self.fnmr[:, :-1]) / 2)).sum(axis=1)
        return found

    def equal_error_rate(self) -> Floats:
        """Return the rate (D) at which both are equal, on the line between the two thresholds around it."""
        import numpy as np

        gap = self.fmr - self.fnmr  # rises from -1 to 1
        after = np.clip((gap < 0).sum(axis=1), 1, gap.shape[1] - 1)
        rows = np.arange(len(gap))
        low, high = gap[rows, after - 1], gap[rows, after]
        part = np.divide(-low, high - low, out=np.zeros_like(low), where=high > low)
        found: Floats = self.fmr[rows, after - 1] + part * (self.fmr[rows, after] - self.fmr[rows, after - 1])
        return found

    def fnmr_at(self, fmr: float) -> Floats:
        """Return the least FNMR (D) whose FMR is no more than ``fmr``."""
        import numpy as np

        last = (self.fmr <= fmr + 1e-12).sum(axis=1) - 1
        found: Floats = self.fnmr[np.arange(len(last)), last]
        return found


def make_roc(scores: Floats, same: NDArray[np.bool_], weights: Floats) -> Roc:
    """Return the ROC of pairs.

    Args:
        scores: P.
        same: whether a pair shows one style (P).
        weights: how much each pair counts (D x P).
    """
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(falling) != 0]))
    counted = weights[:, order]
    rates = []
    for kind in (~same, same):
        by_score = np.add.reduceat(np.where(kind[order], counted, 0), starts, axis=1)
        accepted = np.concatenate([np.zeros((len(counted), 1)), by_score.cumsum(axis=1)], axis=1)
        with np.errstate(invalid="ignore"):  # where nothing of a kind counts, there is no rate
            rates.append(accepted / accepted[:, -1:])
    return Roc(falling[starts], rates[0], 1 - rates[1])


class PairFigures:
    """The figures of pairs as a function of how often each label counts.

    A pair of one label counts as often as its label, one of two labels as often as both multiplied.

    Args:
        scores: P.
        same: P.
        labels: of both photos (P x 2), whole numbers from 0 to C - 1.
        threshold: ``None`` where there is none, and so no accuracy.
    """

    def __init__(
        self, scores: Floats, same: NDArray[np.bool_], labels: NDArray[np.int64], threshold: float | None
    ) -> None:
        self.scores, self.same, self.labels, self.threshold = scores, same, labels, threshold

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        import numpy as np

        step = max(1, CELLS // max(1, len(self.scores)))
        parts = [self._some(weights[start : start + step]) for start in range(0, len(weights), step)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _some(self, weights: Floats) -> dict[str, Floats]:
        import numpy as np

        one, other = self.labels.T
        counted = weights[:, one]
        counted = np.where(self.same, counted, counted * weights[:, other])
        roc = make_roc(self.scores, self.same, counted)
        found = {}
        if self.threshold is not None:
            # As many same as different pairs, also where a draw holds more of one.
            accepted = self.scores >= self.threshold
            with np.errstate(invalid="ignore"):
                rates = [
                    np.where(kind & right, counted, 0).sum(axis=1) / np.where(kind, counted, 0).sum(axis=1)
                    for kind, right in ((self.same, accepted), (~self.same, ~accepted))
                ]
            found = {"accuracy": (rates[0] + rates[1]) / 2, "fnmr": 1 - rates[0], "fmr": 1 - rates[1]}
        found |= {"auc": roc.auc(), "eer": roc.equal_error_rate()}
        return found | {f"fnmr@fmr={fmr:g}": roc.fnmr_at(fmr) for fmr in FMRS}


def guesses(share: float = 0.5) -> dict[str, float]:
    """Return what a coin gets that says "same" by the chance ``share``."""
    found = {"accuracy": 0.5, "fnmr": 1 - share, "fmr": share, "auc": 0.5, "eer": 0.5}
    return found | {f"fnmr@fmr={fmr:g}": 1 - fmr for fmr in FMRS}


def best_threshold(scores: Floats, same: NDArray[np.bool_]) -> float:
    """Return the threshold of the greatest accuracy, same and different pairs counting the same.

    It lies halfway between two scores that occur; of several it is the one in the middle.
    """
    import numpy as np

    roc = make_roc(scores, same, np.ones((1, len(scores))))
    errors = (roc.fmr + roc.fnmr)[0]
    best = np.flatnonzero(errors <= errors.min() + 1e-12)
    n = int(best[len(best) // 2])
    highest = roc.thresholds[0] + 1e-6
    above = roc.thresholds[n - 1] if n else highest
    below = roc.thresholds[n] if n < len(roc.thresholds) else roc.thresholds[-1] - 1e-6
    return float((above + below) / 2)
