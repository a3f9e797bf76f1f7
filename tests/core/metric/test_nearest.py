"""The nearest rows, against a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fashion_match.core.metric import nearest
from fashion_match.core.metric.nearest import block_rows, nearest_rows, rows_within


def draw(n: int, dim: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def plain(vectors: np.ndarray, row: int, k: int) -> list[tuple[int, float]]:
    """The oracle: every other row by falling cosine, rounded, and then by its number."""
    found = []
    for other in range(len(vectors)):
        if other != row:
            cosine = math.fsum(float(a) * float(b) for a, b in zip(vectors[row], vectors[other], strict=True))
            found.append((other, round(min(max(cosine, -1.0), 1.0), 6)))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]


@pytest.mark.parametrize(("n", "dim", "k"), [(2, 3, 1), (40, 4, 7), (40, 4, 39), (700, 16, 2), (700, 16, 10)])
def test_it_is_what_a_loop_finds(n, dim, k):
    vectors = draw(n, dim)
    start, stop = n // 3, min(n // 3 + 20, n)
    rows, cosines = nearest_rows(vectors, start, stop, k)
    assert rows.shape == cosines.shape == (stop - start, k)
    assert (rows.dtype, cosines.dtype) == (np.int32, np.float32)
    for n_row, row in enumerate(range(start, stop)):
        wanted = plain(vectors, row, k)
        assert cosines[n_row].tolist() == pytest.approx([cosine for _, cosine in wanted], abs=2e-6)
        assert len({*rows[n_row].tolist()} & {other for other, _ in wanted}) >= k - 1, "rounding may swap the last one"
        assert row not in rows[n_row]


def test_equal_ones_come_in_the_order_of_their_rows():
    vectors = draw(600, 8)
    vectors[[5, 77, 300, 599]] = vectors[400]
    rows, cosines = nearest_rows(vectors, 398, 402, 3)
    assert rows[2].tolist() == [5, 77, 300], "never itself, though it is as near"
    assert cosines[2].tolist() == [1, 1, 1]


def test_all_alike_is_no_trouble():
    vectors = np.repeat(draw(1, 8), 300, axis=0)
    rows, _ = nearest_rows(vectors, 0, 300, 4)
    assert rows[0].tolist() == [1, 2, 3, 4]
    assert rows[2].tolist() == [0, 1, 3, 4]
    assert rows[299].tolist() == [0, 1, 2, 3]


def test_few_similarities_are_in_memory_at_once():
    for n in (10, 8_000, 200_000):
        assert block_rows(n) * n <= max(nearest.CELLS, nearest.LEAST_ROWS * n)
    assert block_rows(8_000) < 8_000


def test_pairs_within_a_cosine_are_those_of_a_loop():
    vectors = draw(120, 3)
    found = set()
    for start in range(0, 120, 50):
        a, b, cosines = rows_within(vectors, start, min(start + 50, 120), 0.95)
        assert (a < b).all()
        assert (cosines >= 0.95).all()
        found |= set(zip(a.tolist(), b.tolist(), strict=True))
    exact = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    sure = {(i, j) for i in range(120) for j in range(i + 1, 120) if exact[i, j] >= 0.95 + 1e-6}
    maybe = {(i, j) for i in range(120) for j in range(i + 1, 120) if exact[i, j] >= 0.95 - 1e-6}
    assert sure <= found <= maybe
    assert len(sure) > 50
