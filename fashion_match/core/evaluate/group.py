"""Figures by the value of an attribute: where a model is good, and where it is not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from fashion_match.core.evaluate.bootstrap import estimate
from fashion_match.core.evaluate.outcome import Outcome
from fashion_match.core.evaluate.table import make_figures, take_rows
from fashion_match.core.evaluation import Group

MAIN = ("recall@", "map@r", "top-", "mrr")
MOST = 5
"""Figures of a group."""


def group_figures(outcome: Outcome, values: Sequence[str | None], *, n_draws: int, seed: int) -> tuple[Group, ...]:
    """Return the main figures of the queries of each value, most frequent first, resampled like all of them.

    Args:
        values: of each query; those without one are in no group.
        n_draws, seed: see `estimate`.
    """
    rows = defaultdict[str, list[int]](list)
    for n, value in enumerate(values):
        if value is not None:
            rows[value].append(n)
    names = [name for name in outcome.chances if name.startswith(MAIN)][:MOST]
    kept = {name: outcome.table[name] for name in ("item", "label", *names)}
    groups = []
    for value, numbers in sorted(rows.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        figures, labels = make_figures("retrieval", take_rows(kept, numbers))
        guesses = {name: math.fsum(outcome.chances[name][n] for n in numbers) / len(numbers) for name in names}
        found = estimate(figures, len(labels), guesses, n_draws=n_draws, seed=seed)
        groups.append(Group(value=value, n_queries=len(numbers), figures=found))
    return tuple(groups)
