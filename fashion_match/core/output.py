"""Writing a report's file: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from fashion_match.core.error import UsageError


def check_output(out: Path, suffixes: Collection[str]) -> None:
    """Raise UsageError where ``out`` has none of ``suffixes`` or cannot be written. Nothing is left behind.

    Asked before the work, it spares the user a result that has nowhere to go.
    """
    if out.suffix.lower() not in suffixes:
        raise UsageError(
            f"cannot write {str(out)!r}: its name does not end in a kind of file that is known here.",
            f"Let it end in {' or '.join(sorted(suffixes))}.",
        )
    if out.is_dir():
        raise UsageError(f"cannot write {str(out)!r}: it is a folder.", "Name a file in it.")
    if not out.parent.is_dir():
        raise UsageError(f"cannot write {str(out)!r}: there is no folder {str(out.parent)!r}.", "Make it first.")
    if not os.access(out.parent, os.W_OK):
        raise UsageError(f"cannot write {str(out)!r}: no permission in {str(out.parent)!r}.", "Name another folder.")


def write_whole(out: Path, content: bytes) -> None:
    """Replace ``out`` by ``content`` at once: who reads it sees the old file or the new one, never a part.

    Raises:
        UsageError: the folder cannot be written, or the disk is full.
    """
    part = None
    try:
        descriptor, part = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name[:100]}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, out)
    except OSError as error:
        if part is not None:
            Path(part).unlink(missing_ok=True)
        raise UsageError(f"cannot write {str(out)!r}: {error.strerror or error}.", "Name another file.") from None


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
