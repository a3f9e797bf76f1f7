"""Collections in a folder of this machine, each in a folder of its own.

``DIR/collections/NAME/collection.json`` is the spec, ``shard/`` Qdrant's own files, ``lock`` says who has it open;
``DIR/models`` keeps the models. A collection exists once its ``collection.json`` does, so a creation that is killed
half-way has made nothing.
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from fashion_match.core.error import StoreError
from fashion_match.core.store.lock import Lock
from fashion_match.core.store.name import check_name, name_taken, no_collection
from fashion_match.core.store.protocol import CollectionSpec

if TYPE_CHECKING:
    from fashion_match.core.store.edge import EdgeStore


class FolderLocation:
    """The embedded store. A collection is open in one process at a time; names and specs can always be read.

    Args:
        folder: made with the first collection.
        lock_timeout_s: how long to wait for another process to let go of a collection.
    """

    def __init__(self, folder: Path, *, lock_timeout_s: float = 5.0) -> None:
        self._folder = folder
        self._lock_timeout_s = lock_timeout_s
        self._opened: weakref.WeakSet[EdgeStore] = weakref.WeakSet()

    @property
    def address(self) -> str:
        return str(self._folder)

    @property
    def library(self) -> Path:
        return self._folder / "models"

    def lock_file(self, name: str) -> Path:
        """Return the file that is locked while the collection is open."""
        return self._home(name) / "lock"

    def names(self) -> list[str]:
        with _readable(self._folder):
            return sorted(file.parent.name for file in self._folder.glob("collections/*/collection.json"))

    def spec(self, name: str) -> CollectionSpec:
        file = self._spec_file(name)
        with _readable(file):
            try:
                return CollectionSpec.model_validate_json(file.read_bytes())
            except (FileNotFoundError, NotADirectoryError):
                raise no_collection(name, self.names(), self.address) from None
            except ValidationError as error:
                newer = any(
                    first["loc"] == ("version",) or first["type"] == "extra_forbidden" for first in error.errors()
                )
                raise StoreError(
                    f"{file} is {'of another version of fm' if newer else 'damaged'}.",
                    f"Ingest again into another collection, or delete this one: fm collections delete {name}",
                ) from None

    def create(self, name: str, spec: CollectionSpec) -> EdgeStore:
        from fashion_match.core.store.edge import create_shard

        home = self._home(name)
        with _writable(home):
            home.mkdir(parents=True, exist_ok=True)
            lock = self._lock(name)
            try:
                if self._spec_file(name).exists():
                    raise name_taken(name, self.address)
                create_shard(home / "shard", spec.dim)
                store = self._store(name, spec, lock)
            except BaseException:
                lock.release()
                raise
            store.ensure(spec.kinds, spec.scored)
            self._save(name, spec)
            return store

    def open(self, name: str) -> EdgeStore:
        self.spec(name)
        with _writable(self._home(name)):
            lock = self._lock(name)
            try:
                return self._store(name, self.spec(name), lock)  # read again: it may have changed while we waited
            except BaseException:
                lock.release()
                raise

    def drop(self, name: str) -> None:
        home = self._home(name)
        if not home.is_dir():
            raise no_collection(name, self.names(), self.address)
        with _writable(home):
            lock = self._lock(name)
            try:
                self._spec_file(name).unlink(missing_ok=True)  # first, so that half a removal is no collection
                shutil.rmtree(home / "shard", ignore_errors=True)
                shutil.rmtree(home, ignore_errors=os.name == "nt")
            finally:
                lock.release()

    def close(self) -> None:
        for store in list(self._opened):
            store.close()

    def _home(self, name: str) -> Path:
        return self._folder / "collections" / check_name(name)

    def _spec_file(self, name: str) -> Path:
        return self._home(name) / "collection.json"

    def _lock(self, name: str) -> Lock:
        return Lock(self.lock_file(name), f"the collection {name} in {self.address}", self._lock_timeout_s)

    def _store(self, name: str, spec: CollectionSpec, lock: Lock) -> EdgeStore:
        from fashion_match.core.store.edge import EdgeStore

        store = EdgeStore(name, spec, self._home(name) / "shard", lambda changed: self._save(name, changed), lock)
        self._opened.add(store)
        return store

    def _save(self, name: str, spec: CollectionSpec) -> None:
        file = self._spec_file(name)
        unfinished = file.with_name(".collection.json.unfinished")
        with _writable(file), unfinished.open("w", encoding="utf-8") as opened:
            opened.write(spec.model_dump_json(indent=2))
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(unfinished, file)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {error.strerror}.", "Mend its permissions, or use another --store."
        ) from None


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{error.filename or path} cannot be written: {error.strerror}.",
            "Mend its permissions or free the disk, or use another --store.",
        ) from None
