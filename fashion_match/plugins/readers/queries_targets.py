"""Reader ``queries-targets``: photos of garments as people wear them, and the product photos that they show."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from fashion_match import Failure, Item, Options, ReaderError, Reason
from fashion_match.plugins.readers.photo import is_photo, stem
from fashion_match.plugins.readers.record import BadRecord, is_text, make_failure, make_item
from fashion_match.plugins.readers.source import child, existing_folder
from fashion_match.plugins.readers.walk import walk_photos

RECORD = "record.csv"


class QueriesTargetsOptions(Options):
    """Options of ``queries-targets``."""

    pairs: str | None = Field(
        None, description="table of QUERY,TARGET file names; by default record.csv in the folder, where there is one"
    )


@dataclass
class _Pairs:
    """Which target each query shows. Names are paths relative to the folder that the photos lie in."""

    file: str
    target_of: dict[str, str] = field(default_factory=dict)
    line_of: dict[str, int] = field(default_factory=dict)
    problems: list[Failure] = field(default_factory=list)


class QueriesTargetsReader:
    """Reads ``queries/`` and ``targets/``, or one folder of photos with a table of pairs.

    ``skipped`` counts the files passed over because they are no photos.
    """

    def __init__(self, options: QueriesTargetsOptions) -> None:
        self._options = options
        self.skipped: Counter[str] = Counter()

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield the targets (gallery), then the queries; a query has the label of its target.

        Raises:
            ReaderError: a folder is missing or has no photos, or the table of pairs cannot be read.
        """
        root = existing_folder(source)
        self.skipped.clear()
        queries, targets, pairs_file = child(root, "queries"), child(root, "targets"), self._pairs_file(root)
        pairs = _read_pairs(pairs_file) if pairs_file else None
        if pairs:
            yield from pairs.problems
        if queries and targets:
            yield from self._in_two_folders(root, queries, targets, pairs)
        elif pairs:
            yield from self._in_one_folder(root, pairs)
        else:
            raise ReaderError(
                f"{source!r} has no folders queries and targets, and no {RECORD}.",
                "Name a table of pairs with --set pairs=FILE.",
            )

    def _pairs_file(self, root: str) -> str | None:
        given = self._options.pairs
        if given is None:
            return child(root, RECORD)
        for path in (os.path.join(root, given), os.path.abspath(given)):
            if os.path.isfile(path):
                return path
        raise ReaderError(f"there is no table of pairs {given!r}.", f"Name it from {root!r}, or in full.")

    def _in_two_folders(self, root: str, queries: str, targets: str, pairs: _Pairs | None) -> Iterator[Item | Failure]:
        for record in self._photos(root, targets):
            yield record if isinstance(record, Failure) else self._target(root, record)
        unseen = set(pairs.target_of) if pairs else set()
        for record in self._photos(root, queries):
            if isinstance(record, Failure):
                yield record
                continue
            name = record.partition("/")[2]
            if pairs is None:
                label = name.partition("/")[0] if "/" in name else None
            else:
                unseen.discard(name)
                label = _label(pairs.target_of[name]) if name in pairs.target_of else None
            yield self._make(root, record, label, "query")
        if pairs:
            yield from self._missing(pairs, unseen)

    def _in_one_folder(self, root: str, pairs: _Pairs) -> Iterator[Item | Failure]:
        unseen = set(pairs.target_of)
        targets = set(pairs.target_of.values())
        for record in walk_photos(root, self.skipped):
            if isinstance(record, Failure):
                yield record
            elif record in pairs.target_of:
                unseen.discard(record)
                yield self._make(root, record, _label(pairs.target_of[record]), "query")
            else:
                yield self._make(root, record, _label(record) if record in targets else None, "gallery")
        yield from self._missing(pairs, unseen)

    def _photos(self, root: str, folder: str) -> Iterator[str | Failure]:
        """Yield the photos of ``queries/`` or ``targets/``, relative to the root."""
        name = os.path.basename(folder)
        for found in walk_photos(folder, self.skipped):
            yield found if isinstance(found, Failure) else f"{name}/{found}"

    def _target(self, root: str, record: str) -> Item | Failure:
        name = record.partition("/")[2]
        return self._make(root, record, name.partition("/")[0] if "/" in name else stem(name), "gallery")

    def _make(self, root: str, record: str, label: str | None, role: str) -> Item | Failure:
        image = f"{root}/{record}"
        try:
            return make_item(id=record, image=Path(image), label=label, role=role)
        except BadRecord as error:
            return make_failure(image, error)

    def _missing(self, pairs: _Pairs, unseen: set[str]) -> Iterator[Failure]:
        for name in sorted(unseen, key=pairs.line_of.__getitem__):
            problem = BadRecord(f"there is no photo {name!r}", Reason.MISSING_FILE)
            yield make_failure(pairs.file, problem, item=name, at=f"line {pairs.line_of[name]}")


def _label(target: str) -> str:
    """Return the label of a target that lies in one folder with others, or in a folder of its own."""
    return target.partition("/")[0] if "/" in target else stem(target)


def _bare(name: str) -> str:
    """Return a path of the table as it is below ``queries/`` or ``targets/``, whether or not it names that folder."""
    path = name.strip().replace("\\", "/").removeprefix("./")
    first, slash, rest = path.partition("/")
    return rest if slash and first.casefold() in ("queries", "targets") else path


def _read_pairs(file: str) -> _Pairs:
    """Read QUERY,TARGET rows; a first row that names no photos is a header."""
    pairs = _Pairs(file)
    try:
        with open(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            delimiter = "\t" if file.lower().endswith((".tsv", ".tab")) else ","
            rows = csv.reader(text, delimiter=delimiter)
            while True:
                try:
                    row = next(rows)
                    _add(pairs, row, rows.line_num)
                except StopIteration:
                    break
                except csv.Error as error:
                    problem = BadRecord(f"is not a row of a table: {error}")
                    pairs.problems.append(make_failure(file, problem, at=f"line {rows.line_num}"))
                except BadRecord as error:
                    pairs.problems.append(make_failure(file, error, at=f"line {rows.line_num}"))
    except OSError as error:
        raise ReaderError(f"{file} cannot be read: {error.strerror}.") from None
    if not pairs.target_of:
        raise ReaderError(f"{file} has no pairs.", "Each line must name two photos: QUERY,TARGET.")
    return pairs


def _add(pairs: _Pairs, row: list[str], line: int) -> None:
    if not any(row) or (line == 1 and not any(map(is_photo, row))):
        return
    if len(row) < 2 or not is_text("".join(row)):
        raise BadRecord("expected the file names of two photos: QUERY,TARGET")
    query, target = map(_bare, row[:2])
    if not query or not target:
        raise BadRecord("expected the file names of two photos: QUERY,TARGET")
    known = pairs.target_of.setdefault(query, target)
    if known != target:
        raise BadRecord(f"{query} shows {known} by line {pairs.line_of[query]}, and {target} here")
    pairs.line_of.setdefault(query, line)
