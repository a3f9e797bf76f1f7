"""A table of web addresses to what is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from fashion_match.core.collect.record import BadWanted, Wanted, is_plain, plain_text
from fashion_match.core.item import AttributeValue, Failure, Item
from fashion_match.core.plugin.registry import Entry

READER = "fashion_match.plugins.readers.addresses"
"""By name only, as all built-in plugins: it has the table reader's way with columns, which is no part of the core."""


class AddressRow(Protocol):
    """What that reader yields."""

    address: str
    at: str
    item: Item
    has_id: bool


class AddressTable:
    """A CSV, TSV, Parquet or JSON lines table with a row for each picture.

    Args:
        column: with the addresses; by default told by its name.
        options: of the reader ``table`` that say what the columns are.

    Raises:
        PluginError: an option is unknown, or does not fit.
    """

    def __init__(self, source: str, column: str | None, options: Mapping[str, Any]) -> None:
        module = import_module(READER)
        reader = Entry("table", module.AddressReader, module.AddressOptions, "", "readers")
        given = dict(options) if column is None else {**options, "address": column}
        self._reader = reader.make(given)
        self._source = source
        self.skipped: Mapping[str, int] = {}

    def wanted(self) -> Iterator[Wanted | BadWanted]:
        """Yield one row after the other. Raises ReaderError where the table cannot be read."""
        for row in self._reader.read(self._source):
            if isinstance(row, Failure):
                at, _, detail = row.detail.partition(": ")
                yield BadWanted(at, detail, row.item)
            else:
                yield _wanted(cast(AddressRow, row))


def _wanted(row: AddressRow) -> Wanted | BadWanted:
    item = row.item
    odd = next((name for name in item.attributes if not is_plain(name)), None)
    if odd is not None:
        return BadWanted(row.at, f"the name of the attribute {odd!r} has control characters", item.id)
    return Wanted(
        address=row.address,
        where=row.at,
        id=plain_text(item.id) or None if row.has_id else None,
        label=plain_text(item.label) or None if item.label else None,
        split=item.split,
        role=item.role,
        box=item.box,
        attributes={name: kept for name, value in item.attributes.items() if (kept := plain_value(value)) is not None},
    )


def plain_value(value: AttributeValue) -> AttributeValue | None:
    """Return a value as `plain_text` leaves it, ``None`` where nothing is left."""
    if isinstance(value, str):
        return plain_text(value) or None
    if isinstance(value, list):
        return [text for member in value if (text := plain_text(member))] or None
    return value
