"""What a comparison of evaluations found: the words that `fm compare` writes and that reports draw."""

from __future__ import annotations

from typing import Literal

from fashion_match.core.evaluation import Estimate
from fashion_match.core.item import Record

Verdict = Literal["better", "worse", "no difference that these queries can show"]


class Difference(Record):
    """One figure of two evaluations, on the queries that both have."""

    figure: str
    a: str
    """Name of the evaluation that is compared with."""
    b: str
    """Name of the evaluation that is judged."""
    value_a: float
    value_b: float
    difference: Estimate
    """``value_b - value_a``, with the 95 % interval of the difference."""
    p_better: float
    """Probability (0..1) that b is better: the share of the resamplings in which it was."""
    higher_is_better: bool
    verdict: Verdict
    """What is said of b."""


class Comparison(Record):
    """Two or more evaluations of one protocol, each against the first or all against each other."""

    version: int = 1
    protocol: str
    names: tuple[str, ...]
    n_queries: int
    """Queries that all of them have."""
    n_labels: int
    n_left_out: int = 0
    """Queries that not all of them have."""
    resampled: str
    """What was resampled for the intervals, and how often, as a line: ``labels, 2,000 times, the same for all``."""
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know before trusting a difference, each as a line."""
