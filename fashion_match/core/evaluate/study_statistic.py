"""What the repeats of an experiment say: means with intervals, Welch's test, Holm's correction, improvement."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.95
"""Of the intervals; one minus it is what a corrected p must be below."""


@dataclass(frozen=True)
class MeanInterval:
    """A mean over repeats and the interval that holds the true one with a chance of `LEVEL`."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def half(self) -> float:
        """Half of the width; NaN of a single repeat, which says nothing about how repeats differ."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class WelchTest:
    """Whether two means differ, where the two may scatter differently."""

    t: float | None
    dof: float | None
    p: float | None
    """Of both sides; ``None`` where there is nothing to compare a difference with."""
    remark: str = ""
    """Why there is no p."""


def mean_interval(values: Sequence[float]) -> MeanInterval:
    """Return the mean of ``values`` and its interval by Student's t.

    Raises:
        ValueError: there are no values, or one is not finite.
    """
    from scipy.stats import t

    if not values or not all(map(math.isfinite, values)):
        raise ValueError(f"a mean needs finite values, not {list(values)}")
    n, mean = len(values), math.fsum(values) / len(values)
    if n == 1:
        return MeanInterval(mean, math.nan, math.nan, n)
    half = float(t.ppf((1 + LEVEL) / 2, n - 1)) * math.sqrt(_variance(values) / n)
    return MeanInterval(mean, mean - half, mean + half, n)


def welch(before: Sequence[float], after: Sequence[float]) -> WelchTest:
    """Test whether the means of two samples differ (Welch 1947, "The generalization of Student's problem").

    The values are those of the same repeats, but the test takes them for independent, as the published study did; so
    it is careful where a repeat that starts well ends well too.
    """
    from scipy.stats import ttest_ind

    if min(len(before), len(after)) < 2:
        return WelchTest(None, None, None, "a test needs two repeats at least")
    if list(before) == list(after):
        return WelchTest(None, None, None, "no repeat differs from before")
    if _is_constant(before) and _is_constant(after):
        change = after[0] - before[0]
        return WelchTest(None, None, None, f"every repeat differs from before by exactly {change:+.3g}: no test needed")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss")  # where one of them is constant, which is no loss
        found = ttest_ind(list(before), list(after), equal_var=False)
    return WelchTest(float(found.statistic), float(found.df), float(found.pvalue))


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Return the p of several tests, corrected so that the chance of a single false one stays what it is for one.

    Holm 1979, "A simple sequentially rejective multiple test procedure". ``None`` stays, and does not count.
    """
    known = sorted((p, n) for n, p in enumerate(ps) if p is not None)
    corrected: list[float | None] = [None] * len(ps)
    largest = 0.0
    for rank, (p, n) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[n] = largest
    return corrected


def relative_improvement(before: Sequence[float], after: Sequence[float]) -> float | None:
    """Return the mean over repeats of (before - after) / before, for figures of which less is better.

    Repeats without any error before cannot improve by a part of it, and are left out; ``None`` where none is left.
    """
    parts = [(b - a) / b for b, a in zip(before, after, strict=True) if b > 0]
    return math.fsum(parts) / len(parts) if parts else None


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _is_constant(values: Sequence[float]) -> bool:
    return max(values) - min(values) < 1e-12
