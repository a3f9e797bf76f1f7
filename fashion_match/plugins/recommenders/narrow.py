"""Narrowing a filter further. ``&`` would not do: it ORs the values of one key, and so could let in what is barred."""

from __future__ import annotations

from collections.abc import Iterable

from fashion_match import Condition, VectorStore, Where


def both(one: Where, two: Where) -> Where:
    """Return the filter that an item passes if it passes both."""
    return Where(conditions=(*one.conditions, *two.conditions))


def one_of(where: Where, key: str, values: Iterable[str]) -> Where:
    """Return ``where`` for the items alone that have one of these values."""
    return both(where, Where.equal(key, *values))


def lacking(where: Where, key: str, store: VectorStore) -> Where | None:
    """Return ``where`` for the items alone that have no value of ``key``, ``None`` where the collection has none."""
    if key not in store.spec.kinds:
        return where
    without = Where(conditions=(Condition(key=key, op="not in", values=tuple(store.facet(key))),))
    # Of the whole collection, because a store may remember that.
    return both(where, without) if store.count(without) else None
