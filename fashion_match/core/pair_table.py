"""Tables of pairs of photos: read, with what is known about them, and written, with what was found."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fashion_match.core.error import UsageError
from fashion_match.core.item import Record

NAMED = (("a", "b"), ("query", "target"))
"""Names of the two columns of photos; where there are none of these, it is the first two columns."""
KNOWN = ("same", "label")
"""Names of a column that says whether both photos show one style."""
YES, NO = ("1", "1.0", "true", "yes", "same"), ("0", "0.0", "false", "no", "different")
MISSING = ("", "nan")
DELIMITERS = ",;\t|"
"""Of a .csv; the one that its first line has most of is taken."""
WRITTEN = (".csv", ".jsonl")

Row = tuple[str, Sequence[str], Sequence[Any]]
"""Where a row stands, the names of its columns, and its values."""


class Pair(NamedTuple):
    """Two photos."""

    a: str
    """Path, as it was given."""
    b: str
    same: bool | None = None
    """Whether they show one style, where that is known."""


def read_pairs(table: Path) -> list[Pair]:
    """Read the pairs of a CSV, TSV, Parquet or JSON lines table.

    A delimited file needs no header: a first row in which neither name has an extension is one, unless there is such a
    photo. Without a header the third column, where there is one, says 0 or 1 for two styles or one.

    Raises:
        UsageError: the table cannot be read, or a row does not name two photos.
    """
    readers: dict[str, Callable[[Path], Iterator[Row]]] = dict.fromkeys((".csv", ".tsv", ".tab"), _delimited)
    readers |= {".parquet": _parquet, ".jsonl": _json_lines, ".ndjson": _json_lines}
    read = readers.get(table.suffix.lower())
    if read is None:
        raise UsageError(f"{table} is no table of pairs that is known here.", f"Known: {', '.join(readers)}.")
    try:
        pairs = [_pair(table, *row) for row in read(table)]
    except OSError as error:
        raise UsageError(f"{table} cannot be read: {error.strerror or error}.", "Give another table.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} is no table of UTF-8 text: {error}.", "Save it as CSV in UTF-8.") from None
    if not pairs:
        raise UsageError(f"{table} has no pairs.", "Each row must name two photos: QUERY,TARGET.")
    return pairs


def write_rows(rows: Iterable[Record], out: Path) -> None:
    """Write records to ``out``, as CSV with a header or as JSON lines: whole, or not at all.

    Raises:
        UsageError: it is of another kind, or cannot be written.
    """
    from fashion_match.core.output import check_output, write_whole

    check_output(out, WRITTEN)
    text = io.StringIO()
    if out.suffix.lower() == ".jsonl":
        text.writelines(f"{row.model_dump_json()}\n" for row in rows)
    else:
        values = [row.model_dump(mode="json") for row in rows]
        table = csv.DictWriter(text, list(values[0]) if values else [], lineterminator="\n")
        table.writeheader()
        table.writerows(values)
    write_whole(out, text.getvalue().encode("utf-8", "surrogateescape"))


def _delimited(table: Path) -> Iterator[Row]:
    with table.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = max(DELIMITERS, key=first.count) if table.suffix.lower() == ".csv" else "\t"
        rows = csv.reader(file, delimiter=delimiter)
        names: Sequence[str] = ("a", "b", KNOWN[0])
        for number, values in enumerate(rows):
            if number == 0 and _is_header(values, table.parent):
                names = values
            elif any(value.strip() for value in values):
                yield f"line {rows.line_num}", names, values


def _is_header(values: Sequence[str], folder: Path) -> bool:
    return not any(os.path.splitext(name)[1] or os.path.isfile(folder / name) for name in values[:2])


def _json_lines(table: Path) -> Iterator[Row]:
    with table.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise UsageError(f"{table} line {number} is not JSON: {error}.", "Correct it.") from None
                record = record if isinstance(record, dict) else {}
                yield f"line {number}", list(record), list(record.values())


def _parquet(table: Path) -> Iterator[Row]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(table) as file:
            number = 0
            for batch in file.iter_batches(batch_size=1024):
                for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield f"row {number}", batch.schema.names, values
    except ArrowException as error:
        raise UsageError(
            f"{table} is not a Parquet file that can be read: {str(error).splitlines()[0]}.", "Give another table."
        ) from None


def _pair(table: Path, at: str, names: Sequence[str], values: Sequence[Any]) -> Pair:
    places = {name.strip().casefold(): n for n, name in reversed(list(enumerate(names))) if n < len(values)}
    one, other = next(((places[a], places[b]) for a, b in NAMED if a in places and b in places), (0, 1))
    photos = [values[n].strip() for n in (one, other) if n < len(values) and isinstance(values[n], str)]
    if len(photos) < 2 or not all(photos):
        raise UsageError(f"{table} {at} does not name two photos.", "Each row must name two: QUERY,TARGET.")
    known = next((values[places[name]] for name in KNOWN if name in places), None)
    text = "" if known is None else str(known).strip().casefold()
    if text not in (*YES, *NO, *MISSING):
        raise UsageError(
            f"{table} {at} says {str(known)!r} where 1 or 0 would say whether both photos show one style.",
            "Correct it, leave it empty, or give the column another name.",
        )
    return Pair(photos[0], photos[1], None if text in MISSING else text in YES)
