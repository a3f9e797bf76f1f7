"""The vector index: how much a query looks at, and what it finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fashion_match.core.store.folder import FolderLocation
from fashion_match.core.store.index import search_ef
from fashion_match.core.where import Where

from .conftest import make_item, make_point, make_spec


def test_a_larger_collection_is_searched_wider() -> None:
    assert [search_ef(n) for n in (0, 44_000, 100_000, 200_000, 10**7)] == [256, 256, 390, 781, 1024]


@pytest.mark.slow
def test_the_index_finds_what_exact_search_finds(tmp_path: Path) -> None:
    n, dim, n_groups = 20_000, 512, 500
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((n_groups, dim))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    rows = centres[rng.integers(0, n_groups, n)] + 0.01 * rng.standard_normal((n, dim))
    anchors = centres[rng.integers(0, n_groups, 100)] + 0.1 * rng.standard_normal((100, dim))
    store = FolderLocation(tmp_path).create("groups", make_spec(dim=dim))
    store.ensure({"color": "keyword"})
    for start in range(0, n, 1000):
        stop = start + 1000
        store.upsert(
            [
                make_point(make_item(str(i), color=f"c{i % 8}"), vector=row)
                for i, row in enumerate(rows[start:stop].tolist(), start)
            ]
        )
    store.optimize()
    for where, floor in ((Where(), 0.95), (Where.equal("color", "c3"), 0.99)):
        agreed = 0
        for anchor in anchors:
            exact, fast = ({s.item.id for s in store.nearest(anchor, where=where, exact=e)} for e in (True, False))
            agreed += len(exact & fast)
        assert agreed / (10 * len(anchors)) >= floor
    store.close()
