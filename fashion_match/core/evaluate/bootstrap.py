"""How sure a figure is: what it would have been with other labels of the same kind.

Photos of one product, or products of one class, rise and fall together, so it is labels that are drawn again, each with
all that belongs to it (a cluster bootstrap; Davison and Hinkley 1997, "Bootstrap Methods and their Application",
section 3.8). Intervals are the percentiles of what the draws give.

Letters for shapes: C labels, D draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from fashion_match.core.evaluation import Estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = NDArray[np.float64]
    Draws = NDArray[np.float64]
    Figures = Callable[[Weights], Mapping[str, Draws]]
    """From how often each label counts (D x C) to each figure (D); not a number where there is nothing to measure."""

N_DRAWS = 1000
TAIL = 2.5
"""Percent of the draws on either side of an interval: 95 % lie in it."""
CELLS = 2**22
"""Weights in memory at once."""


def draw_weights(n_labels: int, n_draws: int, seed: int, *, cells: int = CELLS) -> Iterator[Weights]:
    """Yield how often each label is drawn, some draws (D x C) at a time; each draw takes as many as there are."""
    import numpy as np

    random = np.random.default_rng(seed)
    step = max(1, min(n_draws, cells // max(1, n_labels)))
    for start in range(0, n_draws, step):
        n = min(step, n_draws - start)
        drawn = random.integers(n_labels, size=(n, n_labels)) + n_labels * np.arange(n)[:, None]
        yield np.bincount(drawn.ravel(), minlength=n * n_labels).reshape(n, n_labels).astype(np.float64)


def resample(figures: Figures, n_labels: int, *, n_draws: int = N_DRAWS, seed: int = 0) -> dict[str, Draws]:
    """Return each figure under every draw of labels (D). The same seed draws the same labels."""
    import numpy as np

    parts = [figures(weights) for weights in draw_weights(n_labels, n_draws, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


def observe(figures: Figures, n_labels: int) -> dict[str, float]:
    """Return each figure as it is, every label counting once."""
    import numpy as np

    return {name: float(values[0]) for name, values in figures(np.ones((1, n_labels))).items()}


def interval(draws: Draws) -> tuple[float, float] | None:
    """Return the ends of the 95 % interval, or ``None`` where no draw gives a number."""
    import numpy as np

    known = draws[np.isfinite(draws)]
    if not len(known):
        return None
    low, high = np.percentile(known, [TAIL, 100 - TAIL])
    return float(low), float(high)


def estimate(
    figures: Figures, n_labels: int, guesses: Mapping[str, float], *, n_draws: int = N_DRAWS, seed: int = 0
) -> dict[str, Estimate]:
    """Return each figure that is a number with its interval, which is missing where there are not two labels.

    Args:
        guesses: what a trivial guess gets, by the name of the figure.
    """
    drawn = resample(figures, n_labels, n_draws=n_draws, seed=seed) if n_labels > 1 else {}
    found = {}
    for name, value in observe(figures, n_labels).items():
        if math.isfinite(value):
            low, high = (interval(drawn[name]) if name in drawn else None) or (None, None)
            found[name] = Estimate(value=value, low=low, high=high, guess=guesses.get(name))
    return found
