"""The filter of a query: conditions that are ANDed, each on one key; several values of one key are ORed."""

from __future__ import annotations

import math
import re
from typing import Literal

from fashion_match.core.error import UsageError
from fashion_match.core.item import Record

Scalar = str | float | int
Op = Literal["in", "not in", "<", "<=", ">", ">="]

SEASON_NAMES = {"autumn": "Fall", "fall": "Fall", "spring": "Spring", "summer": "Summer", "winter": "Winter"}
"""Autumn and Fall are one season, however they are written."""

_OPERATOR = re.compile(
    r"""\s*(?:"(?P<quoted>[^"]+)"|(?P<key>[^=<>!"]+?))\s*(?P<op>!=|<=|>=|=|<|>|\bnot\s+in\b|\bin\b)\s*(?P<values>.+?)\s*""",
    re.IGNORECASE | re.DOTALL,
)
_VALUE = re.compile(r"""\s*(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^",][^,]*)?)\s*(?:,|$)""", re.DOTALL)
_RANGE = re.compile(r"(?P<low>-?\d+(?:\.\d+)?)?\.\.(?P<high>-?\d+(?:\.\d+)?)?")
_PLAIN_KEY = re.compile(r"\w[\w.:/-]*")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


class Condition(Record):
    """One condition on one key.

    ``in``: the item has one of the values (an item with a list of values: any of them). ``not in``: it has none of
    them, so an item without the key matches. ``<`` and its like compare numbers; an item without the key does not
    match.
    """

    key: str
    op: Op
    values: tuple[Scalar, ...]

    def __str__(self) -> str:
        key = self.key if _PLAIN_KEY.fullmatch(self.key) else f'"{self.key}"'
        shown = ",".join(map(_quoted, self.values))
        if self.op in ("in", "not in"):
            equal = {"in": "=", "not in": "!="}[self.op] if len(self.values) == 1 else f" {self.op} "
            return f"{key}{equal}{shown}"
        return f"{key}{self.op}{shown}"


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
        """Parse a condition: ``price<50``, ``price=20..50``, ``color=Blue``, ``season!=Fall``, ``color in Blue,Red``.

        Either end of a range may be left out (``price=..50``); both ends belong to it. A value that contains a comma
        is written in double quotes, in which ``""`` stands for one of them; so is a key that contains an operator.

        Raises:
            UsageError: the text is no such condition.
        """
        match = _OPERATOR.fullmatch(text)
        if match is None:
            raise UsageError(
                f"cannot understand the filter {text!r}.",
                "Write KEY=VALUE, KEY!=VALUE, KEY<NUMBER, KEY=LOW..HIGH or 'KEY in A,B'.",
            )
        key, op = match["quoted"] or match["key"], " ".join(match["op"].lower().split())
        if op in ("<", "<=", ">", ">="):
            return cls(conditions=(Condition(key=key, op=op, values=(_number(match["values"], text),)),))
        span = _RANGE.fullmatch(match["values"])
        if op == "=" and span and (span["low"] or span["high"]):
            if span["low"] and span["high"] and float(span["low"]) > float(span["high"]):
                raise UsageError(f"the range of {text!r} is empty.", f"Write {key}={span['high']}..{span['low']}.")
            ends = ((">=", span["low"]), ("<=", span["high"]))
            return cls(
                conditions=tuple(Condition(key=key, op=op, values=(_number(end, text),)) for op, end in ends if end)
            )
        values = tuple(dict.fromkeys(_split(match["values"], text)))
        if not values:
            raise UsageError(f"the filter {text!r} names no value.", "Write KEY=VALUE or 'KEY in A,B'.")
        return cls(conditions=(Condition(key=key, op="in" if op in ("=", "in") else "not in", values=values),))


def _number(text: str, whole: str) -> float | int:
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"the filter {whole!r} compares with {text!r}, which is not a number.", "Write KEY<NUMBER.")
    number = float(text)
    if math.isinf(number):
        raise UsageError(f"the filter {whole!r} compares with {text}, which is too large.")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _split(text: str, whole: str) -> list[str]:
    """Split at the commas outside quotes; empty values are left out."""
    values, start = [], 0
    while start < len(text):
        part = _VALUE.match(text, start)
        if part is None:
            raise UsageError(f"the quotes in the filter {whole!r} do not pair up.", 'Write KEY="A, B" or KEY="A","B".')
        values.append((part["plain"] or "").strip() if part["quoted"] is None else part["quoted"].replace('""', '"'))
        start = part.end()
    return [value for value in values if value]


def _quoted(value: Scalar) -> str:
    text = str(value)
    plain = text == text.strip() and not any(c in text for c in ',"') and not _RANGE.fullmatch(text)
    return text if plain else '"{}"'.format(text.replace('"', '""'))
