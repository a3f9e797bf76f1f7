"""What every reader promises."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from fashion_match.core.error import FashionMatchError, ReaderError
from fashion_match.core.item import STANDARD_ATTRIBUTES, Failure, Item
from fashion_match.testing.contract import Skip, Subject, options_refuse_what_they_do_not_know, require

SAMPLE = 200
"""Records of a source that are looked at."""
FEW = 10


@dataclass
class ReaderSubject(Subject):
    source: str | None = None

    def open(self) -> Any:
        return self.entry.make(self.options)

    def read(self) -> Iterator[Item | Failure]:
        if self.source is None:
            raise Skip("needs a source: give one with --source")
        return iter(self.open().read(self.source))

    @cached_property
    def records(self) -> list[Item | Failure]:
        return list(islice(self.read(), SAMPLE))

    @property
    def items(self) -> list[Item]:
        return [record for record in self.records if isinstance(record, Item)]


def can_be_made_without_a_source(subject: ReaderSubject) -> None:
    require(callable(getattr(subject.open(), "read", None)), "the factory must return an object with a method read()")


def a_missing_source_is_a_reader_error(subject: ReaderSubject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        missing = str(Path(folder) / "no-such-source")
        try:
            record = next(iter(subject.open().read(missing)), None)
        except ReaderError as error:
            require("no-such-source" in str(error), f"the ReaderError must name the source, but says: {error}")
            return
        if isinstance(record, Item):
            raise Skip("it makes its own source")
    raise AssertionError(f"a source that does not exist must raise ReaderError, but read() gave {record!r}")


def nonsense_is_refused_without_a_traceback(subject: ReaderSubject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty, filled = Path(folder) / "empty", Path(folder) / "filled"
        empty.mkdir()
        filled.mkdir()
        noise = bytes(range(256)) * 8
        for name in ("a_1.jpg", "table.csv", "items.json", "list.txt"):
            (filled / name).write_bytes(noise)
        for source in (empty, filled, *sorted(filled.iterdir())):
            try:
                for record in islice(subject.open().read(str(source)), FEW):
                    require(isinstance(record, Item | Failure), f"read() yielded {type(record).__name__}")
            except FashionMatchError:
                pass
            except Exception as error:
                what = "an empty folder" if source == empty else f"random bytes in {source.name!r}"
                raise AssertionError(
                    f"{what} must give a ReaderError or Failures, but raised {type(error).__name__}: {error}"
                ) from error


def streams_its_records(subject: ReaderSubject) -> None:
    stream = subject.open().read(subject.source) if subject.source is not None else subject.read()
    built_first = tuple(map(type, map(iter, ([], (), {}.values(), set()))))
    streamed = hasattr(stream, "__next__") and not isinstance(stream, built_first)
    require(
        streamed, f"read() must be a generator that holds one record at a time, but returns {type(stream).__name__}"
    )
    if hasattr(stream, "close"):
        stream.close()


def yields_items_and_failures(subject: ReaderSubject) -> None:
    for record in subject.records:
        require(isinstance(record, Item | Failure), f"read() must yield Item or Failure, not {type(record).__name__}")
        type(record).model_validate(record.model_dump())
    failures = [record for record in subject.records if isinstance(record, Failure)]
    first = f"; the first failure: {failures[0].detail}" if failures else ""
    require(subject.items, f"read() gave no item from {subject.source!r}{first}")


def ids_are_unique(subject: ReaderSubject) -> None:
    seen: set[str] = set()
    for item in subject.items:
        require(item.id not in seen, f"ids must be unique, but {item.id!r} comes twice")
        seen.add(item.id)


def ids_are_the_same_on_every_reading(subject: ReaderSubject) -> None:
    again = [record.id for record in islice(subject.read(), SAMPLE) if isinstance(record, Item)]
    first = [item.id for item in subject.items]
    different = next((pair for pair in zip(first, again, strict=False) if pair[0] != pair[1]), (len(first), len(again)))
    require(first == again, f"ids must be the same on every reading, but were {different[0]!r}, then {different[1]!r}")


def photos_are_found_from_here(subject: ReaderSubject) -> None:
    photos = [item.image for item in subject.items if item.image is not None]
    if not photos:
        raise Skip("its items have no photos")
    require(any(photo.exists() for photo in photos), f"no photo is where its item says; the first is {photos[0]}")


def standard_attributes_have_their_standard_names(subject: ReaderSubject) -> None:
    standard = {name.casefold(): name for name in STANDARD_ATTRIBUTES} | {"colour": "color"}
    for item in subject.items:
        for name in item.attributes:
            wanted = standard.get(name.casefold(), name)
            require(name == wanted, f"the attribute {name!r} of item {item.id!r} must be called {wanted!r}")


def scores_belong_to_attributes(subject: ReaderSubject) -> None:
    for item in subject.items:
        surplus = sorted(item.scores.keys() - item.attributes.keys())
        require(not surplus, f"item {item.id!r} has a score for {surplus}, but no such attribute")


READER_CHECKS = (
    can_be_made_without_a_source,
    options_refuse_what_they_do_not_know,
    a_missing_source_is_a_reader_error,
    nonsense_is_refused_without_a_traceback,
    streams_its_records,
    yields_items_and_failures,
    ids_are_unique,
    ids_are_the_same_on_every_reading,
    photos_are_found_from_here,
    standard_attributes_have_their_standard_names,
    scores_belong_to_attributes,
)
