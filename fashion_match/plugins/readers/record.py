"""From the raw fields of one record to an item, or to the failure that says what is wrong with it."""

from __future__ import annotations

import math
from typing import Any

from pydantic import ValidationError

from fashion_match import Failure, Item, Reason

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
"""What sources call their splits, and what they are called here."""

ROLES = {"gallery": "gallery", "target": "gallery", "query": "query"}


class BadRecord(Exception):
    """One record cannot be used: raised where that is found, turned into a `Failure` where the record is read."""

    def __init__(self, detail: str, reason: Reason = Reason.BAD_RECORD) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason


def make_item(**fields: Any) -> Item:
    """Return the item. Raises BadRecord, naming the field, where a value does not fit."""
    try:
        return Item(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"] if part != "[key]")
        message = first["msg"].removeprefix("Value error, ")
        raise BadRecord(f"{field}: {message[:1].lower()}{message[1:]}") from None


def make_failure(file: str, error: BadRecord, *, item: str | None = None, at: str = "") -> Failure:
    """Return the failure of one record.

    Args:
        at: where in ``file`` the record stands, such as ``"line 12"``.
    """
    detail = f"{at}: {error.detail}" if at else error.detail
    return Failure(item=item and printable(item), file=printable(file), reason=error.reason, detail=printable(detail))


def printable(text: str) -> str:
    """Return ``text`` fit for a report: what a file name has that is not UTF-8 becomes a replacement character."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def is_text(text: str) -> bool:
    """Whether ``text`` can be written as UTF-8 and has no NUL character."""
    return "\0" not in text and (text.isascii() or not _is_broken(text))


def box_of(values: object) -> tuple[float, float, float, float] | None:
    """Return ``values`` as a box x0, y0, x1, y1 in pixels, ``None`` where there is none. Raises BadRecord otherwise."""
    if values is None or values == "" or values == []:
        return None
    if isinstance(values, str):
        values = values.strip("[]() ").replace(",", " ").split()
    try:
        x0, y0, x1, y1 = (float(value) for value in values)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise BadRecord(f"the box is {values!r}; expected four numbers x0, y0, x1, y1", Reason.BAD_BOX) from None
    if not all(map(math.isfinite, (x0, y0, x1, y1))) or x0 >= x1 or y0 >= y1:
        raise BadRecord(f"the box {x0:g}, {y0:g}, {x1:g}, {y1:g} encloses nothing", Reason.BAD_BOX)
    return x0, y0, x1, y1


def text_of(field: str, value: object) -> str | None:
    """Return an id, label or path as text; ``None`` where it is missing. Raises BadRecord for lists and the like."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadRecord(f"{field} is {value!r}; expected text")
    if isinstance(value, float) and value.is_integer():  # ids that a spreadsheet has made into numbers
        value = int(value)
    return str(value).strip() or None


def split_of(value: object) -> str | None:
    """Return the split that a source's word for it means. Raises BadRecord for an unknown word."""
    return _one_of("split", value, SPLITS)


def role_of(value: object) -> str:
    """Return the role that a source's word for it means, by default gallery. Raises BadRecord as `split_of`."""
    return _one_of("role", value, ROLES) or "gallery"


def _one_of(field: str, value: object, words: dict[str, str]) -> str | None:
    text = text_of(field, value)
    if text is None:
        return None
    try:
        return words[text.casefold()]
    except KeyError:
        expected = ", ".join(dict.fromkeys(words.values()))
        raise BadRecord(f"{field} is {text!r}; expected one of {expected}") from None


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
