"""Decoded photos in memory, up to a bound; what does not fit is decoded whenever it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from fashion_match.core.item import Failure, Item
from fashion_match.core.model.image import MAX_PIXELS, PhotoError, decode, read_photo
from fashion_match.core.model.pixel import to_pixels
from fashion_match.core.model.preprocess import Preprocess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK = 16
"""Photos that a thread decodes at a time."""


class PhotoCache:
    """Pixels of items, all of one size.

    An item without a photo is grey. Workers that are forked share the memory.

    Args:
        preprocess: how a photo becomes ``crop_px`` x ``crop_px`` pixels.
        max_bytes: of decoded pixels that are kept.
        max_pixels: a larger photo is refused.
    """

    def __init__(
        self, items: Sequence[Item], preprocess: Preprocess, *, max_bytes: int, max_pixels: int = MAX_PIXELS
    ) -> None:
        import numpy as np

        self.items = items
        self.side_px = preprocess.crop_px
        self._preprocess = preprocess
        self._max_pixels = max_pixels
        self.n_kept = min(len(items), max_bytes // (3 * self.side_px**2))
        self._kept = np.empty((self.n_kept, self.side_px, self.side_px, 3), np.uint8)
        self.failures: dict[int, Failure] = {}
        """By the number of the item."""

    def fill(self, on_progress: Callable[[int], None] = lambda n: None) -> None:
        """Decode, in threads, what is kept. Photos that cannot be used are in `failures` afterwards."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        with ThreadPoolExecutor(min(cores, 16), thread_name_prefix="decode") as pool:
            starts = range(0, self.n_kept, CHUNK)
            for start, _ in zip(starts, pool.map(self._fill_chunk, starts), strict=True):
                on_progress(min(start + CHUNK, self.n_kept))

    def _fill_chunk(self, start: int) -> None:
        for n in range(start, min(start + CHUNK, self.n_kept)):
            pixels = self._decode(n)
            if pixels is not None:
                self._kept[n] = pixels

    def get(self, number: int) -> NDArray[np.uint8] | None:
        """Return the pixels (S x S x 3) of an item, or ``None`` where its photo cannot be used."""
        if number in self.failures:
            return None
        return self._kept[number] if number < self.n_kept else self._decode(number)

    def _decode(self, number: int) -> NDArray[np.uint8] | None:
        import numpy as np

        item = self.items[number]
        if item.image is None:
            return np.full((self.side_px, self.side_px, 3), 128, np.uint8)
        try:
            data = read_photo(item.image, max_pixels=self._max_pixels).data
            picture = decode(data, item.box, max_pixels=self._max_pixels, enough_px=self._preprocess.enough_px)
            return np.array(to_pixels(picture, self._preprocess))  # a copy: torch warns of arrays that are read-only
        except PhotoError as error:
            self.failures[number] = Failure(
                item=item.id, file=str(item.image), reason=error.reason, detail=error.detail
            )
            return None
