"""What is known of photo files: the hash of their bytes and what they look like. Each file is read once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.evaluate.look import is_plain, make_look
from fashion_match.core.item import Box, Item, Reason
from fashion_match.core.model.image import MAX_PIXELS, PhotoError, read_photo
from fashion_match.core.model.seen import Seen, SeenRole, hash_content, hash_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK = 16
"""Photos that a thread looks at at a time."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo that is on one side of a split."""

    id: str
    """Of its item."""
    file: Path | None
    box: Box | None = None
    label: str | None = None
    content: str | None = None
    """Hash of the file's bytes as they were when they were recorded; ``None`` where the file itself is to be asked."""


def shot_of_item(item: Item, label: str | None = None) -> Shot:
    """Return the photo of an item, with the label that counts in this evaluation, else its own."""
    return Shot(item.id, item.image, item.box, label if label is not None else item.label)


def shots_of_seen(seen: Seen, role: SeenRole) -> list[Shot]:
    """Return the photos of the items that had this part in making a model."""
    return [
        Shot(item.id, seen.path(item), item.box, item.label, item.content) for item in seen.items if item.role == role
    ]


class Evidence:
    """Hashes and looks of photos, gathered in threads and kept: about 3 kB for each photo that is looked at."""

    def __init__(self, *, max_pixels: int = MAX_PIXELS) -> None:
        self._max_pixels = max_pixels
        self._paths: dict[Path, str] = {}
        self._contents: dict[str, str | None] = {}
        self._looks: dict[tuple[str, Box | None], NDArray[np.uint8] | None] = {}
        self._troubles: dict[tuple[str, Box | None], str] = {}

    def path(self, shot: Shot) -> str | None:
        """Return where the file really lies, links followed; ``None`` for an item without a photo."""
        if shot.file is None:
            return None
        if shot.file not in self._paths:
            self._paths[shot.file] = os.path.realpath(shot.file)
        return self._paths[shot.file]

    def gather(
        self,
        shots: Iterable[Shot],
        *,
        looks: bool,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Read what is not known yet: the hash of each file, and how it looks, where ``looks`` are wanted.

        Args:
            on_progress: told how many photos have been read, and how many there are to read.
        """
        wanted: dict[tuple[str, Box | None], None] = {}
        for shot in shots:
            path = self.path(shot)
            if path is None:
                continue
            key = (path, shot.box if looks else None)
            if key not in self._looks if looks else (shot.content is None and path not in self._contents):
                wanted[key] = None
        keys = list(wanted)
        read = self._look if looks else self._hash
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        with ThreadPoolExecutor(min(cores, 16), thread_name_prefix="look") as pool:
            chunks = [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]
            for done, _ in enumerate(pool.map(lambda chunk: [read(*key) for key in chunk], chunks), 1):
                on_progress(min(done * CHUNK, len(keys)), len(keys))

    def content(self, shot: Shot) -> str | None:
        """Return the hash of a photo that was gathered, as it was recorded, else as the file is now."""
        return shot.content or self._contents.get(self.path(shot) or "")

    def look(self, shot: Shot) -> NDArray[np.uint8] | None:
        """Return how a photo looks that was gathered with looks; ``None`` where `trouble` says why there is none."""
        return None if self.trouble(shot) else self._looks.get((self.path(shot) or "", shot.box))

    def trouble(self, shot: Shot) -> str | None:
        """Return in a few words why a photo that was gathered has no look; ``None`` where it has one, or no file."""
        path = self.path(shot)
        if path is None:
            return None
        now = self._contents.get(path)
        if shot.content is not None and now is not None and now != shot.content:
            return "changed since"
        lost = "gone or unreadable" if path in self._contents and now is None else None
        return self._troubles.get((path, shot.box), lost)

    def _hash(self, path: str, _: Box | None) -> None:
        self._contents[path] = hash_file(Path(path))

    def _look(self, path: str, box: Box | None) -> None:
        key = (path, box)
        self._looks[key] = None
        try:
            data = read_photo(Path(path), max_pixels=self._max_pixels).data
            self._contents[path] = hash_content(data)
            look = make_look(data, box, max_pixels=self._max_pixels)
        except PhotoError as error:
            self._troubles[key] = "gone" if error.reason is Reason.MISSING_FILE else "unreadable"
            if path not in self._contents:  # what is no photo still has bytes that can be compared
                self._contents[path] = hash_file(Path(path))
            return
        if is_plain(look):
            self._troubles[key] = "of one colour"
            return
        self._looks[key] = look
