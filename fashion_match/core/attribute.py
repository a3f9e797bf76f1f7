"""The one form in which attributes are kept, whatever their source called or typed them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from fashion_match.core.item import AttributeValue
from fashion_match.core.where import SEASON_NAMES


def canonical_attributes(raw: Mapping[str, object]) -> dict[str, AttributeValue]:
    """Return ``raw`` with values an `Item` accepts: text stripped, missing ones left out, Autumn as Fall.

    Missing are empty texts and lists, ``None`` and not-a-number. Truth values and dates become text, exact decimals
    become floats, and the members of a list become text.

    Raises:
        ValueError: a value is of another kind; the message names the attribute.
    """
    attributes: dict[str, AttributeValue] = {}
    for name, value in raw.items():
        kept = value.strip() if type(value) is str else _canonical(name, value)
        if kept is None or kept == "":
            continue
        attributes[name] = _season(kept) if name == "season" else kept
    return attributes


def _canonical(name: str, value: object) -> AttributeValue | None:
    match value:
        case None:
            return None
        case str():
            return str(value).strip()
        case bool():
            return "true" if value else "false"
        case int():
            return value
        case float() | Decimal():
            return _number(name, float(value))
        case date():
            return value.isoformat()
        case list() | tuple():
            members = [_canonical(name, member) for member in value]
            if any(isinstance(member, list) for member in members):
                raise ValueError(f"{name} is a list of lists; expected text, a number or a list of texts")
            return [str(member) for member in members if member is not None and member != ""] or None
    raise ValueError(f"{name} is {_article(type(value).__name__)}; expected text, a number or a list of texts")


def _number(name: str, value: float) -> float | None:
    if math.isinf(value):
        raise ValueError(f"{name} is {value}; expected a finite number")
    return None if math.isnan(value) else value


def _season(value: AttributeValue) -> AttributeValue:
    if isinstance(value, list):
        return [SEASON_NAMES.get(member.casefold(), member) for member in value]
    return SEASON_NAMES.get(value.casefold(), value) if isinstance(value, str) else value


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
