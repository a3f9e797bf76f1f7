"""The kind of an attribute: how its values are compared, and which values may stand side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fashion_match.core.item import AttributeValue
    from fashion_match.core.store.protocol import Kind

INT64 = 2**63
"""Whole numbers beyond plus and minus this have no place in the database."""


_KINDS: dict[type, Kind] = {str: "keyword", list: "keyword", int: "integer", float: "float"}


def joined(known: Kind | None, new: Kind) -> Kind | None:
    """Return the kind that holds both, or ``None`` where none does: whole numbers are numbers, text never is."""
    if known is None or known == new:
        return new
    return None if "keyword" in (known, new) else "float"


def widen(kinds: Mapping[str, Kind], attributes: Mapping[str, AttributeValue]) -> dict[str, Kind]:
    """Return what ``attributes`` add to ``kinds``: new names, and whole numbers that become numbers. Mostly nothing.

    Raises:
        TypeError: an attribute is text here and a number there; the message says which.
    """
    wider: dict[str, Kind] = {}
    for name, value in attributes.items():
        kind, known = _KINDS[type(value)], kinds.get(name)
        if kind == known == "keyword":  # nearly all of them
            continue
        if kind == "integer" and not -INT64 <= value < INT64:  # type: ignore[operator]
            raise TypeError(f"{name} is {value}, which is too large a number to be stored")
        if kind == known or (known == "float" and kind == "integer"):
            continue
        both = joined(known, kind)
        if both is None:
            here, there = ("text", "a number") if kind == "keyword" else ("a number", "text")
            raise TypeError(f"{name} is {here} ({value!r}) but {there} in what is stored already")
        wider[name] = both
    return wider
