"""Which items an evaluation tests, which they are searched among, and which fit a threshold."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fashion_match.core.error import UsageError
from fashion_match.core.item import Item
from fashion_match.core.model.seen import Seen, SeenRole
from fashion_match.core.train.dataset import group_of

Part = Literal["auto", "all", "held-out", "train", "val", "test"]


@dataclass(frozen=True)
class Sides:
    """Items by what they are for."""

    tested: list[Item]
    gallery: list[Item] | None
    """What is searched; ``None`` where tested items search each other."""
    rest: list[Item]
    """Items of the source that are not tested, of which neighbours and thresholds may be taken."""
    chosen: str
    """How the tested items were chosen, in a line."""


def choose_sides(
    items: Sequence[Item],
    part: Part,
    *,
    seen: Seen | None,
    contents: Mapping[str, str | None],
    gallery: Sequence[Item] | None,
) -> Sides:
    """Choose what is tested: the test part of a source that has one, else what the model was not trained on, else all.

    Args:
        part: ``auto`` for the above, or the part that is meant.
        seen: what the model was trained on.
        contents: hash of each item's photo, by id; needed where ``seen`` is given.
        gallery: of a source of its own.

    Raises:
        UsageError: there is no such part, or nothing is left to test.
    """
    asked = [item for item in items if item.role == "query"] if gallery is None else []
    searched = [item for item in items if item.role == "gallery"] if asked else gallery
    tested, chosen = _choose(asked or items, part, _roles(asked or items, seen, contents))
    if not tested:
        raise UsageError(
            f"there is nothing to test ({chosen}).", "Choose another part with --split, or another source."
        )
    if asked and searched is not None:
        splits = {item.split for item in tested}
        searched = [item for item in searched if item.split in splits]
    ids = {item.id for item in tested}
    rest = [item for item in items if item.id not in ids]
    return Sides(tested, None if searched is None else list(searched), rest, chosen)


def _roles(items: Sequence[Item], seen: Seen | None, contents: Mapping[str, str | None]) -> dict[str, SeenRole]:
    """Return the part that items had in making the model, by their ids; photos are known by their content."""
    if seen is None:
        return {}
    known: dict[str, SeenRole] = {}
    for one in seen.items:
        if one.content is not None and known.get(one.content) != "train":
            known[one.content] = one.role
    return {item.id: role for item in items if (role := known.get(contents.get(item.id) or "")) is not None}


def _choose(items: Sequence[Item], part: Part, roles: Mapping[str, SeenRole]) -> tuple[list[Item], str]:
    splits = Counter(item.split for item in items)
    was_trained_on = "train" in roles.values()
    if part == "all":
        return list(items), "all items"
    if part == "auto" and (splits["test"] or (splits["val"] and not was_trained_on)):
        part = "test" if splits["test"] else "val"
    if part in ("train", "val", "test"):
        found = [item for item in items if item.split == part]
        return found, f"the source's split {part}" if found else f"the source has no split {part}"
    if not was_trained_on:
        none = "the model was trained on none of these items, so it held none out"
        return ([], none) if part == "held-out" else (list(items), "all items")
    n_trained = sum(role == "train" for role in roles.values())
    how = f"the model was trained on {n_trained:,} others of the source"
    left_alone = [item for item in items if roles.get(item.id) == "test"]
    if left_alone:
        return left_alone, f"items that the run left alone; {how}"
    return [item for item in items if roles.get(item.id) != "train"], f"items that were not trained on; {how}"


def part_of_labels(items: Sequence[Item], share: float, seed: int) -> tuple[list[Item], list[Item]]:
    """Return the items in two: those of a share of the labels, drawn at random, and the others.

    An item without a label is by itself.
    """
    names = sorted({group_of(item) for item in items})
    random.Random(seed).shuffle(names)
    first = set(names[: round(share * len(names))])
    return [item for item in items if group_of(item) in first], [item for item in items if group_of(item) not in first]
