"""Reader ``table``: one row per photo, in CSV, TSV, Parquet or JSON lines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from fashion_match import Failure, Item, ReaderError, Reason, canonical_attributes
from fashion_match.plugins.readers.column import ColumnError, ColumnOptions, Plan, plan_columns
from fashion_match.plugins.readers.locate import PhotoFinder
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
from fashion_match.plugins.readers.rows import SUFFIXES, TextFormat, is_typed, read_rows
from fashion_match.plugins.readers.source import existing, listing


class TableOptions(ColumnOptions):
    """Options of ``table``."""

    images: str | None = Field(None, description="folder of the photos; by default beside the table")
    missing: Names = Field(
        ("NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "None"),
        description="texts that stand for a missing value, besides the empty one",
    )
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="by default told from the first line")
    encoding: str = Field("utf-8-sig", description="of a text file")
    allow_outside: bool = Field(False, description="permit photo paths that lead out of the source")


class TableReader:
    """Reads a table, or a folder in which one table lies.

    Args:
        join_overflow: see `TextFormat`.
        extension: of the photos, where a table names them by id alone and all have the same.
    """

    def __init__(self, options: TableOptions, *, join_overflow: bool = False, extension: str | None = None) -> None:
        self._options = options
        self._format = TextFormat(options.encoding, options.delimiter, join_overflow)
        self._extension = extension
        self._missing = frozenset(options.missing)

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each row. Raises ReaderError where there is no table, or none to tell items apart by."""
        path = find_table(existing(source))
        finder = PhotoFinder(os.path.dirname(path), self._options.images, allow_outside=self._options.allow_outside)
        plan_of = partial(plan_columns, options=self._options, typed=is_typed(path))
        fixed = not path.lower().endswith((".jsonl", ".ndjson"))
        columns: Sequence[str] | None = None
        n_records = 0
        for at, row in read_rows(path, self._format):
            n_records += 1
            item_id = None
            try:
                if isinstance(row, BadRecord):
                    raise row
                if row[0] is not columns:
                    plan = self._plan(path, row[0], plan_of, fixed)
                    columns = row[0]
                values = self._cleaned(row[1])
                item_id = self._id(values, plan)
                yield self._item(item_id, values, plan, finder)
            except BadRecord as error:
                yield make_failure(path, error, item=item_id, at=at)
        if not n_records:
            raise ReaderError(f"{path} has no rows.")

    def _plan(self, path: str, columns: Sequence[str], plan_of: Any, fixed: bool) -> Plan:
        """Plan the columns: a table that has none to tell items apart is refused, a line of JSON is one bad record."""
        try:
            plan: Plan = plan_of(columns, exact=fixed)
            if not {"id", "image"} & plan.fields.keys():
                raise ColumnError(
                    f"there is no column for the id or the photo; there are {', '.join(columns)}.",
                    "Name one with --set id=COLUMN or --set image=COLUMN.",
                )
        except ColumnError as error:
            if fixed:
                raise ReaderError(f"{path}: {error.problem}", error.remedy) from None
            raise BadRecord(error.problem.rstrip(".")) from None
        return plan

    def _cleaned(self, values: Sequence[Any]) -> list[Any]:
        missing = self._missing
        cleaned: list[Any] = []
        for value in values:
            if type(value) is str:
                value = value.strip()
                cleaned.append(None if not value or value in missing else value)
            else:
                cleaned.append(value)
        return cleaned

    def _id(self, values: Sequence[Any], plan: Plan) -> str:
        position = plan.fields.get("id")
        if position is not None:
            item_id = text_of("id", values[position])
            if item_id is None:
                raise BadRecord("the id is missing")
            return item_id
        image = text_of("image", values[plan.fields["image"]])
        if image is None:
            raise BadRecord("the photo is missing, by which the item would be told from others")
        return os.path.normpath(image.replace("\\", "/")).replace(os.sep, "/")

    def _item(self, item_id: str, values: Sequence[Any], plan: Plan, finder: PhotoFinder) -> Item:
        fields = plan.fields
        more: dict[str, Any] = {}
        if "label" in fields:
            more["label"] = text_of("label", values[fields["label"]])
        if "split" in fields:
            more["split"] = split_of(values[fields["split"]])
        if "role" in fields:
            more["role"] = role_of(values[fields["role"]])
        if "box" in fields:
            more["box"] = box_of(values[fields["box"]])
        if "scores" in plan.nested:
            more["scores"] = _object("scores", values[plan.nested["scores"]])
        return make_item(
            id=item_id,
            image=self._image(item_id, values, plan, finder),
            attributes=self._attributes(values, plan),
            **more,
        )

    def _image(self, item_id: str, values: Sequence[Any], plan: Plan, finder: PhotoFinder) -> Path | None:
        position = plan.fields.get("image")
        if position is not None:
            image = text_of("image", values[position])
            return None if image is None else Path(finder.written(image))
        if self._extension is not None:
            return Path(finder.written(item_id + self._extension))
        return Path(finder.named(item_id)) if finder.has_folder else None

    def _attributes(self, values: Sequence[Any], plan: Plan) -> Mapping[str, Any]:
        raw: dict[str, Any] = {}
        for position, name, convert in plan.attributes:
            value = values[position]
            if value is not None and value == value:  # not-a-number is the only value that differs from itself
                raw[name] = convert(name, value) if convert else value
        if "attributes" in plan.nested:
            raw |= _object("attributes", values[plan.nested["attributes"]])
        try:
            return canonical_attributes(raw)
        except ValueError as error:
            raise BadRecord(str(error), Reason.ATTRIBUTE_TYPE) from None


def find_table(path: str) -> str:
    """Return the table that ``path`` is, or that lies in the folder ``path``.

    Raises:
        ReaderError: it is of another format, or there is no table in the folder, or there are several.
    """
    if not os.path.isdir(path):
        if not path.lower().endswith(SUFFIXES):
            raise ReaderError(f"{path} is no table that can be read.", f"Tables end in {', '.join(SUFFIXES)}.")
        return path
    tables = [name for name in listing(path) if name.lower().endswith(SUFFIXES)]
    if not tables:
        raise ReaderError(f"there is no table in {path!r}.", f"Tables end in {', '.join(SUFFIXES)}.")
    if len(tables) > 1:
        raise ReaderError(f"there are several tables in {path!r}: {', '.join(tables)}.", "Name the one to read.")
    return os.path.join(path, tables[0])


def _object(name: str, value: Any) -> dict[str, Any]:
    """Return a nested object; Parquet gives one as its members, or as pairs."""
    if value is None:
        return {}
    try:
        members = dict(value)
    except (TypeError, ValueError):
        raise BadRecord(f"{name} is {value!r}; expected an object") from None
    return {str(key): member for key, member in members.items() if member is not None}
