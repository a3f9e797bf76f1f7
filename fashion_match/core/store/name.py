"""Names of collections: which are allowed, and what is said when there is none of that name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fashion_match.core.error import StoreError, nearest_spelling

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_name(name: str) -> str:
    """Return ``name``. Raises StoreError where it cannot be the name of a collection."""
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} cannot be the name of a collection.",
            "Use letters, digits, '.', '_' and '-' (at most 100), beginning with a letter or digit.",
        )
    return name


def no_collection(name: str, known: Sequence[str], address: str) -> StoreError:
    """Return the error for a collection that ``address`` does not have."""
    if not known:
        return StoreError(f"there is no collection in {address} yet.", f"Make one: {_ingest(name, address)}")
    near = nearest_spelling(name, known)
    if near:
        remedy = f"Did you mean {' or '.join(map(repr, near))}?"
    else:
        shown = ", ".join(known[:12]) + (f", ... ({len(known)} in all)" if len(known) > 12 else "")
        remedy = f"There are {shown}; or make it: {_ingest(name, address)}"
    return StoreError(f"there is no collection {name!r} in {address}.", remedy)


def name_taken(name: str, address: str) -> StoreError:
    """Return the error for a collection that exists already."""
    return StoreError(f"{address} has a collection {name!r} already.", "Use another name, or delete that one first.")


def _ingest(name: str, address: str) -> str:
    return f"fm ingest SOURCE --collection {name} --store {address}"
