"""``fm readers check``: what a reader would yield for a source, before any model is loaded."""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from fashion_match.core.item import Failure, Item, Reason, Record
from fashion_match.core.protocol import Reader

N_TOP = 20
"""Values of an attribute that are listed by name; all are counted."""

N_EXAMPLES = 5
"""Cases of a problem that are listed; all are counted."""

MAX_VALUES = 10_000
"""Distinct values of one attribute that are told apart; names and descriptions would fill the memory otherwise."""


class AttributeCount(Record):
    """How often an attribute occurs, and with which values."""

    n_items: int
    n_distinct: int
    """Different values; ``MAX_VALUES`` means that many or more."""
    top: dict[str, int]
    """Most frequent values first."""


class LabelCount(Record):
    """How items share labels."""

    n_items: int
    n_labels: int
    n_single: int
    """Labels of a single item, of which no pair can be made."""
    min: int
    median: float
    max: int
    """Items of a label."""


class Examples(Record):
    """A problem: how often, and the first few cases."""

    n: int
    first: list[str]


class SourceCheck(Record):
    """What `check_source` found."""

    source: str
    n_items: int
    n_failures: int
    failures: dict[Reason, Examples]
    """What the reader itself could not make an item of."""
    skipped: dict[str, int]
    """What the reader passed over by intent, where it counts that: other files, styles with too few photos."""
    n_without_photo: int
    """Items that the source gives attributes for, but no photo."""
    attributes: dict[str, AttributeCount]
    labels: LabelCount | None
    splits: dict[str, int]
    roles: dict[str, int]
    missing_files: Examples
    empty_files: Examples
    """Photos of zero bytes."""
    duplicate_ids: Examples
    """Items that an ingest would refuse: their id was seen before."""
    duplicate_files: Examples
    """Items with the same photo file and box as one before."""
    duplicate_contents: Examples
    """Photos that are byte by byte the same as one before, under another name."""

    @property
    def n_problems(self) -> int:
        """Items that would not be stored."""
        bad = (self.missing_files, self.empty_files, self.duplicate_ids)
        return self.n_failures + self.n_without_photo + sum(examples.n for examples in bad)


def check_source(reader: Reader, source: str) -> SourceCheck:
    """Read ``source`` to its end and count; photos are looked at, but only compared where two have the same size.

    About 300 bytes are kept for each item, and no item itself.

    Raises:
        ReaderError: the source as a whole cannot be read.
    """
    tally = _Tally()
    for record in reader.read(source):
        if isinstance(record, Failure):
            tally.add_failure(record)
        else:
            tally.add_item(record)
    skipped: Mapping[str, int] = getattr(reader, "skipped", {})
    return SourceCheck(
        source=source,
        n_items=tally.n_items,
        n_failures=sum(problem.n for problem in tally.failures.values()),
        failures={reason: tally.failures[reason].record() for reason in Reason if reason in tally.failures},
        skipped=dict(sorted(skipped.items())),
        n_without_photo=tally.n_without_photo,
        attributes={name: count.record() for name, count in sorted(tally.attributes.items())},
        labels=_label_count(tally.labels),
        splits=dict(tally.splits),
        roles=dict(tally.roles),
        missing_files=tally.missing.record(),
        empty_files=tally.empty.record(),
        duplicate_ids=tally.same_id.record(),
        duplicate_files=tally.same_file.record(),
        duplicate_contents=tally.same_content.record(),
    )


@dataclass
class _Problem:
    n: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        self.n += 1
        if len(self.first) < N_EXAMPLES:
            self.first.append(example)

    def record(self) -> Examples:
        return Examples(n=self.n, first=self.first)


@dataclass
class _Values:
    n_items: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, value: Any) -> None:
        self.n_items += 1
        for member in value if isinstance(value, list) else (value,):
            text = str(member)
            if text in self.counts or len(self.counts) < MAX_VALUES:
                self.counts[text] += 1

    def record(self) -> AttributeCount:
        top = sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:N_TOP]
        return AttributeCount(n_items=self.n_items, n_distinct=len(self.counts), top=dict(top))


@dataclass
class _Tally:
    n_items: int = 0
    n_without_photo: int = 0
    failures: dict[Reason, _Problem] = field(default_factory=dict)
    attributes: dict[str, _Values] = field(default_factory=dict)
    labels: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    missing: _Problem = field(default_factory=_Problem)
    empty: _Problem = field(default_factory=_Problem)
    same_id: _Problem = field(default_factory=_Problem)
    same_file: _Problem = field(default_factory=_Problem)
    same_content: _Problem = field(default_factory=_Problem)
    _ids: set[int] = field(default_factory=set)
    _views: set[int] = field(default_factory=set)
    _files: set[int] = field(default_factory=set)
    _contents: set[bytes] = field(default_factory=set)
    _first_of_size: dict[int, str | None] = field(default_factory=dict)
    """By size in bytes the first photo that has it; ``None`` once its content is among ``_contents``."""

    def add_failure(self, failure: Failure) -> None:
        self.failures.setdefault(failure.reason, _Problem()).add(f"{failure.file}: {failure.detail}")

    def add_item(self, item: Item) -> None:
        self.n_items += 1
        self.roles[item.role] += 1
        if item.label is not None:
            self.labels[item.label] += 1
        if item.split is not None:
            self.splits[item.split] += 1
        for name, value in item.attributes.items():
            self.attributes.setdefault(name, _Values()).add(value)
        if not _is_new(self._ids, item.id):
            self.same_id.add(item.id)
        if item.image is None:
            self.n_without_photo += 1
        else:
            self._add_photo(str(item.image), item)

    def _add_photo(self, path: str, item: Item) -> None:
        if not _is_new(self._views, (path, item.box)):
            self.same_file.add(f"{item.id}: {path}")
        is_new_file = _is_new(self._files, path)
        try:
            size = os.stat(path).st_size
            if not size:
                self.empty.add(path)
            elif is_new_file and self._is_copy(path, size):
                self.same_content.add(path)
        except (OSError, ValueError):
            self.missing.add(path)

    def _is_copy(self, path: str, size: int) -> bool:
        if size not in self._first_of_size:
            self._first_of_size[size] = path
            return False
        first = self._first_of_size[size]
        if first is not None:
            self._contents.add(_content(first))
            self._first_of_size[size] = None
        content = _content(path)
        if content in self._contents:
            return True
        self._contents.add(content)
        return False


def _is_new(seen: set[int], key: object) -> bool:
    """Add ``key`` to ``seen``, by its hash so that it weighs little; return whether it was not there."""
    before = len(seen)
    seen.add(hash(key))
    return len(seen) > before


def _content(path: str) -> bytes:
    digest = blake2b(digest_size=16)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.digest()


def _label_count(labels: Counter[str]) -> LabelCount | None:
    if not labels:
        return None
    sizes = sorted(labels.values())
    return LabelCount(
        n_items=sum(sizes),
        n_labels=len(sizes),
        n_single=sizes.count(1),
        min=sizes[0],
        median=statistics.median(sizes),
        max=sizes[-1],
    )
