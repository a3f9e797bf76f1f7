"""Batches of photos for training and for validation."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils.data import DataLoader

from fashion_match.core.model.encoding import Encoding
from fashion_match.core.train.augment import make_augment
from fashion_match.core.train.batch import Batch, BatchOrder, Table, leave_out
from fashion_match.core.train.photo_cache import PhotoCache

VALIDATION_BATCH = 64
KEPT_BYTES = 2**28
"""Augmented views that are kept, at most."""


@dataclass
class TrainPhotos:
    """Augmented batches of the items trained on; torch's loader asks for a whole batch at once."""

    cache: PhotoCache
    table: Table
    operations: dict[str, float]
    """Of the augmentation; none at all leaves the photos as a query would see them."""
    side_px: int
    encoding: Encoding | None = None
    chances: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        self._augment: Any = make_augment(self.operations, self.side_px) if self.operations else None

    def __getitems__(self, numbers: list[int]) -> Batch:
        """Return the batch of these items; the first number is the seed of its augmentation."""
        seed, *wanted = numbers
        photos, used = [], []
        # Whatever process makes the batch, and whatever was drawn before: the same batch, so that a run that is
        # resumed sees what it would have seen.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for number in wanted:
                pixels = self.cache.get(number)
                if pixels is None:
                    continue
                photo = torch.from_numpy(pixels)
                if self._augment is not None:
                    photo = self._augment(photo.permute(2, 0, 1)).permute(1, 2, 0)
                photos.append(photo)
                used.append(number)
        items = torch.tensor(used, dtype=torch.int64)
        labels, targets, codes = self.table.rows(items)
        if codes is not None and self.encoding is not None:
            codes = leave_out(codes, self.encoding, self.chances, torch.Generator().manual_seed(seed))
        side = self.side_px
        stacked = torch.stack(photos) if photos else torch.empty((0, side, side, 3), dtype=torch.uint8)
        return Batch(stacked, labels, items, targets, codes, sorted(set(wanted) - set(used)))


def _same(batch: Batch) -> Batch:
    return batch


def train_loader(photos: TrainPhotos, order: BatchOrder, *, workers: int, pin: bool) -> DataLoader[Batch]:
    """Return the loader of one epoch."""
    return DataLoader(
        photos,  # type: ignore[arg-type]  # a dataset by what it can do
        batch_sampler=order,
        collate_fn=_same,  # type: ignore[arg-type]
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        pin_memory=pin,
        # Its own, because torch's loader draws from the global one otherwise, and dropout would see it.
        generator=torch.Generator().manual_seed(0),
    )


def usual_workers(asked: int | None) -> int:
    """Return how many processes augment: none where the cores are few, or where processes cannot be forked.

    They are forked, because they share the decoded photos that way. A process in which OpenVINO has run is not forked:
    it was seen to crash afterwards.
    """
    if sys.platform != "linux" or "openvino" in sys.modules:
        return 0
    if asked is not None:
        return asked
    cores = len(os.sched_getaffinity(0))
    return 0 if cores <= 2 else min(cores - 1, 8)


@dataclass
class HeldOutPhotos:
    """Photos as a query would see them, in batches and in order."""

    cache: PhotoCache
    table: Table
    numbers: Sequence[int]
    """Of the items that are looked at."""
    side_px: int
    operations: dict[str, float] = field(default_factory=dict)
    """Augmentation, for views that must find their own item."""
    seed: int = 0

    def __len__(self) -> int:
        return -(-len(self.numbers) // VALIDATION_BATCH)

    def __post_init__(self) -> None:
        self._photos = TrainPhotos(self.cache, self.table, self.operations, self.side_px)
        self._made: list[Batch] | None = None

    def __iter__(self) -> Iterator[Batch]:
        if self._made is not None:
            yield from self._made
            return
        # Views are the same every time, and making them takes as long as looking at them; a few can be kept.
        keeps = bool(self.operations) and 3 * self.side_px**2 * len(self.numbers) < KEPT_BYTES
        made: list[Batch] = []
        for start in range(0, len(self.numbers), VALIDATION_BATCH):
            batch = self._photos.__getitems__([self.seed + start, *self.numbers[start : start + VALIDATION_BATCH]])
            if len(batch):
                yield batch
                if keeps:
                    made.append(batch)
        self._made = made if keeps else None
