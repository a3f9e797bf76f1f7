"""A collection made for a moment, to measure its index under filters."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.kind import widen
from fashion_match.core.store.location import open_location
from fashion_match.core.store.protocol import CollectionSpec, Point

if TYPE_CHECKING:
    from fashion_match.core.evaluate.outcome import Outcome
    from fashion_match.core.evaluate.sample import Sample
    from fashion_match.core.store.protocol import Kind

NAME = "filtered"
UPSERT = 1000


def measure_filters(
    sample: Sample,
    *,
    fingerprint: str,
    k: int,
    n_queries: int,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Store the items in a folder that is removed afterwards, but for some that serve as queries, and measure.

    Raises:
        UsageError: there are too few items.
    """
    import numpy as np

    from fashion_match.core.evaluate.filtered import (
        UNIFORM,
        attribute_filters,
        filtered,
        random_shares,
        uniform_filters,
    )

    if len(sample) < 2:
        raise UsageError("one item is too few to be searched.", "Give a source with more.")
    order = np.random.default_rng(seed).permutation(len(sample))
    n_asked = min(n_queries, len(sample) // 2)
    asked, stored = sample.take(order[:n_asked]), sample.take(np.sort(order[n_asked:]))
    shares = random_shares(len(stored), seed)
    with tempfile.TemporaryDirectory(prefix="fm-eval-") as folder:
        location = open_location(folder, cache=Path(folder))
        kinds: dict[str, Kind] = {UNIFORM: "float"}
        items = []
        for item, share in zip(stored.items, shares.tolist(), strict=True):
            attributes = {}
            for name, value in item.attributes.items():
                try:
                    kinds |= widen(kinds, {name: value})
                except TypeError:  # text in one item and a number in another: an ingest would refuse the second
                    continue
                attributes[name] = value
            items.append(item.model_copy(update={"attributes": attributes | {UNIFORM: share}}))
        spec = CollectionSpec(dim=stored.vectors.shape[1], fingerprint=fingerprint, kinds=kinds)
        store = location.create(NAME, spec)
        try:
            store.ensure(kinds)
            points = [
                Point(item, vector, "", (0, 0), NAME)
                for item, vector in zip(items, stored.vectors.tolist(), strict=True)
            ]
            for start in range(0, len(points), UPSERT):
                store.upsert(points[start : start + UPSERT])
            store.optimize()
            filters = [*uniform_filters(), *attribute_filters(store)]
            queries = [(item.id, row) for item, row in zip(asked.items, asked.vectors.tolist(), strict=True)]
            return filtered(store, queries, filters, k=k, seed=seed, on_progress=lambda n: on_progress(n, len(filters)))
        finally:
            store.close()
            location.close()
