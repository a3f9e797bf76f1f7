"""Recall and latency under filters: of the engine, and of an index that is made to miss."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_match import Where
from fashion_match.core.evaluate.filtered import Filter, filtered, random_shares
from fashion_match.core.filter_store import measure_filters
from fashion_match.core.store.protocol import Point
from tests.core.evaluate.samples import around, sample


def test_filters_leave_the_shares_that_they_are_named_after():
    rows, labels = around(300, 4, 0.5)
    colors = ["Blue" if n % 20 == 0 else "Red" for n in range(1200)]
    seen: list[tuple[int, int]] = []
    outcome = measure_filters(
        sample(rows, labels, color=colors),
        fingerprint="f" * 32,
        k=10,
        n_queries=30,
        seed=0,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    by_name = {row.filter: row for row in outcome.filters}
    assert by_name["none"].share == 1
    assert by_name["none"].n_matching == 1170
    assert by_name["random 10.0%"].share == pytest.approx(0.1, abs=0.001)
    assert by_name["random 1.0%"].n_matching == pytest.approx(12, abs=1)
    assert by_name["color=Blue"].share == pytest.approx(0.05, abs=0.01)
    assert [row.share for row in outcome.filters] == sorted((row.share for row in outcome.filters), reverse=True)
    assert all(row.recall.value == 1 for row in outcome.filters)  # so few are compared one by one
    assert by_name["random 1.0%"].recall.guess == pytest.approx(10 / 12, abs=0.1)
    assert all(row.index_ms > 0 and row.index_p99_ms >= row.index_ms for row in outcome.filters)
    assert seen[-1][0] == seen[-1][1] == len(outcome.filters)
    assert "recall@10" in outcome.heading
    assert len(outcome.table["item"]) == 30


class Blind:
    """A store whose index finds every second of the nearest."""

    def __init__(self, store):
        self.store = store

    def nearest(self, vector, *, where, k, exact):
        found = self.store.nearest(vector, where=where, k=2 * k, exact=True)
        return found[:k] if exact else found[::2][:k]

    def __getattr__(self, name):
        return getattr(self.store, name)


def test_what_an_index_misses_is_measured():
    from fashion_match.testing.memory_store import MemoryStore

    rows, labels = around(50, 2, 0.5)
    one = sample(rows, labels)
    store = MemoryStore(16)
    store.upsert(
        [Point(item, row, "", (0, 0), "a test") for item, row in zip(one.items, one.vectors.tolist(), strict=True)]
    )
    queries = [(item.id, row) for item, row in zip(one.items[:20], one.vectors[:20].tolist(), strict=True)]
    for found, recall in ((store, 1.0), (Blind(store), 0.5)):
        outcome = filtered(found, queries, [Filter("none", Where())], k=10)
        # The query itself is the nearest, and no answer; of the ten after it a blind index has every second.
        assert outcome.filters[0].recall.value == pytest.approx(recall)
        assert outcome.filters[0].recall.guess == pytest.approx(0.1)


def test_a_filter_below_a_share_leaves_that_share():
    shares = random_shares(1000, 0)
    assert [(shares < part).sum() for part in (0.5, 0.01, 0.001)] == [500, 10, 1]
    assert not np.array_equal(shares, np.sort(shares))
