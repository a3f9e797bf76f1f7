"""What the user names as a source, checked before it is read."""

from __future__ import annotations

import errno
import os

from fashion_match import ReaderError, did_you_mean


def existing(source: str) -> str:
    """Return the absolute path of ``source``.

    Raises:
        ReaderError: nothing is there, or it cannot be reached; near names are suggested.
    """
    path = os.path.abspath(source)
    try:
        os.stat(path)
    except ValueError:
        raise ReaderError(f"{source!r} cannot be a path: it contains a NUL character.") from None
    except OSError as error:
        raise _unreachable(source, path, error) from None
    return path


def existing_folder(source: str) -> str:
    """Return the absolute path of the folder ``source``. Raises ReaderError where it is none."""
    path = existing(source)
    if not os.path.isdir(path):
        raise ReaderError(f"{source!r} is a file, but this reader reads a folder.", "Name the folder that it lies in.")
    return path


def child(folder: str, *names: str) -> str | None:
    """Return the first entry of ``folder`` that is called as one of ``names``, in upper or lower case."""
    found = {name.casefold(): name for name in listing(folder)}
    return next((os.path.join(folder, found[name]) for name in names if name in found), None)


def listing(folder: str) -> list[str]:
    """Return the names in ``folder``, sorted, hidden ones left out. Raises ReaderError where it cannot be listed."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise ReaderError(f"the folder {folder!r} cannot be read: {error.strerror}.") from None


def _unreachable(source: str, path: str, error: OSError) -> ReaderError:
    if error.errno == errno.ELOOP:
        return ReaderError(f"{source!r} is a link that leads back to itself.", "Name the folder or file that is meant.")
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        return ReaderError(f"{source!r} cannot be read: {error.strerror}.", "Check its permissions.")
    if os.path.islink(path):
        return ReaderError(f"{source!r} is a link to {os.readlink(path)!r}, which does not exist.")
    parent = os.path.dirname(path)
    while not os.path.isdir(parent):  # ends at the root at the latest
        path, parent = parent, os.path.dirname(parent)
    try:
        names = listing(parent)
    except ReaderError:
        names = []
    remedy = did_you_mean(os.path.basename(path), names, what="names")
    if not remedy.startswith("Did you"):  # a list of all that is there would help nobody
        remedy = f"Name what is to be read by its path, from {os.getcwd()} or in full."
    return ReaderError(f"there is no file or folder {source!r}.", remedy)
