"""Writing a report's file: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
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
    with written_whole(out) as part:
        part.write_bytes(content)


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """Give a file to write into, which takes the place of ``out`` at once when the block ends, or is removed.

    Raises:
        UsageError: the folder cannot be written, or the disk is full.
    """
    part = None
    try:
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name[:100]}.")
        os.close(descriptor)
        part = Path(name)
        yield part
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, out)
        part = None
    except OSError as error:
        raise UsageError(f"cannot write {str(out)!r}: {error.strerror or error}.", "Name another file.") from None
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
