"""What neither engine checks: that a vector has the collection's width and a direction."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fashion_match.core.error import StoreError

_SHORTEST, _LONGEST = 1e-18, 1e18
"""Lengths whose square a float32 can hold."""


def check_vector(vector: Sequence[float], dim: int, owner: str) -> list[float]:
    """Return a vector (E) as the list of floats that the engines take fastest.

    Args:
        owner: whose it is, for the message: ``"the vector of item 'a1'"``.

    Raises:
        StoreError: it has another width than ``dim``, is not finite, or has no direction.
    """
    values: list[float] = vector if isinstance(vector, list) else _listed(vector)
    if len(values) != dim:
        raise StoreError(
            f"{owner} has {len(values)} numbers, but the collection is made for {dim}.",
            "Use the model that the collection was made with, or another --collection.",
        )
    length = math.hypot(*values)
    if not _SHORTEST < length < _LONGEST:  # false for NaN as well
        what = "is zero" if length <= _SHORTEST else "is not finite"
        raise StoreError(f"{owner} {what}, so it has no direction.", "The model's weights may be damaged.")
    return values


def _listed(vector: Sequence[float]) -> list[float]:
    to_list = getattr(vector, "tolist", None)  # arrays and tensors
    return list(to_list()) if to_list is not None else list(vector)
