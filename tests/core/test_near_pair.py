"""All pairs of looks that are alike, against asking for each pair alone."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_match.core.evaluate.near_search import find_near
from fashion_match.core.near_pair import near_pairs


def draw_looks(n: int, seed: int = 0) -> np.ndarray:
    """Looks of large squares of colour, that differ."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 8, 8, 3)).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)


def plain(looks: np.ndarray) -> dict[tuple[int, int], float]:
    """The oracle: each pair by itself, either way round."""
    found = {}
    for a in range(len(looks)):
        for b in range(a + 1, len(looks)):
            ways = [*find_near(looks[[a]], looks[[b]]), *find_near(looks[[b]], looks[[a]])]
            if ways:
                found[a, b] = min(way.difference for way in ways)
    return found


@pytest.mark.parametrize("sizes", [[1] * 9, [2, 2, 1, 1], [4, 3, 1, 5, 2], [12], [1]])
def test_every_pair_of_every_group_is_found(sizes):
    rng = np.random.default_rng(1)
    looks = []
    for shot, size in zip(draw_looks(len(sizes)), sizes, strict=True):
        for copy in range(size):
            noisy = np.clip(shot.astype(int) + rng.integers(-6, 7, shot.shape), 0, 255).astype(np.uint8)
            looks.append(noisy[:, ::-1] if copy % 3 == 2 else noisy)
    order = rng.permutation(len(looks))
    shuffled = np.stack(looks)[order]
    found = {(a, b): difference for a, b, difference in near_pairs(shuffled)}
    wanted = plain(shuffled)
    assert found == pytest.approx(wanted, abs=1e-4)
    group = np.repeat(range(len(sizes)), sizes)[order]
    assert set(found) == {
        (a, b) for a in range(len(group)) for b in range(a + 1, len(group)) if group[a] == group[b]
    }, "the groups are as they were drawn"
