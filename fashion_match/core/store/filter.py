"""A `Where` as the filter of Qdrant. Both libraries name their filter classes alike, so one builder serves both."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.store.point import OWN_FIELDS
from fashion_match.core.store.protocol import Kind
from fashion_match.core.where import Condition, Scalar, Where

_EXACT = 2**53
"""Up to here the engines, which compare numbers as float64, tell all whole numbers apart."""


@dataclass(frozen=True)
class Dialect:
    """Where the two libraries differ."""

    models: Any
    """The module with ``Filter``, ``FieldCondition``, ``MatchAny`` and ``MatchValue``."""
    range: Callable[..., Any]
    """Called with any of ``gt``, ``gte``, ``lt``, ``lte``."""
    has_ids: Callable[[Iterable[str]], Any]
    """The condition that a point is one of these items."""


def payload_key(key: str) -> str:
    """Return the JSON path of an attribute or of one of the item's own fields."""
    if key in OWN_FIELDS:
        return OWN_FIELDS[key]
    plain = key.isascii() and all(c.isalnum() or c in "_-" for c in key)
    return key if plain else f'"{key}"'


def kind_of_key(key: str, kinds: Mapping[str, Kind]) -> Kind:
    """Return how the values of ``key`` are compared. Raises UsageError, with near names, for an unknown one."""
    if key == "id" or key in OWN_FIELDS:
        return "keyword"
    if key not in kinds:
        raise UsageError(f"there is no attribute {key!r}.", did_you_mean(key, kinds, what="attributes"))
    return kinds[key]


def build_filter(where: Where, kinds: Mapping[str, Kind], dialect: Dialect, *, exclude: Iterable[str] = ()) -> Any:
    """Return the filter of either library, or ``None`` where everything matches.

    Args:
        kinds: of the collection's attributes.
        exclude: ids of items that must not match.

    Raises:
        UsageError: an attribute is unknown, text is compared as a number, or a number with text.
    """
    must: list[Any] = []
    must_not: list[Any] = []
    for condition in where.conditions:
        kind = kind_of_key(condition.key, kinds)
        if condition.op == "in":
            must.append(_one_of(condition, kind, dialect))
        elif condition.op == "not in":
            must_not.append(_one_of(condition, kind, dialect))
        else:
            must.append(_compared(condition, kind, dialect))
    excluded = list(exclude)
    if excluded:
        must_not.append(dialect.has_ids(excluded))
    return dialect.models.Filter(must=must or None, must_not=must_not or None) if must or must_not else None


def _one_of(condition: Condition, kind: Kind, dialect: Dialect) -> Any:
    models, key = dialect.models, payload_key(condition.key)
    if condition.key == "id" or not condition.values:
        return dialect.has_ids([str(value) for value in condition.values])
    if kind == "keyword":
        return models.FieldCondition(key=key, match=_match([str(value) for value in condition.values], models))
    numbers = [as_number(value, condition) for value in condition.values]
    if kind == "integer":
        whole = [int(number) for number in numbers if _is_whole(number)]
        if not whole:  # only fractions, which no whole number equals
            return dialect.has_ids(())
        return models.FieldCondition(key=key, match=_match(whole, models))
    equal = [models.FieldCondition(key=key, range=dialect.range(gte=number, lte=number)) for number in numbers]
    return equal[0] if len(equal) == 1 else models.Filter(should=equal)


def _compared(condition: Condition, kind: Kind, dialect: Dialect) -> Any:
    if kind == "keyword":
        raise UsageError(
            f"{condition.key} holds text, which cannot be compared by {condition.op}.",
            f"Write {condition.key}=VALUE or '{condition.key} in A,B'.",
        )
    bound, op = as_number(condition.values[0], condition), condition.op
    if kind == "integer":  # the engine would cut a fraction off
        below = op in ("<", ">=")
        op, bound = ("<" if op == "<" else ">=", math.ceil(bound)) if below else (op, math.floor(bound))
    name = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[op]
    return dialect.models.FieldCondition(key=payload_key(condition.key), range=dialect.range(**{name: float(bound)}))


def _match(values: list[Any], models: Any) -> Any:
    return models.MatchValue(value=values[0]) if len(values) == 1 else models.MatchAny(any=values)


def _is_whole(number: float | int) -> bool:
    return isinstance(number, int) or (number.is_integer() and abs(number) < _EXACT)


def as_number(value: Scalar, condition: Condition) -> float | int:
    """Return a value that a numeric attribute is compared with. Raises UsageError where it is not a number."""
    try:
        number = value if isinstance(value, (int, float)) else int(value) if _digits(value) else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) >= 2**63:
        raise UsageError(
            f"{condition.key} holds numbers, but {value!r} is not one.",
            f"Write {condition.key}=NUMBER, {condition.key}<NUMBER or {condition.key}=LOW..HIGH.",
        )
    return number


def _digits(text: str) -> bool:
    digits = text.strip().removeprefix("-")
    return digits.isascii() and digits.isdigit()
