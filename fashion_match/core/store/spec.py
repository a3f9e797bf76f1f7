"""How the spec of a collection widens when new attributes appear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fashion_match.core.error import StoreError
from fashion_match.core.kind import joined
from fashion_match.core.store.protocol import CollectionSpec, Kind


def widened(spec: CollectionSpec, kinds: Mapping[str, Kind], scored: Sequence[str], what: str) -> CollectionSpec:
    """Return ``spec`` with these attributes in it; whole numbers become numbers where both occur.

    Args:
        what: the collection, for the message.

    Raises:
        StoreError: an attribute is known with a kind that does not fit.
    """
    merged = dict(spec.kinds)
    for name, kind in kinds.items():
        both = joined(merged.get(name), kind)
        if both is None:
            raise StoreError(
                f"{what} holds {name} as {merged[name]}, so it cannot take it as {kind}.",
                "Map the column to another name, or use another --collection.",
            )
        merged[name] = both
    return spec.model_copy(update={"kinds": merged, "scored": tuple(sorted({*spec.scored, *scored}))})
