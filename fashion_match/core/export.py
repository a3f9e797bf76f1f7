"""Write a collection, or the part of it that matches a filter, to a file that other tools read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from fashion_match.core.error import UsageError
from fashion_match.core.store.protocol import Stored, VectorStore
from fashion_match.core.where import Where

ROW_GROUP = 2048
"""Rows held in memory at once."""
OWN_FIELDS = ("id", "image", "label", "role", "split", "source")


def export(store: VectorStore, out: Path, *, where: Where = Where(), with_vectors: bool = False) -> int:
    """Write items to ``out`` (``.jsonl`` or ``.parquet``) and return how many; the file appears only when complete.

    A row has the item's own fields, its attributes under their names, and ``vector`` (E numbers) where asked for. The
    table reader reads both kinds of file back.

    Raises:
        UsageError: another extension, or a folder that cannot be written to.
    """
    writers = {".jsonl": _write_json_lines, ".ndjson": _write_json_lines, ".parquet": _write_parquet}
    write = writers.get(out.suffix.lower())
    if write is None:
        raise UsageError(f"{out} is neither .jsonl nor .parquet.", "Name the file after the format that you want.")
    rows = (_row(stored) for stored in store.scan(where, with_vectors=with_vectors))
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        n = write(store, rows, where, unfinished)
        unfinished.replace(out)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be written: {error.strerror}.", "Give a folder that exists and is yours."
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return n


def _row(stored: Stored) -> dict[str, Any]:
    item = stored.item
    image = None if item.image is None else str(item.image)
    row: dict[str, Any] = {"id": item.id, "image": image, "label": item.label, "role": item.role}
    row |= {"split": item.split, "source": stored.source, **item.attributes}
    if stored.vector is not None:
        row["vector"] = stored.vector
    return row


def _write_json_lines(store: VectorStore, rows: Iterator[dict[str, Any]], where: Where, out: Path) -> int:
    n = 0
    with out.open("w", encoding="utf-8") as file:
        for row in rows:
            present = {name: value for name, value in row.items() if value is not None}
            file.write(json.dumps(present, ensure_ascii=False) + "\n")
            n += 1
    return n


def _write_parquet(store: VectorStore, rows: Iterator[dict[str, Any]], where: Where, out: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # A column has one type: a text attribute that is a list in any row is a list in all of them.
    listed = {
        name
        for stored in store.scan(where)
        for name, value in stored.item.attributes.items()
        if isinstance(value, list)
    }
    types: dict[str, Any] = {"keyword": pa.string(), "integer": pa.int64(), "float": pa.float64()}
    fields = [pa.field(name, pa.string()) for name in OWN_FIELDS]
    fields += [
        pa.field(name, pa.list_(pa.string()) if name in listed else types[kind])
        for name, kind in sorted(store.spec.kinds.items())
    ]
    first = next(rows, {})
    if "vector" in first:
        fields.append(pa.field("vector", pa.list_(pa.float32(), store.spec.dim)))
    schema = pa.schema(fields)
    n = 0
    every = chain([first] if first else [], rows)
    with pq.ParquetWriter(out, schema) as writer:
        while group := list(islice(every, ROW_GROUP)):
            for row in group:
                for name in listed & row.keys():
                    row[name] = row[name] if isinstance(row[name], list) else [row[name]]
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            n += len(group)
    return n
