"""What an attribute probably is, where it is not known: the neighbours vote, the nearer the louder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fashion_match import Stored, VectorStore, Where

from .narrow import one_of

NEIGHBOURS = 10


def neighbours_of(
    vector: Sequence[float], key: str, store: VectorStore, *, n: int = NEIGHBOURS, exclude: Sequence[str] = ()
) -> list[Stored]:
    """Return the items nearest to ``vector`` (E) of which ``key``, an attribute of text, is known."""
    if store.spec.kinds.get(key) != "keyword":
        return []
    values = [str(value) for value in store.facet(key)]
    return store.nearest(vector, where=one_of(Where(), key, values), k=n, exclude=exclude) if values else []


def vote(neighbours: Sequence[Stored], key: str) -> dict[str, float]:
    """Return the share (0..1) of each value among ``neighbours``, weighted by their cosines, the largest first.

    A neighbour with several values gives its vote to each of them, so that the shares may add up to more than 1.
    """
    votes: dict[str, float] = defaultdict(float)
    total = 0.0
    for stored in neighbours:
        weight = max(stored.score or 0.0, 0.0)
        total += weight
        value = stored.item.attributes[key]
        for one in value if isinstance(value, list) else [str(value)]:
            votes[one] += weight
    if total == 0:
        return {}
    return dict(
        sorted(((value, weight / total) for value, weight in votes.items()), key=lambda pair: (-pair[1], pair[0]))
    )
