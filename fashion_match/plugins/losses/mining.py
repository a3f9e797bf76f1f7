"""Which positive and which negative each row is compared with. B anchors, N rows to choose from, E width."""

from __future__ import annotations

from typing import Literal

import torch

CHUNK = 2**20
"""Squared distances held at a time (4 MB): about what a processor keeps in its cache, and enough to fill a GPU."""


@torch.no_grad()
def mine_triplets(
    pool: torch.Tensor, labels: torch.Tensor, n_anchors: int, mining: Literal["hard", "semihard"] = "hard"
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Choose a positive and a negative for each of the first ``n_anchors`` rows of ``pool``.

    The positive is the farthest one. The negative is the closest one ("hard"), or the closest of those that are farther
    than the positive, and where there are none the farthest of all ("semihard").

    Squared distances less the anchor's own square, ``|b|^2 - 2ab``, rank as distances do and are one matrix product.
    They are taken some anchors at a time, so that no B x N matrix is ever held. Of rows that are equally far but for
    rounding any may be chosen, so the distances of the chosen ones are to be measured anew.

    Args:
        pool: N x E, the anchors first.
        labels: N.

    Returns:
        Number of the positive (B), number of the negative (B), and whether there are both (B); where there are not, the
        numbers mean nothing.
    """
    squares = pool.square().sum(1)
    step = max(1, CHUNK // len(pool))
    chunks = []
    for start in range(0, n_anchors, step):
        stop = min(start + step, n_anchors)
        distances = torch.addmm(squares, pool[start:stop], pool.T, alpha=-2)
        same = labels[start:stop, None] == labels
        closest, negatives = distances.masked_fill(same, torch.inf).min(1)
        no_positive = ~same
        no_positive.diagonal(start).fill_(True)  # the anchor itself
        farthest, positives = distances.masked_fill(no_positive, -torch.inf).max(1)
        found = closest - farthest < torch.inf  # nothing is infinitely far away
        if mining == "semihard":
            negatives = _farther_negatives(distances, same, farthest)
        chunks.append((positives, negatives, found))
    if len(chunks) == 1:
        return chunks[0]
    positives, negatives, found = (torch.cat(part) for part in zip(*chunks, strict=True))
    return positives, negatives, found


def _farther_negatives(distances: torch.Tensor, same: torch.Tensor, farthest: torch.Tensor) -> torch.Tensor:
    """Return the number (B) of the closest negative farther than ``farthest`` (B), else of the farthest negative."""
    closest, negatives = distances.masked_fill(same | (distances <= farthest[:, None]), torch.inf).min(1)
    return torch.where(closest < torch.inf, negatives, distances.masked_fill(same, -torch.inf).argmax(1))
