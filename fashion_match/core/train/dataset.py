"""Which items are trained on, which are held out, and what counts as the same."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.item import AttributeValue, Failure, Item, Reason
from fashion_match.core.train.recipe import AttributeSummary

Notify = Callable[[str], None]


@dataclass
class Split:
    """Items on either side, and the label of each (``None`` where it has none)."""

    train: list[Item]
    held_out: list[Item]
    queries: list[Item] = field(default_factory=list)
    """Items whose role is ``query``, for a method that trains on the gallery alone."""
    label_by: tuple[str, ...] = ()
    override: bool = False
    left_alone: list[Item] = field(default_factory=list)
    """Items that the run never meets, for testing."""
    given: bool = False
    """The source said itself which items are for validation."""

    def label(self, item: Item) -> str | None:
        return label_of(item, self.label_by, override=self.override)


def read_items(records: Iterable[Item | Failure]) -> tuple[list[Item], list[Failure]]:
    """Return what a reader yields as items and failures; of two items with one id the second is a failure."""
    items: dict[str, Item] = {}
    failures: list[Failure] = []
    for record in records:
        if isinstance(record, Failure):
            failures.append(record)
        elif record.id in items:
            detail = f"the source has another item with the id {record.id!r}"
            failures.append(
                Failure(item=record.id, file=str(record.image or ""), reason=Reason.DUPLICATE_ID, detail=detail)
            )
        else:
            items[record.id] = record
    return list(items.values()), failures


def label_of(item: Item, label_by: Sequence[str], *, override: bool = False) -> str | None:
    """Return the item's own label, or the values of ``label_by`` joined; ``None`` where one of them is missing."""
    if item.label is not None and not (override and label_by):
        return item.label
    if not label_by or not all(name in item.attributes for name in label_by):
        return None
    return " / ".join(_text(item.attributes[name]) for name in label_by)


def _text(value: AttributeValue) -> str:
    return ", ".join(sorted(value)) if isinstance(value, list) else str(value)


def split_items(
    items: list[Item],
    *,
    label_by: tuple[str, ...] = (),
    override: bool = False,
    trains_on: str = "all",
    validation: float = 0.2,
    test: float = 0.0,
    seed: int = 0,
    notify: Notify = lambda _: None,
) -> Split:
    """Hold out items as the source says, else a part of the labels: all photos of a style are on one side.

    Where labels are made of attributes they name classes, not styles; then styles (or single photos) are held out.

    Args:
        validation: part of the items (0..1) that is held out.
        test: part of the items that is left alone altogether, before the others are split.

    Raises:
        UsageError: labels are to be made of an attribute that no item has.
    """
    # Where items have labels of their own, a method's usual ``label_by`` may well be of another source.
    if override or not any(item.label is not None for item in items):
        _check_attributes(items, label_by)
    queries = [item for item in items if item.role == "query"] if trains_on == "gallery" else []
    if queries:
        kept = {item.id for item in queries}
        items = [item for item in items if item.id not in kept]
    split = Split([], [], queries, label_by, override)
    splits = Counter(item.split for item in items)
    split.left_alone = [item for item in items if item.split == "test"]
    if splits["train"] and splits["val"]:
        split.given = True
        split.train = [item for item in items if item.split in ("train", None)]
        split.held_out = [item for item in items if item.split == "val"]
    else:
        items = [item for item in items if item.split != "test"]
        if test:
            left_alone = _chosen_groups(items, test, f"test {seed}")
            split.left_alone = [item for item in items if group_of(item) in left_alone]
            items = [item for item in items if group_of(item) not in left_alone]
            notify(f"{len(split.left_alone):,} items are left alone: `fm eval` tests the model on them.")
        held_out = _chosen_groups(items, validation, seed)
        for item in items:
            (split.held_out if group_of(item) in held_out else split.train).append(item)
    if test and (split.given or splits["test"]):
        raise UsageError("the source says itself what is for testing or validation.", "Leave out --test.")
    if splits["test"]:
        notify(f"{splits['test']:,} items of the split test are left alone.")
    return split


def group_of(item: Item) -> str:
    """Items that must not be torn apart: a style, or where there is none the item itself."""
    return f"label {item.label}" if item.label is not None else f"item {item.id}"


def _chosen_groups(items: list[Item], part: float, seed: int | str) -> set[str]:
    sizes = Counter(group_of(item) for item in items)
    # By the names alone, so that the order in which a source is read does not matter.
    names = sorted(sizes)
    random.Random(seed).shuffle(names)
    chosen: set[str] = set()
    wanted, n = part * len(items), 0
    for name in names:
        if n >= wanted or len(chosen) >= len(names) - 1:
            break
        chosen.add(name)
        n += sizes[name]
    return chosen


def _check_attributes(items: Sequence[Item], names: Sequence[str]) -> None:
    known = {name for item in items for name in item.attributes}
    for name in names:
        if name not in known:
            raise UsageError(f"no item has the attribute {name!r}.", did_you_mean(name, known, what="attributes"))


def summarize(items: Sequence[Item]) -> dict[str, AttributeSummary]:
    """Return what ``items`` say about each attribute."""
    counts: dict[str, Counter[str]] = {}
    n_items: Counter[str] = Counter()
    numbers: dict[str, list[float]] = {}
    for item in items:
        for name, value in item.attributes.items():
            n_items[name] += 1
            if isinstance(value, int | float):
                numbers.setdefault(name, []).append(value)
            counts.setdefault(name, Counter()).update(value if isinstance(value, list) else [str(value)])
    return {
        name: AttributeSummary(
            dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))),
            n_items[name],
            _mean_and_deviation(numbers[name]) if len(numbers.get(name, ())) == n_items[name] else None,
        )
        for name, counted in counts.items()
    }


def _mean_and_deviation(values: list[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    return mean, deviation or 1.0


def fingerprint_of(items: Iterable[Item]) -> str:
    """Return a hash of items: ids, labels, splits, attributes, and the names and sizes of their photos."""
    digest = blake2b(digest_size=16)
    for item in sorted(items, key=lambda item: item.id):
        photo = item.image
        name, size = ("", -1) if photo is None else (photo.name, photo.stat().st_size if photo.is_file() else -1)
        known = (item.id, item.label, item.role, item.split, item.box, name, size, sorted(item.attributes.items()))
        digest.update(f"{known}\n".encode())
    return digest.hexdigest()
