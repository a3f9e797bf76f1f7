"""Of how many candidates the best are picked, where more than the cosine ranks."""

from __future__ import annotations

from fashion_match import Request

LEAST = 16


def pool_size(request: Request) -> int:
    """Return how many nearest items are looked at for the hits up to the last one asked for.

    It grows in steps, so that the pages of one answer are picked from the same candidates.
    """
    n = LEAST
    while n < request.offset + request.k:
        n *= 4
    return n
