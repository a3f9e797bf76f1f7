"""Walk a folder: every photo below it, in an order that is the same each time, and every link that leads nowhere."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator

from fashion_match import Failure, ReaderError, Reason
from fashion_match.plugins.readers.photo import SHOWN, is_photo
from fashion_match.plugins.readers.record import BadRecord, make_failure

Identity = tuple[int, int]
"""Device and inode: two paths with the same one are the same folder."""


def walk_photos(root: str, skipped: Counter[str], *, deep: bool = True) -> Iterator[str | Failure]:
    """Yield the photos below the folder ``root``, as posix paths relative to it, sorted part by part.

    Links are followed; one that leads back to a folder that it lies in is a `Failure`, and so are links to nothing,
    folders that cannot be listed, and photos that are no regular files. Hidden entries are passed over. Files that are
    no photos are passed over and counted in ``skipped``, by extension. Only one folder's names are held at a time for
    each level of the tree.

    Args:
        deep: enter the folders below ``root``.

    Raises:
        ReaderError: ``root`` itself cannot be listed, or nothing below it is a photo.
    """
    n_found = 0
    try:
        levels = [(_entries(root), "", _identity(root))]
    except OSError as error:
        raise ReaderError(f"the folder {root!r} cannot be read: {error.strerror}.", "Check its permissions.") from None
    while levels:
        entries, prefix, _ = levels[-1]
        entry = next(entries, None)
        if entry is None:
            levels.pop()
            continue
        relative = prefix + entry.name
        try:
            if entry.is_dir():
                if deep:
                    identity = _enter(entry, {level[2] for level in levels})
                    levels.append((_entries(entry.path), relative + "/", identity))
            elif is_photo(entry.name):
                _check_file(entry)
                n_found += 1
                yield relative
            elif entry.is_symlink() and "." not in entry.name and not os.path.exists(entry.path):
                raise _dead_link(entry)  # it may have been a folder of photos
            else:
                skipped[_kind(entry.name)] += 1
        except OSError as error:
            n_found += 1
            yield make_failure(entry.path, _translate(error), item=relative)
        except BadRecord as error:
            n_found += 1
            yield make_failure(entry.path, error, item=relative)
    if not n_found:
        raise ReaderError(f"there are no photos in {root!r}.", f"Photos are files that end in {SHOWN}.")


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return iter(sorted((e for e in entries if not e.name.startswith(".")), key=lambda entry: entry.name))


def _identity(folder: str) -> Identity:
    stat = os.stat(folder)
    return stat.st_dev, stat.st_ino


def _enter(entry: os.DirEntry[str], above: set[Identity]) -> Identity:
    identity = _identity(entry.path)
    if identity in above:
        raise BadRecord("the link leads back to a folder that it lies in", Reason.LINK_LOOP)
    return identity


def _check_file(entry: os.DirEntry[str]) -> None:
    if entry.is_file():
        return
    if entry.is_symlink() and not os.path.exists(entry.path):
        raise _dead_link(entry)
    raise BadRecord("is not a regular file", Reason.UNREADABLE)


def _dead_link(entry: os.DirEntry[str]) -> BadRecord:
    try:
        os.stat(entry.path)
    except OSError as error:
        return _translate(error, target=os.readlink(entry.path))
    raise AssertionError(f"{entry.path} came back to life")  # pragma: no cover


def _translate(error: OSError, target: str = "") -> BadRecord:
    if error.errno == errno.ELOOP:
        return BadRecord("the link leads back to itself", Reason.LINK_LOOP)
    if error.errno == errno.ENOENT:
        return BadRecord(f"the link leads to {target!r}, which does not exist", Reason.MISSING_FILE)
    return BadRecord(f"cannot be read: {error.strerror}", Reason.UNREADABLE)


def _kind(name: str) -> str:
    extension = os.path.splitext(name)[1].lower()
    return f"other files ({extension})" if extension else "other files"
