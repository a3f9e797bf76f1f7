"""The rows of a table, one at a time, whichever format it is kept in."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fashion_match import ReaderError
from fashion_match.plugins.readers.record import BadRecord, is_text

TEXT_SUFFIXES = (".csv", ".tsv", ".tab")
LINES_SUFFIXES = (".jsonl", ".ndjson")
PARQUET_SUFFIXES = (".parquet", ".pq")
SUFFIXES = TEXT_SUFFIXES + LINES_SUFFIXES + PARQUET_SUFFIXES

DELIMITERS = ",;\t|"
"""Tried in this order: the one that the first line has most of is taken."""

BATCH_ROWS = 1024
"""Rows of a Parquet file that are turned into Python values at once."""

MAX_LINE_CHARS = 16_000_000

Row = tuple[Sequence[str], Sequence[Any]]
"""Names of the columns, and the values in their order. The names are the same object as long as they do not change."""


@dataclass(frozen=True)
class TextFormat:
    """How a delimited text file is written."""

    encoding: str = "utf-8-sig"
    delimiter: str | None = None
    """``None`` tells it from the first line."""
    join_overflow: bool = False
    """A row with too many fields has delimiters in its last one that nobody quoted: put it together again."""


def read_rows(path: str, text_format: TextFormat) -> Iterator[tuple[str, Row | BadRecord]]:
    """Yield where each row stands in the file, and the row, or what is wrong with it.

    Raises:
        ReaderError: the file as a whole cannot be read.
    """
    suffix = os.path.splitext(path)[1].lower()
    try:
        if suffix in PARQUET_SUFFIXES:
            yield from _parquet(path)
        elif suffix in LINES_SUFFIXES:
            yield from _json_lines(path, text_format.encoding)
        else:
            yield from _delimited(path, text_format, suffix)
    except OSError as error:
        raise ReaderError(f"{path} cannot be read: {error.strerror or error}.") from None
    except LookupError:
        raise ReaderError(
            f"there is no text encoding {text_format.encoding!r}.", "Usual ones are utf-8, utf-16, cp1252 and latin-1."
        ) from None


def is_typed(path: str) -> bool:
    """Whether the values of this table come with their types."""
    return not path.lower().endswith(TEXT_SUFFIXES)


def _delimited(path: str, form: TextFormat, suffix: str) -> Iterator[tuple[str, Row | BadRecord]]:
    # What does not fit the encoding is marked in place, so that one bad row does not end the table.
    with open(path, encoding=form.encoding, errors="surrogateescape", newline="") as file:
        try:
            first = file.readline(MAX_LINE_CHARS)
        except UnicodeError as error:
            raise ReaderError(f"{path} is not {form.encoding} text: {error}.", "Say --set encoding=NAME.") from None
        if not first.strip():
            raise ReaderError(f"{path} is empty: its first line must name the columns.")
        if not is_text(first):
            raise ReaderError(
                f"{path} line 1 is not {form.encoding} text.", "Say --set encoding=NAME, such as utf-16 or cp1252."
            )
        delimiter = form.delimiter or ("\t" if suffix != ".csv" else max(DELIMITERS, key=first.count))
        file.seek(0)
        table = csv.reader(file, delimiter=delimiter)
        try:
            columns = tuple(name.strip() for name in next(table))
        except csv.Error as error:
            raise ReaderError(f"{path} line 1 does not name the columns: {error}.") from None
        last_line = table.line_num
        while True:
            begins = last_line + 1
            try:
                values = next(table)
            except StopIteration:
                return
            except csv.Error as error:
                last_line = table.line_num
                yield _lines(begins, last_line), BadRecord(f"is not a row of a table: {error}")
                continue
            except UnicodeError as error:
                raise ReaderError(
                    f"{path} line {begins} is not {form.encoding} text: {error}.", "Say --set encoding=NAME."
                ) from None
            last_line = table.line_num
            if not values:
                continue
            if len(values) > len(columns) and form.join_overflow:
                values[len(columns) - 1 :] = [delimiter.join(values[len(columns) - 1 :])]
            if len(values) != len(columns):
                problem = BadRecord(f"has {len(values)} fields, the header has {len(columns)}")
                yield _lines(begins, last_line), problem
            elif not is_text("".join(values)):
                yield _lines(begins, last_line), BadRecord(f"is not {form.encoding} text, or contains NUL characters")
            else:
                yield f"line {last_line}", (columns, values)


def _lines(first: int, last: int) -> str:
    return f"line {last}" if first >= last else f"lines {first} to {last}"


def _json_lines(path: str, encoding: str) -> Iterator[tuple[str, Row | BadRecord]]:
    with open(path, encoding=encoding, errors="surrogateescape") as file:
        columns: tuple[str, ...] = ()
        number = 0
        while line := file.readline(MAX_LINE_CHARS):
            number += 1
            at = f"line {number}"
            if len(line) == MAX_LINE_CHARS:
                yield at, BadRecord(f"is longer than {MAX_LINE_CHARS:,} characters")
                while line and not line.endswith("\n"):
                    line = file.readline(MAX_LINE_CHARS)
                continue
            if not line.strip():
                continue
            if not is_text(line):
                yield at, BadRecord(f"is not {encoding} text, or contains NUL characters")
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield at, BadRecord(f"is not JSON: {error}")
                continue
            if not isinstance(record, dict):
                yield at, BadRecord(f"is not a JSON object but {type(record).__name__}")
                continue
            if tuple(record) != columns:
                columns = tuple(record)
            yield at, (columns, list(record.values()))


def _parquet(path: str) -> Iterator[tuple[str, Row | BadRecord]]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            columns = tuple(file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                try:
                    in_columns = [column.to_pylist() for column in batch.columns]
                except UnicodeDecodeError as error:
                    last = number + batch.num_rows
                    raise ReaderError(f"{path} rows {number + 1} to {last}: text that is not UTF-8: {error}.") from None
                for values in zip(*in_columns, strict=True):
                    number += 1
                    yield f"row {number}", (columns, values)
    except ArrowException as error:
        raise ReaderError(f"{path} is not a Parquet file that can be read: {str(error).splitlines()[0]}") from None
