"""Which items come together, and what is known of them: order, labels, classes, encoded attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapreplace
from itertools import pairwise

import torch

from fashion_match.core.item import Item
from fashion_match.core.model.encoding import PHOTO, Encoding
from fashion_match.core.train.recipe import Batches


@dataclass
class Batch:
    """What a step is given. B photos, views counted."""

    photos: torch.Tensor
    """B x H x W x 3, uint8."""
    labels: torch.Tensor
    """B, -1 where there is none."""
    items: torch.Tensor
    """B, numbers of the items."""
    targets: dict[str, torch.Tensor] = field(default_factory=dict)
    """B for each predicted attribute, -1 where the item does not say."""
    codes: torch.Tensor | None = None
    """B x A, encoded attributes."""
    failed: list[int] = field(default_factory=list)
    """Items that are left out, because their photo cannot be used."""

    def __len__(self) -> int:
        return len(self.photos)

    def _map(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        return Batch(
            photos=change(self.photos),
            labels=change(self.labels),
            items=change(self.items),
            targets={name: change(target) for name, target in self.targets.items()},
            codes=None if self.codes is None else change(self.codes),
            failed=self.failed,
        )

    def to(self, device: torch.device) -> Batch:
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        return self._map(lambda tensor: tensor.pin_memory())


@dataclass
class Table:
    """What is known of N items, as tensors."""

    labels: torch.Tensor
    targets: dict[str, torch.Tensor]
    codes: torch.Tensor | None

    def rows(self, numbers: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor | None]:
        return (
            self.labels[numbers],
            {name: target[numbers] for name, target in self.targets.items()},
            None if self.codes is None else self.codes[numbers],
        )


def make_table(
    items: Sequence[Item],
    labels: Sequence[str | None],
    names: Sequence[str],
    classes: Mapping[str, Sequence[str]],
    encoding: Encoding | None,
) -> Table:
    """Return what is known of ``items``.

    Args:
        names: labels by number; another label is -1.
        classes: of each predicted attribute; an item with several values of one does not say which is meant.
    """
    number = {name: n for n, name in enumerate(names)}
    targets = {}
    for attribute, values in classes.items():
        place = {value: n for n, value in enumerate(values)}
        found = (item.attributes.get(attribute) for item in items)
        single = (value[0] if isinstance(value, list) and len(value) == 1 else value for value in found)
        targets[attribute] = torch.tensor(
            [-1 if value is None or isinstance(value, list) else place.get(str(value), -1) for value in single]
        )
    codes = None
    if encoding is not None:
        codes = torch.from_numpy(
            encoding.encode([item.attributes for item in items], [item.image is not None for item in items])
        )
    return Table(torch.tensor([-1 if label is None else number.get(label, -1) for label in labels]), targets, codes)


def leave_out(
    codes: torch.Tensor, encoding: Encoding, chances: tuple[float, float], generator: torch.Generator
) -> torch.Tensor:
    """Return codes (B x A) from which photos and attributes are left out by chance, but never both of an item."""
    given, codes = codes, codes.clone()
    photo, attribute = chances
    for columns in encoding.columns.values():
        codes[torch.rand(len(codes), generator=generator) < attribute, columns] = 0
    has_attributes = codes[:, PHOTO + 1 :].any(dim=1)
    left_out = torch.rand(len(codes), generator=generator) < photo
    codes[left_out & has_attributes, PHOTO] = 0
    nothing = (codes[:, PHOTO] == 0) & ~has_attributes
    codes[nothing] = given[nothing]
    return codes


def photo_alone(codes: torch.Tensor) -> torch.Tensor:
    """Return codes (B x A) that say nothing but that there is a photo."""
    alone = torch.zeros_like(codes)
    alone[:, PHOTO] = codes[:, PHOTO]
    return alone


class BatchOrder:
    """The batches of one epoch, as lists of item numbers, the same for the same seed and epoch.

    Args:
        labels: N, -1 where there is none.
        usable: numbers of the items whose photo can be used.
        batch_size: photos of a batch at most, views counted.
        rank, world: this process takes every ``world``-th batch, and as many as the others.
    """

    def __init__(
        self,
        labels: torch.Tensor,
        usable: Sequence[int],
        how: Batches,
        *,
        batch_size: int,
        seed: int,
        epoch: int,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self._generator = torch.Generator().manual_seed(mix(seed, epoch))
        self._labels = labels
        self._views = how.views
        self._seed = (seed, epoch)
        n = max(1, batch_size // how.views)
        numbers = torch.tensor(usable, dtype=torch.int64)
        if how.photos_per_label is None:
            order = self._shuffled(numbers)
            # All as large as the others, so that none is left with one photo: no pair, no variance to normalise by.
            n_batches = -(-len(order) // n)
            cuts = [len(order) * cut // n_batches for cut in range(n_batches + 1)] if order else []
            batches = [order[start:end] for start, end in pairwise(cuts)]
        else:
            batches = self._dealt(self._grouped(numbers, max(2, min(how.photos_per_label, n))), n)
        if 0 < len(batches) < world:
            batches = [batches[number % len(batches)] for number in range(world)]  # devices wait for each other
        self._batches = batches[: len(batches) - len(batches) % world][rank::world]
        self._rank = rank

    def _shuffled(self, numbers: torch.Tensor) -> list[int]:
        return [int(n) for n in numbers[torch.randperm(len(numbers), generator=self._generator)]]

    def _grouped(self, numbers: torch.Tensor, k: int) -> list[list[int]]:
        """Return all photos in groups of ``k`` of one label, the groups shuffled.

        Every photo comes once, so that labels keep their weight; a last group of a label that is too small for a pair
        is filled up with another photo of the label. Photos without a label, or alone with it, are groups of their
        own: they serve terms that need no label.
        """
        by_label: dict[int, list[int]] = {}
        for n in self._shuffled(numbers):
            by_label.setdefault(int(self._labels[n]), []).append(n)
        alone = by_label.pop(-1, []) + [p.pop() for p in [p for p in by_label.values() if len(p) == 1]]
        groups: list[list[int]] = []
        for photos in by_label.values():
            for start in range(0, len(photos), k):
                group = photos[start : start + k]
                if len(group) == 1:
                    group = [photos[start - 1], *group]
                groups.append(group)
        groups += [[n] for n in alone]
        order = torch.randperm(len(groups), generator=self._generator)
        return [groups[g] for g in order.tolist()]

    def _dealt(self, groups: list[list[int]], n: int) -> list[list[int]]:
        """Return whole groups in batches of up to ``n`` photos, all about as large.

        The largest groups are dealt out first, each to a batch that has the fewest photos, so that every batch gets
        its part of large groups and of single photos; and how many batches there are is the same in every epoch.
        """
        groups = sorted(groups, key=len, reverse=True)
        n_batches = -(-sum(map(len, groups)) // n)
        while True:
            heap = [(0, number) for number in range(n_batches)]
            batches: list[list[int]] = [[] for _ in heap]
            for group in groups:
                size, number = heap[0]
                batches[number] += group
                heapreplace(heap, (size + len(group), number))
            if n_batches >= len(groups) or max(map(len, batches)) <= n:
                break
            n_batches += max(1, n_batches // 50)  # groups do not always fit in without a gap
        return [batches[b] for b in torch.randperm(len(batches), generator=self._generator).tolist()]

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield batches; the first number of each seeds its augmentation."""
        for n, batch in enumerate(self._batches):
            repeated = [number for number in batch for _ in range(self._views)]
            yield [mix(*self._seed, n, self._rank), *repeated]


def mix(*numbers: int) -> int:
    """Return one seed from several numbers: near ones give seeds that have nothing in common (splitmix64)."""
    mixed = 0
    for number in numbers:
        mixed = (mixed ^ number) + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
        mixed ^= mixed >> 31
    return mixed >> 1
