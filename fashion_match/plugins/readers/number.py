"""Numbers as tables write them."""

from __future__ import annotations

import math
import re

from fashion_match import Reason
from fashion_match.plugins.readers.record import BadRecord

_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_CURRENCY = "$€£¥ "


def number_of(name: str, value: object) -> int | float:
    """Return a whole number as int, another as float. Raises BadRecord where ``value`` is none."""
    if isinstance(value, str):
        text = value.replace(",", "") if _THOUSANDS.fullmatch(value) else value
        try:
            return int(text) if text.lstrip("+-").isdecimal() else _finite(name, float(text))
        except ValueError:
            raise _no_number(name, value) from None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return _finite(name, float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise _no_number(name, value) from None


def price_of(name: str, value: object) -> float:
    """Return a price, with or without the sign of its currency, as float. Raises BadRecord as `number_of`."""
    return float(number_of(name, value.strip(_CURRENCY) if isinstance(value, str) else value))


def year_of(name: str, value: object) -> int:
    """Return a year as int; ``2011.0``, as spreadsheets write it, is 2011. Raises BadRecord as `number_of`."""
    number = number_of(name, value)
    if number != int(number):
        raise BadRecord(f"{name} is {value!r}; expected a whole number", Reason.ATTRIBUTE_TYPE)
    return int(number)


def _finite(name: str, number: float) -> float:
    if not math.isfinite(number):
        raise _no_number(name, number)
    return number


def _no_number(name: str, value: object) -> BadRecord:
    return BadRecord(f"{name} is {value!r}; expected a number", Reason.ATTRIBUTE_TYPE)
