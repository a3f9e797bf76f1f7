"""What a model was trained on, kept beside it as ``seen.parquet``, so that a test on the same photos can be told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from fashion_match.core.error import ModelError
from fashion_match.core.item import Box, Item
from fashion_match.core.output import write_whole

SEEN = "seen.parquet"
SeenRole = Literal["train", "validation", "test"]
ROLES = frozenset(get_args(SeenRole))
HOME = b"source folder"
"""Of the file's metadata."""
DIGEST_BYTES = 16
WHOLE_BYTES = 2**24
"""A file of no more is hashed in one piece."""
CHUNK = 64
"""Files that a thread hashes at a time."""


class SeenItem(NamedTuple):
    """An item of what a model was made from."""

    id: str
    role: SeenRole
    """``validation``: it was not trained on, but chose the checkpoint or fitted the threshold. ``test``: it was left
    alone, to test the model on."""
    label: str | None
    file: str | None
    """Relative to the source's folder where it lies in it, else absolute; ``None`` where there is no photo."""
    content: str | None
    """Hash of the file's bytes (see `hash_file`); ``None`` where there was no photo to be read."""
    box: Box | None = None
    """The part of the photo that was looked at, in pixels; ``None`` for all of it."""


class Seen(NamedTuple):
    """What a model was trained on."""

    items: Sequence[SeenItem]
    home: Path
    """Absolute folder of the source, that files are relative to. It may be gone, or lie elsewhere by now."""

    def path(self, item: SeenItem) -> Path | None:
        """Return where the photo of an item lay when the model was trained."""
        return None if item.file is None else self.home / item.file


def write_seen(seen: Seen, folder: Path) -> None:
    """Write ``seen.parquet`` into a model's folder, whole or not at all.

    Raises:
        UsageError: the folder cannot be written, or the disk is full.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = dict.fromkeys(SeenItem._fields, pa.string()) | {"box": pa.list_(pa.float64())}
    schema = pa.schema(list(types.items()), metadata={HOME: os.fsencode(seen.home)})
    table = pa.Table.from_pylist([item._asdict() for item in seen.items], schema=schema)
    whole = BytesIO()
    pq.write_table(table, whole, compression="zstd")
    write_whole(folder / SEEN, whole.getvalue())


def read_seen(folder: Path) -> Seen | None:
    """Return what a model was trained on; ``None`` where that was not written down.

    Raises:
        ModelError: the file is there, but cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / SEEN
    if not file.exists():
        return None
    try:
        table = pq.read_table(file)
        home = Path(os.fsdecode(table.schema.metadata[HOME]))
        columns = [table.column(name).to_pylist() for name in SeenItem._fields]
        items = [SeenItem(*row) for row in zip(*columns, strict=True)]
        items = [item if item.box is None else item._replace(box=_box(item.box)) for item in items]
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise _damaged(file, (str(error).splitlines() or [type(error).__name__])[0]) from None
    for item in items:
        if not isinstance(item.id, str) or item.role not in ROLES:
            raise _damaged(file, f"it holds an item {item.id!r} with the role {item.role!r}")
    return Seen(items, home)


def make_seen(items: Sequence[tuple[Item, SeenRole, str | None]], source: str) -> Seen:
    """Return items (with their role and label) as they are to be written, their photos hashed in threads.

    Args:
        source: as the reader was given it.
    """
    home = source_folder(source)
    contents = hash_files([item.image for item, _, _ in items])
    seen = [
        SeenItem(item.id, role, label, _within(home, item.image), content, item.box)
        for (item, role, label), content in zip(items, contents, strict=True)
    ]
    return Seen(seen, home)


def join_seen(seen: Seen, earlier: Seen) -> Seen:
    """Return ``seen`` with what the model that it began with had been trained on before."""
    before = [item._replace(file=_within(seen.home, earlier.path(item))) for item in earlier.items]
    return Seen(list(dict.fromkeys([*seen.items, *before])), seen.home)


def source_folder(source: str) -> Path:
    """Return the folder that the files of a source are named from: itself, or the one that its table lies in.

    Where the source is no path, as ``drawn:FOLDER``, it is what stands behind the colon.
    """
    path = Path(source)
    if not path.exists() and ":" in source:
        path = Path(source.partition(":")[2])
    path = Path(os.path.abspath(path))
    return path.parent if path.is_file() else path


def hash_files(
    files: Sequence[Path | None], on_progress: Callable[[int], None] = lambda n: None
) -> Iterator[str | None]:
    """Yield the hash of each file, in order, reading in threads; ``None`` where there is none that can be read.

    8,000 photos of 7 kB that the system has in memory take 0.4 s on two cores.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    with ThreadPoolExecutor(min(cores, 16), thread_name_prefix="hash") as pool:
        n = 0
        for hashes in pool.map(lambda chunk: [file and hash_file(file) for file in chunk], chunks):
            yield from hashes
            n += len(hashes)
            on_progress(n)


def hash_file(file: Path) -> str | None:
    """Return the BLAKE2b hash (32 hexadecimal digits) of a file's bytes, ``None`` where it cannot be read."""
    try:
        if not file.is_file():  # a pipe would block
            return None
        with open(file, "rb", buffering=0) as opened:
            # In pieces only where need be: their buffer alone takes longer than a photo of some kB.
            if os.fstat(opened.fileno()).st_size <= WHOLE_BYTES:
                return hash_content(opened.read())
            return hashlib.file_digest(opened, _hash).hexdigest()
    except (OSError, ValueError):  # ValueError: a path with a zero byte
        return None


def hash_content(data: bytes) -> str:
    """Return the hash of a file's bytes, as `hash_file` does."""
    return _hash(data).hexdigest()


def _hash(data: bytes = b"") -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES)


def _within(home: Path, file: Path | None) -> str | None:
    if file is None:
        return None
    path = Path(os.path.abspath(file))
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def _box(sides: Sequence[float]) -> Box:
    x0, y0, x1, y1 = sides
    return x0, y0, x1, y1


def _damaged(file: Path, detail: str) -> ModelError:
    return ModelError(
        f"{file} is damaged: {detail}.", "Copy the model again; or delete that file, and its leaks stay unknown."
    )
