"""What is typical of the items that match a filter: the direction of their mean vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

from fashion_match import VectorStore, Where

SAMPLE = 256
"""Items that the mean is taken of. A scan runs in random order, so the first ones are a fair sample; the standard error
of the mean is a sixteenth of the spread."""


def typical_vector(store: VectorStore, where: Where) -> tuple[Sequence[float] | None, int]:
    """Return the mean vector (E, of any length) of a sample of what matches, and the size of the sample.

    It is ``None`` where nothing matches.
    """
    vectors = [stored.vector for stored in islice(store.scan(where, with_vectors=True), SAMPLE) if stored.vector]
    if not vectors:
        return None, 0
    mean = [math.fsum(column) / len(vectors) for column in zip(*vectors, strict=True)]
    if not any(mean):  # opposite vectors that cancel out: any of them is as typical as the others
        return vectors[0], len(vectors)
    return mean, len(vectors)
