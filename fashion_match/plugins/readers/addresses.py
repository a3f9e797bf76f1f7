"""A table of web addresses: what `fm collect` reads. The columns mean what they mean to the reader ``table``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import Field

from fashion_match import Failure, Item, ReaderError, Reason, canonical_attributes, did_you_mean
from fashion_match.plugins.readers.column import ColumnError, ColumnOptions, Plan, plan_columns
from fashion_match.plugins.readers.option_type import Names
from fashion_match.plugins.readers.record import (
    BadRecord,
    box_of,
    make_failure,
    make_item,
    role_of,
    split_of,
    text_of,
)
from fashion_match.plugins.readers.rows import TextFormat, is_typed, read_rows
from fashion_match.plugins.readers.source import existing
from fashion_match.plugins.readers.table import find_table

ADDRESS_COLUMNS = (
    *("imageurl", "imgurl", "imageurls", "photourl", "pictureurl", "primaryimageurl", "mainimageurl"),
    *("imagelink", "imageaddress", "imagesrc", "imageuri", "images", "image", "img", "photo", "picture"),
    *("url", "link", "address", "src", "uri"),
)
"""Names of the column with the address of the picture, best first; compared as those of other columns are."""


class AddressOptions(ColumnOptions):
    """What the columns are, and how the file is written."""

    address: str | None = Field(None, description="column with the web address of the picture")
    missing: Names = Field(
        ("NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "None"),
        description="texts that stand for a missing value, besides the empty one",
    )
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="by default told from the first line")
    encoding: str = Field("utf-8-sig", description="of a text file")


@dataclass(frozen=True)
class AddressRow:
    """An address, and an item without a photo that says everything else about it."""

    address: str
    at: str
    item: Item
    has_id: bool
    """Whether the id is the source's own."""


class AddressReader:
    """Reads a table, or a folder in which one table lies, and looks at no photo.

    A row with a list of addresses gives one picture for each: ``ID``, ``ID_2``, ``ID_3``, with the id as their label.
    """

    def __init__(self, options: AddressOptions) -> None:
        self._options = options
        self._missing = frozenset(options.missing)

    def read(self, source: str) -> Iterator[AddressRow | Failure]:
        """Yield each address of the table. Raises ReaderError where there is no table, or no column of addresses."""
        path = find_table(existing(source))
        options = self._options
        fixed = not path.lower().endswith((".jsonl", ".ndjson"))
        form = TextFormat(options.encoding, options.delimiter)
        plan_of = partial(self._plan, path, fixed, is_typed(path))
        columns: Sequence[str] | None = None
        n_records = 0
        for at, row in read_rows(path, form):
            n_records += 1
            try:
                if isinstance(row, BadRecord):
                    raise row
                if row[0] is not columns:
                    address_at, plan = plan_of(row[0])
                    columns = row[0]
                yield from self._rows(at, [self._cleaned(value) for value in row[1]], address_at, plan)
            except BadRecord as error:
                yield make_failure(path, error, at=at)
        if not n_records:
            raise ReaderError(f"{path} has no rows.")

    def _plan(self, path: str, fixed: bool, typed: bool, columns: Sequence[str]) -> tuple[int, Plan]:
        """Plan the columns: a table without addresses is refused, a line of JSON without one is one bad record."""
        try:
            name = find_address_column(columns, self._options.address)
            # The column of addresses is neither the path of a photo nor an attribute.
            options = self._options.model_copy(update={"drop": (*self._options.drop, name)})
            return columns.index(name), plan_columns(columns, options, typed=typed, exact=fixed)
        except ColumnError as error:
            if fixed:
                raise ReaderError(f"{path}: {error.args[0]}", error.remedy) from None
            raise BadRecord(str(error.args[0]).rstrip(".")) from None

    def _cleaned(self, value: Any) -> Any:
        if type(value) is not str:
            return value
        value = value.strip()
        return None if not value or value in self._missing else value

    def _rows(self, at: str, values: Sequence[Any], address_at: int, plan: Plan) -> Iterator[AddressRow]:
        found = values[address_at]
        addresses = [text for text in found if text] if isinstance(found, list) else [found]
        if not addresses or addresses[0] is None:
            raise BadRecord("the address is missing")
        fields = plan.fields
        own_id = text_of("id", values[fields["id"]]) if "id" in fields else None
        label = text_of("label", values[fields["label"]]) if "label" in fields else None
        if len(addresses) > 1:
            label = label or own_id
        more: dict[str, Any] = {
            "image": None,
            "label": label,
            "split": split_of(values[fields["split"]]) if "split" in fields else None,
            "role": role_of(values[fields["role"]]) if "role" in fields else "gallery",
            "box": box_of(values[fields["box"]]) if "box" in fields else None,
            "attributes": self._attributes(values, plan),
        }
        for n, address in enumerate(addresses, start=1):
            if not isinstance(address, str):
                raise BadRecord(f"the address is {address!r}; expected text")
            item_id = own_id and (own_id if n == 1 else f"{own_id}_{n}")
            yield AddressRow(address, at, make_item(id=item_id or "none", **more), item_id is not None)

    def _attributes(self, values: Sequence[Any], plan: Plan) -> dict[str, Any]:
        raw: dict[str, Any] = {}
        for position, name, convert in plan.attributes:
            value = values[position]
            if value is not None and value == value:  # not-a-number is the only value that differs from itself
                raw[name] = convert(name, value) if convert else value
        try:
            nested = dict(values[plan.nested["attributes"]] or {}) if "attributes" in plan.nested else {}
            return canonical_attributes(raw | {str(key): value for key, value in nested.items() if value is not None})
        except (TypeError, ValueError) as error:
            raise BadRecord(str(error), Reason.ATTRIBUTE_TYPE) from None


def find_address_column(columns: Sequence[str], named: str | None) -> str:
    """Return the column with the addresses.

    Raises:
        ColumnError: it is not there, or none is called like one.
    """
    if named is not None:
        if named not in columns:
            remedy = did_you_mean(named, columns, what="columns")
            raise ColumnError(f"there is no column {named!r}.", remedy)
        return named
    by_bare_name = {"".join(c for c in name.casefold() if c not in " _-"): name for name in reversed(columns)}
    found = next((by_bare_name[name] for name in ADDRESS_COLUMNS if name in by_bare_name), None)
    if found is None:
        raise ColumnError(
            f"no column is called like one of addresses; there are {', '.join(columns)}.", "Name it with --column NAME."
        )
    return found
