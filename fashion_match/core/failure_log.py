"""The quarantine report: one JSON line for every item that could not be stored."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from fashion_match.core.error import UsageError
from fashion_match.core.item import Failure, Reason


class FailureLog:
    """Collects failures as they come; on `close` the finished file takes the place of the last ingest's.

    A run that is killed leaves the last report as it was. A run without failures leaves none.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.by_reason: Counter[Reason] = Counter()
        file.parent.mkdir(parents=True, exist_ok=True)
        self._unfinished = file.with_name(f"{file.name}.{os.getpid()}.part")
        self._stream = self._unfinished.open("w", encoding="utf-8")

    def add(self, failure: Failure) -> None:
        self.by_reason[failure.reason] += 1
        self._stream.write(failure.model_dump_json() + "\n")

    @property
    def n(self) -> int:
        return self.by_reason.total()

    def __enter__(self) -> FailureLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        if self.n:
            self._unfinished.replace(self.file)
        else:
            self._unfinished.unlink()
            if kind is None:
                self.file.unlink(missing_ok=True)


def read_failures(file: Path) -> Iterator[Failure]:
    """Yield the failures of the last ingest.

    Raises:
        UsageError: a line is not a failure.
    """
    if not file.exists():
        return
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield Failure.model_validate_json(line)
            except ValidationError:
                raise UsageError(
                    f"{file}, line {number} is not a failure of an ingest.", "Run the ingest without --retry-failed."
                ) from None
