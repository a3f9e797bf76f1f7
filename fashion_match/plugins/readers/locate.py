"""Find the photo that a table or a JSON file names, and refuse a path that leads out of the source."""

from __future__ import annotations

import os
import re

from fashion_match import ReaderError, Reason
from fashion_match.plugins.readers.photo import EXTENSIONS
from fashion_match.plugins.readers.record import BadRecord
from fashion_match.plugins.readers.source import listing

USUAL_FOLDERS = frozenset({"images", "image", "img", "imgs", "photos", "pictures", "crops"})
"""What the folder of photos beside a table is usually called, in any case."""

_WEB_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class PhotoFinder:
    """The photos of one source.

    Written paths are relative to the folder ``images`` where that is given. Otherwise they are tried in ``root`` and in
    the folders of the usual names below it, until a first photo is found; the folder it was found in then serves all.

    Args:
        root: absolute path of the folder that the table lies in.
        images: absolute, or relative to ``root`` or else to the working directory.
        allow_outside: permit written paths that lead out of ``root`` and ``images``.

    Raises:
        ReaderError: ``images`` is given and is no folder.
    """

    def __init__(self, root: str, images: str | None = None, *, allow_outside: bool = False) -> None:
        self.root = root
        self._allow_outside = allow_outside
        self._extension = EXTENSIONS[0]
        self._folder: str | None = None
        if images is not None:
            self._folder = self._given(images)
            self._candidates = [self._folder]
        else:
            below = [os.path.join(root, name) for name in listing(root) if name.casefold() in USUAL_FOLDERS]
            self._candidates = [root, *filter(os.path.isdir, below)]

    def _given(self, images: str) -> str:
        for path in (os.path.join(self.root, images), os.path.abspath(images)):
            if os.path.isdir(path):
                return os.path.normpath(path)
        raise ReaderError(f"there is no folder of photos {images!r}.", f"Name it from {self.root!r}, or in full.")

    @property
    def has_folder(self) -> bool:
        """Whether there is a folder for photos beside, or instead of, the source's own folder."""
        return self._folder is not None or len(self._candidates) > 1

    def written(self, path: str) -> str:
        """Return the absolute path of the photo that a record calls ``path``; whether it exists is not looked at.

        Raises:
            BadRecord: it leads out of the source, or is a web address.
        """
        if "\\" in path and "/" not in path:
            path = path.replace("\\", "/")
        if path[0] != "/" and ".." not in path and ":" not in path and "\0" not in path:
            return f"{self._folder or self._find_folder(path)}/{path}"
        return self._checked(self._folder or self._candidates[0], path)

    def named(self, name: str) -> str:
        """Return the photo whose file is called ``name`` and any of the usual extensions.

        Raises:
            BadRecord: there is none, or it would lie outside the source.
        """
        for extension in (self._extension, *EXTENSIONS, *(extension.upper() for extension in EXTENSIONS)):
            path = self.written(name + extension)
            if os.path.isfile(path):
                self._extension = extension
                return path
        folder = self._folder or " or ".join(self._candidates)
        raise BadRecord(f"no photo called {name}{EXTENSIONS[0]} or the like is in {folder}", Reason.MISSING_FILE)

    def _find_folder(self, path: str) -> str:
        for folder in self._candidates:
            if os.path.isfile(os.path.join(folder, path)):
                self._folder = folder
                return folder
        return self._candidates[0]

    def _checked(self, folder: str, path: str) -> str:
        if _WEB_ADDRESS.match(path):
            raise BadRecord(f"{path} is a web address; download the photo and name its file", Reason.MISSING_FILE)
        if "\0" in path:
            raise BadRecord("the path of the photo contains a NUL character")
        full = os.path.normpath(os.path.join(folder, path))
        inside = any(full.startswith(allowed.rstrip("/") + "/") for allowed in (self.root, folder))
        is_windows_drive = len(path) > 2 and path[1] == ":" and path[2] in "/\\"
        if not self._allow_outside and (not inside or is_windows_drive):
            raise BadRecord(f"{path!r} leads out of {self.root}; allow_outside=true permits it", Reason.OUTSIDE_SOURCE)
        return full
