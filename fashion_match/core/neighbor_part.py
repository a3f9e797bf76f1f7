"""The neighbours that are known so far, beside the file that they will be written to: what a killed run leaves behind.

A line of JSON says what they are the neighbours of; then follow K numbers of rows (int32) and K cosines (float32) for
each item in turn. Records are only ever added, each block at once, so a torn one at the end is all that a kill costs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from fashion_match.core.error import StoreError, UsageError
from fashion_match.core.store.lock import Lock, holder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1


class NeighborPart:
    """Held by one process, from the ``with`` on; what is unfinished stays when it ends, `remove` is for what is done.

    Args:
        out: the file that is wanted in the end.
        notify: told when something that was begun cannot be gone on with.
    """

    def __init__(self, out: Path, notify: Callable[[str], None] = lambda _: None) -> None:
        self.out = out
        self._notify = notify
        self._file = out.with_name(f".{out.name[:100]}.part")
        self._lock_file = out.with_name(f".{out.name[:100]}.lock")
        self._opened: IO[bytes] | None = None

    def __enter__(self) -> NeighborPart:
        """Raises UsageError where another process writes the same file, or the folder cannot be written."""
        try:
            self._lock = Lock(self._lock_file, str(self.out), 0)
        except StoreError:
            raise UsageError(
                f"{self.out} is being written by {holder(self._lock_file) or 'another process'}.",
                "Wait for it to end, or name another file.",
            ) from None
        except OSError as error:
            raise self._refused(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.close()
        with suppress(OSError):  # a system that removes no open file keeps an empty one
            self._lock_file.unlink(missing_ok=True)
        self._lock.release()

    def begin(
        self, request: Mapping[str, object], k: int, n: int, block: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return what is known already, rows and cosines (done x K) of the first items; what is not of use is dropped.

        Args:
            request: what the neighbours depend on: of another one, what is known is of no use.
            k: neighbours of each item.
            n: items in all.
            block: items that are added at a time. What is known of a part of a block is computed again, so that the
                same products are rounded the same way as without a kill.
        """
        import numpy as np

        head = json.dumps({"version": VERSION, **request}, sort_keys=True).encode() + b"\n"
        try:
            before = self._file.read_bytes() if self._file.exists() else b""
        except OSError as error:
            raise self._refused(error) from None
        if before and not before.startswith(head):
            self._notify(
                f"{self._file.name} was left by another request, or the collection has changed since: begun anew."
            )
            before = b""
        size = 8 * k
        n_done = min(max(len(before) - len(head), 0) // size, n)
        if n_done < n:
            n_done -= n_done % block
        known = np.frombuffer(before, np.uint8, n_done * size, offset=len(head) if n_done else 0).reshape(n_done, size)
        try:
            self._opened = self._file.open("r+b" if before else "w+b")
            if not before:
                self._opened.write(head)
            self._opened.truncate(len(head) + n_done * size)
            self._opened.seek(0, 2)
            self._opened.flush()
        except OSError as error:
            raise self._refused(error) from None
        if n_done:
            self._notify(f"{n_done:,} items were done before; it goes on from there.")
        rows = np.ascontiguousarray(known[:, : 4 * k]).view(np.int32).reshape(n_done, k)
        cosines = np.ascontiguousarray(known[:, 4 * k :]).view(np.float32).reshape(n_done, k)
        return rows, cosines

    def add(self, rows: NDArray[np.int32], cosines: NDArray[np.float32]) -> None:
        """Keep the neighbours (B x K) of the next items; they survive a kill from here on."""
        import numpy as np

        assert self._opened is not None
        both = np.concatenate([rows.view(np.uint8), cosines.view(np.uint8)], axis=1)
        try:
            self._opened.write(both.tobytes())
            self._opened.flush()
        except OSError as error:
            raise self._refused(error) from None

    def remove(self) -> None:
        """Forget it, because the file that is wanted is there."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        self._file.unlink(missing_ok=True)

    def _refused(self, error: OSError) -> UsageError:
        return UsageError(
            f"cannot write {str(self.out)!r}: {error.strerror or error}.", "Free the disk, or name another file."
        )
