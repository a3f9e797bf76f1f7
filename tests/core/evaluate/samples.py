"""Items with vectors, made for a test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fashion_match import Item
from fashion_match.core.evaluate.sample import Sample


def sample(vectors: np.ndarray, labels: Sequence[str | None], **attributes: Sequence[str | None]) -> Sample:
    """Return items whose vectors are scaled to length one."""
    rows = np.asarray(vectors, np.float32)
    items = [
        Item(
            id=f"i{n}",
            image=None,
            label=label,
            attributes={name: values[n] for name, values in attributes.items() if values[n] is not None},
        )
        for n, label in enumerate(labels)
    ]
    return Sample(items, rows / np.linalg.norm(rows, axis=1, keepdims=True), list(labels))


def around(n_labels: int, n_photos: int, noise: float, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Return vectors around a direction for each label."""
    random = np.random.default_rng(seed)
    centers = np.repeat(random.normal(size=(n_labels, 16)), n_photos, axis=0)
    rows = centers + noise * random.normal(size=centers.shape)
    return rows, [f"style {n // n_photos}" for n in range(n_labels * n_photos)]
