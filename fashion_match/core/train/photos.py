"""The photos of a run: those that are trained on, at the size of each stage, and those that it is judged by."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import torch

from fashion_match.core.error import DataError, UsageError
from fashion_match.core.item import Item
from fashion_match.core.model.preprocess import Preprocess
from fashion_match.core.train.assembly import Assembly
from fashion_match.core.train.augment import parse_augment
from fashion_match.core.train.batch import BatchOrder, Table, make_table
from fashion_match.core.train.data import RunData
from fashion_match.core.train.dataset import group_of
from fashion_match.core.train.initial import resized
from fashion_match.core.train.loader import HeldOutPhotos, TrainPhotos
from fashion_match.core.train.photo_cache import PhotoCache
from fashion_match.core.train.progress import TrainProgress
from fashion_match.core.train.shared import Shared
from fashion_match.core.train.validation import Validation

MOST_VIEWS, ENOUGH_VIEWS = 4, 64
"""Augmented views of each item in a validation by views: fewer where the items alone give so many."""
VIEW_OPERATIONS = "crop=0.6,rotate=10,flip,jitter=0.2"
LEAST_STYLES = 40
"""Held-out styles from which on one half chooses the checkpoint, and the other half fits the threshold."""


class RunPhotos:
    """Decodes what fits into memory; photos that cannot be used are left out, and said.

    Args:
        kind: what the checkpoint is chosen by, see `TrainingMethod.validation`.
        shared: what other runs over the same items have done already.

    Raises:
        UsageError: no item has a photo, and the method learns from photos.
        DataError: fewer than two photos can be used.
    """

    def __init__(
        self,
        data: RunData,
        assembly: Assembly,
        kind: str,
        *,
        max_pixels: int,
        notify: Callable[[str], None],
        tell: Callable[[TrainProgress], None],
        shared: Shared | None = None,
    ) -> None:
        self.data, self.recipe, self.options = data, assembly.recipe, assembly.options
        self.preprocess: Preprocess = assembly.initial.preprocess
        self._kind = kind
        self._max_pixels = max_pixels
        self._notify, self._tell = notify, tell
        self._shelf = shared.shelf if shared is not None else None
        self._most_views = shared.most_views if shared is not None else MOST_VIEWS
        self._split_seed = shared.split_seed if shared is not None else self.options.seed
        self._left_out = self._without_photo()
        self.table = self._table(data.split.train, data.labels, sorted(data.label_counts))
        self._of: dict[int, TrainPhotos] = {}
        self.of(self.options.plan()[0].image_size_px)
        self.fitting: HeldOutPhotos | None = None
        """Held-out photos that the threshold is fitted on."""
        self.validation: Validation | None = self._by_views() if kind == "views" else self._by_held_out()
        if len(self.usable) < 2:
            first = data.failures[0] if data.failures else None
            detail = f" The first: {first.file}: {first.detail}." if first else ""
            raise DataError(
                f"fewer than two photos of {data.source} can be used.{detail}", "`fm readers check` tells more."
            )

    # -- trained on --------------------------------------------------------------------------------------------------

    def of(self, side_px: int | None) -> TrainPhotos:
        """Return the training photos of a side; those of another side make room first."""
        preprocess = resized(self.preprocess, side_px)
        side = preprocess.crop_px
        if side not in self._of:
            self._of.clear()
            operations = parse_augment(self.options.augment)
            cache = self._cache(self.data.split.train, _roomier(preprocess) if "crop" in operations else preprocess)
            self._of[side] = TrainPhotos(
                cache, self.table, operations, side, self.recipe.encoding, self.recipe.leave_out
            )
        return self._of[side]

    @cached_property
    def usable(self) -> list[int]:
        """Numbers of the items that can be trained on, as far as is known when the run begins."""
        failed = next(iter(self._of.values())).cache.failures
        return [n for n in range(len(self.data.split.train)) if n not in failed and n not in self._left_out]

    def report_failed(self, numbers: Iterable[int]) -> None:
        """Say which photos turned out to be unusable when they were decoded on the way."""
        cache = next(iter(self._of.values())).cache
        for number in numbers:
            cache.get(number)  # in this process too, to learn why
        self._report(cache)

    def order(self, epoch: int, rank: int = 0, world: int = 1) -> BatchOrder:
        """Return the batches of an epoch."""
        return BatchOrder(
            self.table.labels,
            self.usable,
            self.recipe.batches,
            batch_size=self.options.batch_size,
            seed=self.options.seed,
            epoch=epoch,
            rank=rank,
            world=world,
        )

    def _without_photo(self) -> set[int]:
        if self.recipe.encoding is not None:
            return set()
        items = self.data.split.train
        lacking = {n for n, item in enumerate(items) if item.image is None}
        if len(lacking) == len(items):
            raise UsageError(
                f"no item of {self.data.source} has a photo, and this method learns from photos.",
                "`--plugin attribute-fusion` learns from attributes too.",
            )
        if lacking:
            self._notify(f"{len(lacking):,} items without a photo are left out.")
        return lacking

    # -- judged by ---------------------------------------------------------------------------------------------------

    @cached_property
    def looks_ahead(self) -> bool:
        """Whether validation sees the photos of the next step, and the network as that step will: they can share it.

        Only where runs share their photos, for a run of its own goes on from checkpoints, which hold no graph.
        """
        if self._shelf is None or self._kind != "views" or self.validation is None:
            return False
        options, batches, gallery = self.options, self.recipe.batches, self.validation.photos[0]
        return (
            options.batch_norm != "train"
            and (options.dropout, options.backbone_lr) == ("off", 1.0)
            and not options.freeze
            and batches.photos_per_label is None
            and (batches.views, options.devices, options.precision) == (1, 1, "fp32")
            and len(options.plan()) == 1
            and not parse_augment(options.augment)
            and len(gallery) == len(self.order(0)) == 1
            and self.of(options.plan()[0].image_size_px).cache is gallery.cache
            and list(gallery.numbers) == self.usable
        )

    def _by_held_out(self) -> Validation | None:
        held_out = self.data.split.held_out
        if self.recipe.encoding is None:
            held_out = [item for item in held_out if item.image is not None]
        if len(held_out) < 2:
            self._notify("Nothing is held out, so the last epoch is kept, and no threshold is fitted.")
            return None
        most = self.options.max_validation
        if len(held_out) > most:
            self._notify(f"{most:,} of {len(held_out):,} held-out items are looked at.")
            held_out = _some_groups(held_out, most, self._split_seed)
        photos = self._held_out(held_out)
        if len(photos.numbers) < 2:
            self._notify("No photo that is held out can be used, so the last epoch is kept.")
            return None
        choosing, fitting = self._halves(held_out, photos.numbers)
        self.fitting = HeldOutPhotos(photos.cache, photos.table, fitting, photos.side_px)
        kind = self._kind
        if kind == "labels" and not _has_pair(photos.table.labels) and self.recipe.classes:
            kind = "attributes"
        return Validation([HeldOutPhotos(photos.cache, photos.table, choosing, photos.side_px)], kind)

    def _halves(self, items: Sequence[Item], usable: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return what chooses the checkpoint, and what fits the threshold: apart, where there is enough of both."""
        groups = sorted({group_of(items[n]) for n in usable})
        if len(groups) < LEAST_STYLES:
            return list(usable), list(usable)
        random.Random(self._split_seed + 1).shuffle(groups)
        second = set(groups[len(groups) // 2 :])
        return (
            [n for n in usable if group_of(items[n]) not in second],
            [n for n in usable if group_of(items[n]) in second],
        )

    @cached_property
    def fits_apart(self) -> bool:
        """Whether the threshold is fitted on other photos than those that choose the checkpoint."""
        chosen = self.validation.photos[0].numbers if self.validation is not None else ()
        return self.fitting is not None and not set(self.fitting.numbers) & set(chosen)

    def _by_views(self) -> Validation:
        """The items themselves, views of them that must find their own, and photos whose item is known, if any."""
        items = [item for item in self.data.split.train if item.image is not None][: self.options.max_validation]
        names = sorted({label for item in items if (label := self.data.split.label(item)) is not None})
        gallery = self._held_out(items, names)
        n_views = min(self._most_views, max(1, ENOUGH_VIEWS // max(1, len(gallery.numbers))))
        views = [n for n in gallery.numbers for _ in range(n_views)]
        operations = parse_augment(VIEW_OPERATIONS)
        seen = HeldOutPhotos(gallery.cache, gallery.table, views, gallery.side_px, operations, self.options.seed + 1)
        loaders = [gallery, seen if self._shelf is None else self._shelf.same(seen)]
        asked = [q for q in self.data.split.queries if q.image is not None and self.data.split.label(q) in set(names)]
        queries = self._held_out(asked, names) if asked else None
        if queries is not None and queries.numbers:
            loaders.append(queries)
        return Validation(loaders, "views")

    def _held_out(self, items: Sequence[Item], names: Sequence[str] | None = None) -> HeldOutPhotos:
        labels = [self.data.split.label(item) for item in items]
        if names is None:
            names = sorted({label for label in labels if label is not None})
        cache = self._cache(items, self.preprocess)
        usable = [n for n in range(len(items)) if n not in cache.failures]
        return HeldOutPhotos(cache, self._table(items, labels, names), usable, cache.side_px)

    # -- decoding ----------------------------------------------------------------------------------------------------

    def _cache(self, items: Sequence[Item], preprocess: Preprocess) -> PhotoCache:
        kept = self._shelf.find(items, preprocess) if self._shelf is not None else None
        if kept is not None:
            return kept
        cache = PhotoCache(items, preprocess, max_bytes=self.options.cache_mb * 2**20, max_pixels=self._max_pixels)
        n = len(items)
        cache.fill(lambda done: self._tell(TrainProgress("decode", done / n)))
        self._report(cache)
        if self._shelf is not None:
            self._shelf.keep(items, preprocess, cache)
        return cache

    def _report(self, cache: PhotoCache) -> None:
        known = {failure.item for failure in self.data.failures}
        new = [failure for failure in cache.failures.values() if failure.item not in known]
        self.data.failures += new
        if new:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in Counter(f.reason for f in new).items())
            self._notify(f"{len(new):,} photos cannot be used and are left out: {reasons}; the first is {new[0].file}.")

    def _table(self, items: Sequence[Item], labels: Sequence[str | None], names: Sequence[str]) -> Table:
        return make_table(items, labels, names, self.recipe.classes, self.recipe.encoding)


def _roomier(preprocess: Preprocess) -> Preprocess:
    """Return the preprocessing that keeps what a random crop may choose from."""
    if preprocess.resize == "squash":
        return preprocess
    return preprocess.model_copy(update={"crop_px": preprocess.resize_px})


def _some_groups(items: Sequence[Item], most: int, seed: int) -> list[Item]:
    """Return about ``most`` items, whole styles of them: a style that is cut in half has fewer pairs to find."""
    sizes = Counter(map(group_of, items))
    names = sorted(sizes)
    random.Random(seed).shuffle(names)
    chosen: set[str] = set()
    n = 0
    for name in names:
        if n + sizes[name] > most and chosen:
            break
        chosen.add(name)
        n += sizes[name]
    return [item for item in items if group_of(item) in chosen]


def _has_pair(labels: torch.Tensor) -> bool:
    _, counts = labels[labels >= 0].unique(return_counts=True)  # type: ignore[no-untyped-call]
    return bool((counts > 1).any())
