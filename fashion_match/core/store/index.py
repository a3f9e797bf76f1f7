"""The settings of the vector index. `benchmarks/store_recall.py` measures them; docs/store.md has table and reason."""

M = 16
"""Edges of a node."""
EF_CONSTRUCT = 100
"""Candidates that are looked at when a node is linked."""

INDEXED_FROM = 16_384
"""Points from which a graph pays. Asking it costs as much as comparing with about 14,000 points, whatever their width,
because both costs grow with the width; and a comparison is exact."""


def indexing_threshold_kb(dim: int) -> int:
    """Return the size of a segment, in kB of vectors, from which the engine builds a graph for it."""
    return INDEXED_FROM * dim * 4 // 1024


def search_ef(n_points: int) -> int:
    """Return how many candidates a query keeps in a collection of that size.

    In a graph of tight groups a search that enters the wrong group leaves it only if it keeps more candidates than the
    group has members. Groups (of one product, one style) grow with the collection, so the number does too: it covers
    groups of up to a 256th of the collection.
    """
    return min(max(n_points // 256, 256), 1024)


def candidates(n_wanted: int) -> int:
    """Return of how many nearest points diverse ones are picked.

    It grows in steps, so that the pages of one answer are picked from the same points.
    """
    n = 100
    while n < 2 * n_wanted:
        n *= 4
    return n


def few_enough_for_exact(n_matching: int, dim: int) -> bool:
    """Return whether so few points match a filter that comparing with all of them is as fast as asking the graph.

    It is also exact, where the graph loses points when several conditions are combined.
    """
    return n_matching * dim <= 8_000_000
