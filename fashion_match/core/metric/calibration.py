"""What a model's cosines and logits mean, fitted on held-out items: threshold, probability of a match, temperature.

Letters for shapes: E embedding width, N items, K classes, P pairs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.model.calibration import Calibration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Scores = NDArray[np.float64]

DIGITS = 6
"""Of a score. Engines differ beyond them, so no threshold may lie there."""
PENALTY = 1e-3
"""Weight of the slope's square beside the loss of all pairs: next to nothing, but keeps it finite where the scores of
one style and of two do not overlap."""
BLOCK = 8192
"""Pairs whose rows are in memory at once."""
COLDEST, HOTTEST = 0.05, 20.0


def fit_calibration(
    embeddings: Tensor, labels: Tensor, *, false_match_rate: float, seed: int, max_pairs: int = 200_000
) -> Calibration | None:
    """Return what the cosines of held-out items mean, or ``None`` where no two share a label, or none differ in it.

    The threshold is the lowest that lets at most the share ``false_match_rate`` of the impostor pairs pass, halfway
    between two scores that occur. The probability is a logistic regression in which genuine and impostor pairs weigh
    the same. Items without a label, or whose row is not finite, are in no pair.

    Args:
        embeddings: unit rows (N x E).
        labels: whole numbers (N), -1 for none.
        false_match_rate: 0..1.
        seed: of the sample of pairs, where there are more than ``max_pairs`` of either kind; no pair is likelier than
            another to be in it.

    Raises:
        UsageError: ``false_match_rate`` is no share.
    """
    import numpy as np

    if not 0 <= false_match_rate < 1:
        raise UsageError(
            f"the false match rate {false_match_rate} is not between 0 and 1.", "Usual ones are 0.01 and 0.001."
        )
    rows, groups = embeddings.detach().cpu().float().numpy(), labels.cpu().numpy()
    order = np.flatnonzero((groups >= 0) & np.isfinite(rows).all(axis=1))
    order = order[np.argsort(groups[order], kind="stable")]
    n, place = len(order), np.arange(len(order))
    end = np.searchsorted(groups[order], groups[order], side="right")
    random = np.random.default_rng(seed)
    # By label, each row is followed by the rest of its label, and that by the rows of all labels to come.
    genuine = _scores(rows, order, place + 1, end, random, max_pairs)
    impostor = _scores(rows, order, end, np.full(n, n), random, max_pairs)
    if not len(genuine) or not len(impostor):
        return None
    threshold = _threshold(genuine, impostor, false_match_rate)
    slope, intercept = _fit_sigmoid(genuine, impostor) or (None, None)
    return Calibration(
        threshold=threshold,
        false_match_rate=false_match_rate,
        observed_false_match_rate=float(np.mean(impostor >= threshold)),
        false_non_match_rate=float(np.mean(genuine < threshold)),
        slope=slope,
        intercept=intercept,
        n_genuine=len(genuine),
        n_impostor=len(impostor),
    )


def fit_temperature(logits: Tensor, targets: Tensor) -> float:
    """Return what the logits are to be divided by for their softmax to be calibrated.

    It is the one with the least cross entropy (Guo et al. 2017, "On Calibration of Modern Neural Networks"), between
    `COLDEST` and `HOTTEST`; 1 where there is nothing to fit.

    Args:
        logits: N x K.
        targets: the class (N), -1 where it is not known.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    targets = targets.cpu()
    known = (targets >= 0).nonzero()[:, 0]
    values = logits.detach().cpu()[known].double().numpy()
    if not values.size or not np.isfinite(values).all():
        return 1.0
    right = values[np.arange(len(known)), targets[known].numpy()]

    def cross_entropy(log_temperature: float) -> float:
        scale = math.exp(-log_temperature)
        return float(np.mean(logsumexp(values * scale, axis=1) - right * scale))

    found = minimize_scalar(cross_entropy, bounds=(math.log(COLDEST), math.log(HOTTEST)), method="bounded")
    return math.exp(float(found.x)) if found.fun < cross_entropy(0.0) - 1e-12 else 1.0


def _scores(
    rows: NDArray[np.float32],
    order: NDArray[np.int64],
    first: NDArray[np.int64],
    end: NDArray[np.int64],
    random: np.random.Generator,
    most: int,
) -> Scores:
    """Return the cosines (P) of pairs, of all or of a sample in which each is equally likely, to `DIGITS` digits.

    Args:
        rows: N x E.
        order: numbers of rows; a pair is one of them and one that stands behind it, from ``first`` to before ``end``.
    """
    import numpy as np

    counted = np.cumsum(end - first)
    n_pairs = int(counted[-1]) if len(counted) else 0
    pairs = np.arange(n_pairs) if n_pairs <= most else random.choice(n_pairs, most, replace=False, shuffle=False)
    one = np.searchsorted(counted, pairs, side="right")
    other = end[one] - (counted[one] - pairs)
    scores = np.empty(len(pairs))
    for start in range(0, len(pairs), BLOCK):
        block = slice(start, start + BLOCK)
        scores[block] = np.einsum("pe,pe->p", rows[order[one[block]]], rows[order[other[block]]], dtype=np.float64)
    return scores.clip(-1, 1).round(DIGITS)


def _threshold(genuine: Scores, impostor: Scores, false_match_rate: float) -> float:
    import numpy as np

    n_allowed = min(
        math.floor(false_match_rate * len(impostor) + 1e-9), len(impostor) - 1
    )  # 3 of 300, despite rounding
    highest_refused = float(np.sort(impostor)[len(impostor) - 1 - n_allowed])
    scores = np.concatenate([genuine, impostor])
    # Where nothing scores higher, it lies towards that of a photo and itself, and above that if need be.
    higher = scores[scores > highest_refused].min(initial=max(1.0, highest_refused + 2 * 10**-DIGITS))
    return (highest_refused + float(higher)) / 2


def _fit_sigmoid(genuine: Scores, impostor: Scores) -> tuple[float, float] | None:
    """Return slope and intercept of the log odds over the score, or ``None`` where they do not rise with it."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    scores = np.concatenate([genuine, impostor])
    mean, deviation = scores.mean(), scores.std()
    if deviation < 10**-DIGITS:
        return None
    # Standardised, because cosines lie so close together that the penalty would count.
    fitted = LogisticRegression(C=1 / PENALTY, class_weight="balanced", max_iter=1000).fit(
        ((scores - mean) / deviation)[:, None], np.repeat([1, 0], [len(genuine), len(impostor)])
    )
    slope = float(fitted.coef_[0, 0] / deviation)
    intercept = float(fitted.intercept_[0] - slope * mean)
    return (slope, intercept) if slope > 0 and math.isfinite(intercept) else None
