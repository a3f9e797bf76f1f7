"""Decoded photos that several runs over the same items share, whatever their networks."""

from __future__ import annotations

from collections.abc import Sequence

from fashion_match.core.item import Item
from fashion_match.core.model.preprocess import Preprocess
from fashion_match.core.train.loader import HeldOutPhotos
from fashion_match.core.train.photo_cache import PhotoCache

MOST_SETS = 8
"""Sets of augmented views that are kept: as many as there are usually sizes of photos."""


class PhotoShelf:
    """Keeps the pixels of each list of items, once for each way to resize and crop them.

    How pixels are normalised is the network's own, so networks of different means and deviations share them.
    """

    def __init__(self) -> None:
        self._caches: dict[tuple[object, ...], PhotoCache] = {}
        self._views: dict[tuple[object, ...], HeldOutPhotos] = {}

    def find(self, items: Sequence[Item], preprocess: Preprocess) -> PhotoCache | None:
        """Return the pixels of ``items``, ``None`` where nobody has decoded them so."""
        return self._caches.get(_key(items, preprocess))

    def keep(self, items: Sequence[Item], preprocess: Preprocess, cache: PhotoCache) -> None:
        self._caches[_key(items, preprocess)] = cache

    def same(self, views: HeldOutPhotos) -> HeldOutPhotos:
        """Return the views that another run has made of the same photos with the same seed, else ``views``."""
        key = (id(views.cache), tuple(views.numbers), views.side_px, tuple(views.operations.items()), views.seed)
        if key not in self._views and len(self._views) >= MOST_SETS:
            self._views.pop(next(iter(self._views)))
        return self._views.setdefault(key, views)


def _key(items: Sequence[Item], preprocess: Preprocess) -> tuple[object, ...]:
    how = (preprocess.resize, preprocess.resize_px, preprocess.crop_px, preprocess.interpolation)
    return (*how, tuple(item.id for item in items))
