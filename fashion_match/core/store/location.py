"""Where collections are kept: a folder of this machine, or a Qdrant server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import StoreError

if TYPE_CHECKING:
    from fashion_match.core.store.lock import Holder
    from fashion_match.core.store.protocol import Location

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:\d{2,5}/?")


def open_location(store: str, *, cache: Path, api_key: str | None = None, lock_timeout_s: float = 5.0) -> Location:
    """Return the place that ``store`` names. Nothing is opened, made or asked yet.

    Args:
        store: a folder, or the ``http://`` or ``https://`` URL of a Qdrant server.
        cache: folder for the models of server collections.
        api_key: of the server.
        lock_timeout_s: how long to wait for another process to let go of a collection in a folder.

    Raises:
        StoreError: it is neither, or the folder is a file.
    """
    scheme = _SCHEME.match(store)
    if scheme and scheme["scheme"].lower() in ("http", "https"):
        from fashion_match.core.store.server_location import ServerLocation

        return ServerLocation(store, api_key=api_key, library=cache / "models")
    if scheme:
        raise StoreError(
            f"the store {store!r} is of an unknown kind, {scheme['scheme']}://.",
            "Give a folder, or the URL of a Qdrant server: http://HOST:6333.",
        )
    if not store.strip():
        raise StoreError("the store is empty text.", "Give a folder, or the URL of a Qdrant server: http://HOST:6333.")
    folder = Path(store).expanduser()
    if _HOST_AND_PORT.fullmatch(store) and not folder.exists():
        raise StoreError(f"the store {store!r} looks like a server without its scheme.", f"Write http://{store}.")
    if folder.exists() and not folder.is_dir():
        raise StoreError(
            f"the store {store} is a file, not a folder.", "Give a folder; it is made where it is missing."
        )

    from fashion_match.core.store.folder import FolderLocation

    return FolderLocation(folder, lock_timeout_s=lock_timeout_s)


def holder(location: Location, name: str) -> Holder | None:
    """Return which process holds a collection, or ``None``: nobody does, or it is on a server, which serves many."""
    from fashion_match.core.store import lock
    from fashion_match.core.store.folder import FolderLocation

    return lock.holder(location.lock_file(name)) if isinstance(location, FolderLocation) else None
