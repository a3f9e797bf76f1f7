"""The text files of the DeepFashion benchmarks: a count, the column names, then a line per image."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TextIO

from fashion_match import ReaderError
from fashion_match.plugins.readers.record import BadRecord
from fashion_match.plugins.readers.source import child

FOLDERS = ("anno", "anno_coarse", "eval")
"""Where the files lie below the benchmark's folder; the folder itself is looked into first."""


def find_file(root: str, *names: str) -> str | None:
    """Return the first file called as one of ``names``, in ``root`` or the folders that benchmarks keep theirs in."""
    places = [root, *(place for folder in FOLDERS if (place := child(root, folder)) and os.path.isdir(place))]
    return next((path for place in places if (path := child(place, *names))), None)


class AnnotationFile:
    """One such file, open for reading line after line.

    Raises:
        ReaderError: its first two lines are not a count and the names of columns.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file: TextIO = open(path, encoding="utf-8", errors="replace")  # noqa: SIM115  closed by `lines`
        except OSError as error:
            raise ReaderError(f"{path} cannot be read: {error.strerror}.") from None
        count, header = self._file.readline(), self._file.readline()
        if not count.strip().isdecimal() or not header.strip():
            self._file.close()
            raise ReaderError(
                f"{path} line 1 is {count.strip()[:40]!r}; expected the number of lines.",
                "Use the benchmark's file as it was published.",
            )
        self.count = int(count)
        self.columns = header.split()

    def lines(self) -> Iterator[tuple[int, str, dict[str, str] | BadRecord]]:
        """Yield line number, image name, and the values by column name, or what is wrong with the line.

        A line may have fewer values than there are columns for landmarks, because garments have four, six or eight.
        """
        n_lines = 0
        with self._file as file:
            for number, line in enumerate(file, start=3):
                values = line.split()
                if not values:
                    continue
                n_lines += 1
                wanted = [name for name in self.columns if not name.startswith("landmark_")]
                if len(values) < len(wanted):
                    yield number, values[0], BadRecord(f"has {len(values)} values; expected {', '.join(wanted)}")
                else:
                    yield number, values[0], dict(zip(wanted, values, strict=False))
        if n_lines != self.count:
            problem = BadRecord(f"the file announces {self.count} lines but has {n_lines}: it is cut off or edited")
            yield 1, "", problem


class Lookup:
    """Values by image name from a file that is mostly in the same order as the one that drives the reading.

    Lines that were passed over on the way to a name are kept until they are asked for: none in the same order.
    """

    def __init__(self, path: str | None) -> None:
        self._file = AnnotationFile(path) if path else None
        self._lines = self._file.lines() if self._file else iter(())
        self._passed: dict[str, dict[str, str] | BadRecord] = {}

    @property
    def path(self) -> str:
        return self._file.path if self._file else ""

    def get(self, name: str) -> Mapping[str, str]:
        """Return the values of the image; none where there is no file. Raises BadRecord for a bad or missing line."""
        found = self._passed.pop(name, None)
        if found is None:
            for number, other, values in self._lines:
                if isinstance(values, BadRecord):
                    values = BadRecord(f"{os.path.basename(self.path)} line {number}: {values.detail}", values.reason)
                if other == name:
                    found = values
                    break
                self._passed[other] = values
        if isinstance(found, BadRecord):
            raise found
        if found is None and self._file is not None:
            raise BadRecord(f"{os.path.basename(self.path)} has no line for it")
        return found or {}
