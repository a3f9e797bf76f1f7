"""Protocol ``filtered``: what the index misses under a filter, and how long queries take, by what the filter leaves."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fashion_match.core.evaluate.bootstrap import estimate
from fashion_match.core.evaluate.mean_figure import MeanFigures
from fashion_match.core.evaluate.outcome import Outcome, Table
from fashion_match.core.evaluate.table import ITEM, LABEL
from fashion_match.core.evaluation import Estimate, FilterRow
from fashion_match.core.store.protocol import Stored, VectorStore
from fashion_match.core.where import Where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
"""Parts of the items that filters are to leave."""
UNIFORM = "fm_uniform"
"""Attribute with a random number, 0..1, by which a filter leaves any share."""
CLOSE = 1.5
"""A filter by a real attribute stands for a share from which it is no further than this factor."""
SAME_SCORE = 1e-6


@dataclass(frozen=True)
class Filter:
    """A filter and its name."""

    name: str
    where: Where


def uniform_filters(shares: Sequence[float] = SHARES) -> list[Filter]:
    """Return filters by `UNIFORM`."""
    return [
        Filter("none", Where()) if share >= 1 else Filter(f"random {share:.1%}", Where.parse(f"{UNIFORM}<{share:f}"))
        for share in shares
    ]


def attribute_filters(store: VectorStore, shares: Sequence[float] = SHARES) -> list[Filter]:
    """Return, for each share, the filter by one value of an attribute that comes closest, if any is close."""
    n = store.count()
    found: list[tuple[float, str, str | int | float]] = []
    for name, kind in store.spec.kinds.items():
        if kind == "keyword":
            found += [(count / n, name, value) for value, count in store.facet(name).items()]
    filters: dict[str, Filter] = {}
    for share in shares:
        near = min(found, key=lambda one: (max(one[0] / share, share / one[0]), one[1], str(one[2])), default=None)
        if near is not None and share < 1 and max(near[0] / share, share / near[0]) <= CLOSE:
            where = Where.equal(near[1], near[2])
            filters[str(where)] = Filter(str(where), where)
    return list(filters.values())


def filtered(
    store: VectorStore,
    queries: Sequence[tuple[str, Sequence[float]]],
    filters: Sequence[Filter],
    *,
    k: int = 10,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda n_done: None,
) -> Outcome:
    """Measure recall@k of the index against exact search under the same filter, and the time of both.

    Args:
        queries: ids and unit vectors of items that are not in the store, or are left out of their own answers.
        on_progress: is told how many filters are done.
    """
    rows = []
    n_items = store.count()
    table: Table = {ITEM: [name for name, _ in queries], LABEL: [name for name, _ in queries]}
    for n, one in enumerate(filters, start=1):
        n_matching = store.count(one.where)
        if n_matching:
            row, recalls = _measure(store, queries, one, k, n_matching, n_items, seed)
            rows.append(row)
            table = table | {f"recall@{k} ({one.name})": recalls}
        on_progress(n)
    return Outcome(
        heading=f"recall@{k} of the index against exact search, {len(queries):,} queries on {n_items:,} items",
        table=table,
        guesses={f"recall@{k} ({row.filter})": row.recall.guess or 0.0 for row in rows},
        filters=tuple(sorted(rows, key=lambda row: -row.share)),
    )


def _measure(
    store: VectorStore,
    queries: Sequence[tuple[str, Sequence[float]]],
    one: Filter,
    k: int,
    n_matching: int,
    n_items: int,
    seed: int,
) -> tuple[FilterRow, list[float]]:
    import numpy as np

    spent: dict[bool, list[float]] = {False: [], True: []}
    recalls = []
    for n, (own, vector) in enumerate(queries):
        answers: dict[bool, list[Stored]] = {}
        for exact in (False, True) if n % 2 else (True, False):  # in turn, so that neither finds the cache warm
            began = time.perf_counter()
            answers[exact] = store.nearest(vector, where=one.where, k=k + 1, exact=exact)
            spent[exact].append(1000 * (time.perf_counter() - began))
        recalls.append(_recall(answers[False], answers[True], own, k))
    values = np.asarray(recalls)
    numbers = np.arange(len(values))
    guess = min(1.0, k / n_matching)
    figure = MeanFigures({"recall": values}, numbers, len(values))
    found = estimate(figure, len(values), {"recall": guess}, seed=seed)
    row = FilterRow(
        filter=one.name,
        share=n_matching / n_items,
        n_matching=n_matching,
        recall=found.get("recall", Estimate(value=1.0)),
        index_ms=round(statistics.median(spent[False]), 4),
        index_p99_ms=round(_p99(spent[False]), 4),
        exact_ms=round(statistics.median(spent[True]), 4),
        exact_p99_ms=round(_p99(spent[True]), 4),
    )
    return row, recalls


def _recall(found: Sequence[Stored], exact: Sequence[Stored], own: str, k: int) -> float:
    """Return which part of the k nearest was found; what is just as near as the last of them counts as one of them."""
    wanted = [hit for hit in exact if hit.item.id != own][:k]
    got = [hit for hit in found if hit.item.id != own][:k]
    if not wanted:
        return 1.0
    least = (wanted[-1].score or 0.0) - SAME_SCORE
    return min(1.0, sum((hit.score or 0.0) >= least for hit in got) / len(wanted))


def _p99(values: Sequence[float]) -> float:
    import numpy as np

    return float(np.percentile(values, 99))


def random_shares(n: int, seed: int) -> NDArray[np.float64]:
    """Return a number for each item (N), so that the filter below a share leaves as good as exactly that share."""
    import numpy as np

    return (np.random.default_rng(seed).permutation(n) + 0.5) / n
