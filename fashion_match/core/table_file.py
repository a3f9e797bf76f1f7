"""Rows as a file that other tools read: CSV, JSON lines or Parquet by its name; whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from fashion_match.core.output import check_output, written_whole

TABLE_FORMATS = (".csv", ".jsonl", ".ndjson", ".parquet")
ROW_GROUP = 8192
"""Rows held in memory at once."""

Columns = Mapping[str, type]
"""Names of columns and what stands in them: str, int, float or bool; any of them may be missing in a row."""


def write_table(out: Path, columns: Columns, rows: Iterable[Sequence[object]]) -> int:
    """Write rows, a value for each column, and return how many.

    In CSV a missing value is empty, and true and false are 1 and 0; in JSON lines a missing value is left out.

    Raises:
        UsageError: ``out`` has another ending, or cannot be written.
    """
    check_output(out, TABLE_FORMATS)
    write = {".csv": _write_csv, ".parquet": _write_parquet}.get(out.suffix.lower(), _write_json_lines)
    with written_whole(out) as part:
        return write(part, columns, rows)


def path_text(path: Path | None) -> str | None:
    """Return a path as text that every format holds; a name that is no text (possible on Linux) as a ``file:`` URI."""
    if path is None:
        return None
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return text


def _write_csv(out: Path, columns: Columns, rows: Iterable[Sequence[object]]) -> int:
    n = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([int(value) if isinstance(value, bool) else value for value in row])
            n += 1
    return n


def _write_json_lines(out: Path, columns: Columns, rows: Iterable[Sequence[object]]) -> int:
    n = 0
    with out.open("w", encoding="utf-8") as file:
        for row in rows:
            present = {name: value for name, value in zip(columns, row, strict=True) if value is not None}
            file.write(json.dumps(present, ensure_ascii=False) + "\n")
            n += 1
    return n


def _write_parquet(out: Path, columns: Columns, rows: Iterable[Sequence[object]]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds: dict[type, Any] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema([pa.field(name, kinds[kind]) for name, kind in columns.items()])
    n = 0
    with pq.ParquetWriter(out, schema) as writer:
        for group in _groups(rows):
            values = zip(*group, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            n += len(group)
    return n


def _groups(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    every = iter(rows)
    while group := list(islice(every, ROW_GROUP)):
        yield group
