"""One process at a time: a lock of the operating system on a file that says who holds it.

The system lets go of it when the process ends, however it ends, so no lock is ever stale.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from fashion_match.core.error import StoreError
from fashion_match.core.item import Record

_POLL_S = 0.05


class Holder(Record):
    """Who holds a lock."""

    pid: int
    command: str
    host: str
    since: str
    """UTC time, ISO 8601."""

    def __str__(self) -> str:
        if self.pid == os.getpid() and self.host == socket.gethostname():
            return f"this process ({self.pid}) since {self.since}"
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{where} (`{self.command}`) since {self.since}"

    @classmethod
    def me(cls) -> Holder:
        command = shlex.join([os.path.basename(sys.argv[0]) or "python", *sys.argv[1:]])
        return cls(
            pid=os.getpid(),
            command=command if len(command) <= 200 else command[:197] + "...",
            host=socket.gethostname(),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
        )


class Lock:
    """A held lock; `release` it, or end.

    Args:
        file: made where it is missing; its folder must exist.
        what: what is locked, for the message: ``"the collection default in ./fm-data"``.
        timeout_s: how long to wait for another holder.

    Raises:
        StoreError: another process holds it; the message says which.
    """

    def __init__(self, file: Path, what: str, timeout_s: float) -> None:
        self.file = file
        deadline = time.monotonic() + timeout_s
        while (opened := _open_locked(file)) is None:
            if time.monotonic() >= deadline:
                raise held_error(what, holder(file))
            time.sleep(_POLL_S)
        self._opened = opened
        opened.write(Holder.me().model_dump_json().encode())
        opened.flush()

    def release(self) -> None:
        """Let go. A second call does nothing."""
        if not self._opened.closed:
            self._opened.truncate(0)
            _unlock(self._opened)
            self._opened.close()


def holder(file: Path) -> Holder | None:
    """Return who holds the lock on ``file``, or ``None`` where nobody does."""
    try:
        with file.open("rb+") as opened:
            if _try_lock(opened):
                _unlock(opened)
                return None
            return Holder.model_validate_json(opened.read())
    except FileNotFoundError:
        return None
    except (
        OSError,
        ValidationError,
        json.JSONDecodeError,
    ):  # taken this moment and not yet signed, or not ours to read
        return Holder(pid=0, command="unknown", host=socket.gethostname(), since="a moment ago")


def held_error(what: str, held: Holder | None) -> StoreError:
    """Return the error for a lock that is held by ``held``, or by someone unknown."""
    if held is None or held.pid == 0:
        return StoreError(f"{what} is held by another process.", "Wait for it to end, or end it, and try again.")
    if held.pid == os.getpid() and held.host == socket.gethostname():
        return StoreError(f"{what} is open in {held} already.", "Close the first one, or use it.")
    return StoreError(
        f"{what} is held by {held}.",
        "Wait for it to end, or end it; a Qdrant server (--store http://...) serves many processes at once.",
    )


def _open_locked(file: Path) -> IO[bytes] | None:
    opened = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "rb+", buffering=0)
    if not _try_lock(opened):
        opened.close()
        return None
    if not _is_still(opened, file):  # the holder before us removed the folder: lock what stands there now
        opened.close()
        return None
    opened.truncate(0)
    return opened


def _is_still(opened: IO[bytes], file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened.fileno()), file.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    _BYTE = 2**30  # Windows keeps others from reading locked bytes, so one far behind the text is locked

    def _try_lock(opened: IO[bytes]) -> bool:
        opened.seek(_BYTE)
        try:
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            opened.seek(0)
        return True

    def _unlock(opened: IO[bytes]) -> None:
        opened.seek(_BYTE)
        msvcrt.locking(opened.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(opened: IO[bytes]) -> bool:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(opened: IO[bytes]) -> None:
        fcntl.flock(opened, fcntl.LOCK_UN)
