"""The provenance of a collected data set, which is also how far collecting has come: JSON lines, only ever added to.

A line is written when its file is whole, so what is here is there. A kill costs the line being written at most.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from fashion_match.core.collect.record import Entry
from fashion_match.core.error import UsageError

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class Provenance:
    """What became of each address so far. About 3 KB of memory for each.

    Args:
        file: made with its first line.
        writable: ``False`` reads a file that another process may be adding to, and leaves it as it is.

    Raises:
        UsageError: a line of the file is not one of ours; an unfinished last line is cut off instead.
    """

    def __init__(self, file: Path, *, writable: bool = True) -> None:
        self.file = file
        self.by_address: dict[str, Entry] = {}
        self.items: dict[str, Entry] = {}
        """By id, what an item is now."""
        self._by_content: dict[str, Entry] = {}
        self._stream: int | None = None
        try:
            self._load(writable)
            if writable:
                self._stream = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_LINK, 0o666)
        except OSError as error:
            raise UsageError(f"{file} cannot be used: {error.strerror}.", "Name another --out.") from None

    def add(self, entry: Entry) -> None:
        """Write a line, whole before this returns as far as other processes can see."""
        assert self._stream is not None
        line = entry.model_dump_json(exclude_defaults=True).encode() + b"\n"
        while line:
            line = line[os.write(self._stream, line) :]
        self._apply(entry)

    def owner(self, sha256: str) -> Entry | None:
        """Return the item that has the photo of this content."""
        entry = self._by_content.get(sha256)
        return entry if entry is not None and entry.id and self.items.get(entry.id) is entry else None

    def close(self) -> None:
        if self._stream is not None:
            os.close(self._stream)
            self._stream = None

    def _apply(self, entry: Entry) -> None:
        before = self.by_address.get(entry.address)
        self.by_address[entry.address] = entry
        if before is not None and before.has_photo and entry.reason is not None:
            # What cannot be had any more does not take away what is there.
            self.by_address[entry.address] = before
            return
        if before is not None and before.id and self.items.get(before.id) is before:
            del self.items[before.id]
        if not entry.has_photo:
            return
        assert entry.id is not None
        assert entry.sha256 is not None
        self.items[entry.id] = entry
        self._by_content[entry.sha256] = entry

    def _load(self, writable: bool) -> None:
        whole = 0
        try:
            with self.file.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    if not line.endswith(b"\n"):  # a run was killed while it wrote it
                        if writable:
                            os.truncate(self.file, whole)
                        break
                    whole += len(line)
                    self._apply(_entry(self.file, number, line))
        except FileNotFoundError:
            return


def _entry(file: Path, number: int, line: bytes) -> Entry:
    try:
        entry = Entry.model_validate_json(line)
        if entry.has_photo and not (entry.id and entry.sha256 and entry.file):
            raise ValueError
        return entry
    except (ValidationError, ValueError):
        raise UsageError(
            f"{file}, line {number} is no line of provenance.", "Remove that line, or collect into a new folder."
        ) from None
