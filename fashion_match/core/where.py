"""The filter of a query: conditions that are ANDed, each on one key; several values of one key are ORed."""

from __future__ import annotations

import re
from typing import Literal

from fashion_match.core.error import UsageError
from fashion_match.core.item import Record

Scalar = str | float | int
Op = Literal["in", "not in", "<", "<=", ">", ">="]

SEASON_NAMES = {"autumn": "Fall"}
"""Autumn and Fall are one season; it is stored and asked for as Fall."""

_OPERATOR = re.compile(r"\s*(?P<key>[^=<>!]+?)\s*(?P<op>!=|<=|>=|=|<|>|\s+not\s+in\s+|\s+in\s+)\s*(?P<values>.+?)\s*$")
_RANGE = re.compile(r"(?P<low>-?\d+(?:\.\d+)?)?\.\.(?P<high>-?\d+(?:\.\d+)?)?")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


class Condition(Record):
    """One condition on one key.

    ``in``: the item has one of the values (an item with a list of values: any of them). ``not in``: it has none of them,
    so an item without the key matches. ``<`` and its like compare numbers; an item without the key does not match.
    """

    key: str
    op: Op
    values: tuple[Scalar, ...]

    def __str__(self) -> str:
        shown = ",".join(map(str, self.values))
        if self.op in ("in", "not in"):
            equal = {"in": "=", "not in": "!="}[self.op] if len(self.values) == 1 else f" {self.op} "
            return f"{self.key}{equal}{shown}"
        return f"{self.key}{self.op}{shown}"


class Where(Record):
    """A parsed filter: all ``conditions`` must hold. Without conditions everything matches."""

    conditions: tuple[Condition, ...] = ()

    def __and__(self, other: Where) -> Where:
        """Both filters; ``in`` conditions on one key are joined, because several values of one key are ORed."""
        joined: dict[tuple[str, str] | int, Condition] = {}
        for n, condition in enumerate((*self.conditions, *other.conditions)):
            key = (condition.key, condition.op) if condition.op in ("in", "not in") else n
            before = joined.get(key)
            values = (*before.values, *condition.values) if before else condition.values
            joined[key] = Condition(key=condition.key, op=condition.op, values=tuple(dict.fromkeys(values)))
        return Where(conditions=tuple(joined.values()))

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions)) or "everything"

    @classmethod
    def equal(cls, key: str, *values: Scalar) -> Where:
        """Items whose ``key`` is one of ``values``."""
        return cls(conditions=(Condition(key=key, op="in", values=values),))

    @classmethod
    def parse(cls, text: str) -> Where:
        """Parse one condition: ``price<50``, ``color=Blue``, ``color in Blue,Navy Blue``, ``season!=Fall``, ``price=20..50``.

        Either end of a range may be left out (``price=..50``); both ends belong to it. A value that contains a comma
        is written in double quotes.

        Raises:
            UsageError: the text is no such condition.
        """
        match = _OPERATOR.match(text)
        if match is None:
            raise UsageError(
                f"cannot understand the filter {text!r}.",
                "Write KEY=VALUE, KEY!=VALUE, KEY<NUMBER, KEY=LOW..HIGH or 'KEY in A,B'.",
            )
        key, op = match["key"], " ".join(match["op"].split())
        if op in ("<", "<=", ">", ">="):
            return cls(conditions=(Condition(key=key, op=op, values=(_number(match["values"], text),)),))
        span = _RANGE.fullmatch(match["values"])
        if op == "=" and span and (span["low"] or span["high"]):
            ends = ((">=", span["low"]), ("<=", span["high"]))
            return cls(
                conditions=tuple(Condition(key=key, op=op, values=(_number(end, text),)) for op, end in ends if end)
            )
        values = tuple(_split(match["values"]))
        if not values:
            raise UsageError(f"the filter {text!r} names no value.", "Write KEY=VALUE or 'KEY in A,B'.")
        return cls(conditions=(Condition(key=key, op="in" if op in ("=", "in") else "not in", values=values),))


def _number(text: str, whole: str) -> float | int:
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"the filter {whole!r} compares with {text!r}, which is not a number.", "Write KEY<NUMBER.")
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _split(text: str) -> list[str]:
    parts = re.findall(r'\s*(?:"([^"]*)"|([^,]+))\s*(?:,|$)', text)
    return [value for quoted, plain in parts if (value := quoted or plain.strip())]
