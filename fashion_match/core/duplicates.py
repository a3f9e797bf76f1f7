"""``fm neighbors --duplicates``: photos that a collection has twice, in groups, and which of them to keep."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fashion_match.core.error import UsageError
from fashion_match.core.evaluate.evidence import Evidence, shot_of_item
from fashion_match.core.evaluate.leak import find_unknown
from fashion_match.core.evaluate.look import NEAR
from fashion_match.core.gather import fetch_items, gather, nothing_there
from fashion_match.core.item import Item
from fashion_match.core.metric.nearest import DIGITS, block_rows, rows_within
from fashion_match.core.near_pair import near_pairs
from fashion_match.core.output import write_whole
from fashion_match.core.table_file import Columns, path_text, write_table
from fashion_match.core.where import Where

if TYPE_CHECKING:
    from fashion_match.core.store.protocol import VectorStore

By = Literal["look", "cosine"]
LEAST_COSINE = 0.99
MOST_PAIRS = 2_000_000
"""Alike by cosine; with more of them the threshold says nothing, and they would take more than 0.3 GB."""

COLUMNS: Columns = {
    "group": int,
    "id": str,
    "keep": bool,
    "difference": float,
    "cosine": float,
    "pixels": int,
    "n_attributes": int,
    "image": str,
}
"""Of the file: a row for each item of a group, the one to keep first."""

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Duplicate:
    """An item of a group."""

    item: Item
    n_pixels: int
    """Of its photo, or of its box; 0 where the photo cannot be read."""
    apart: float | None = None
    """From the item to keep: difference of their looks, or their cosine; ``None`` for that item itself."""

    @property
    def id(self) -> str:
        return self.item.id


@dataclass(frozen=True)
class DuplicateGroup:
    """Items of which one would do."""

    kept: Duplicate
    """The one with the largest photo; of those the one with most attributes, then with the oldest id."""
    others: tuple[Duplicate, ...]
    """Each a near duplicate of ``kept`` itself, nearest first."""

    @property
    def members(self) -> tuple[Duplicate, ...]:
        return (self.kept, *self.others)


@dataclass(frozen=True)
class Duplicates:
    """What was found, the largest group first."""

    by: By
    limit: float
    """Largest difference, or least cosine, to the item that is kept."""
    n_items: int
    """That were compared."""
    groups: tuple[DuplicateGroup, ...]
    unknown: tuple[str, ...] = field(default=())
    """What could not be compared, a line each."""

    def to_delete(self) -> list[str]:
        """Return the ids of all but the items to keep."""
        return [one.id for group in self.groups for one in group.others]


def find_duplicates(
    store: VectorStore,
    *,
    where: Where = Where(),
    by: By = "look",
    limit: float | None = None,
    max_pixels: int | None = None,
    on_progress: Tell = lambda stage, done, total: None,
) -> Duplicates:
    """Return the near duplicates among the items that match, as groups.

    Pairs that are alike make chains: a is like b and b like c, though a is not like c. So a group is no chain but a
    star: all others of it are near duplicates of the item to keep itself. The items are taken in the order of which is
    rather kept; each that is still there takes its near duplicates with it. No two of a group can therefore differ by
    much more than twice the limit, and nothing is given up for an item that it is not like.

    Args:
        where: checked already.
        by: ``look``, which reads the photos and asks no model, or ``cosine`` of the stored vectors.
        limit: largest difference of two looks (0 the same, 1.4 nothing in common), or least cosine.
        max_pixels: larger photos are not decoded.

    Raises:
        UsageError: the limit is no such number, nothing matches, or nearly everything is alike.
    """
    if by == "look":
        limit = NEAR if limit is None else limit
        if not 0 <= limit <= 1.4:
            raise UsageError(f"{limit} is no difference of two looks.", "Give one between 0 and 1.4, such as 0.2.")
        alike = _alike_by_look(store, where, limit, max_pixels, on_progress)
    else:
        limit = LEAST_COSINE if limit is None else limit
        if not -1 <= limit <= 1:
            raise UsageError(f"{limit} is no cosine.", "Give one between -1 and 1, such as 0.99.")
        alike = _alike_by_cosine(store, where, limit, on_progress)
    groups = _stars(alike, 1 if by == "look" else -1)
    return Duplicates(by, limit, alike.n_items, tuple(groups), tuple(alike.unknown))


def write_duplicates(out: Path, found: Duplicates) -> int:
    """Write a row for each item of each group, and return how many; whole or not at all.

    Raises:
        UsageError: ``out`` has no ending that is known, or cannot be written.
    """
    return write_table(out, COLUMNS, _rows(found))


def write_ids(out: Path, ids: Iterable[str]) -> None:
    """Write ids, one a line, for ``xargs``; whole or not at all. Raises UsageError where that fails."""
    lines = list(ids)
    if broken := next((one for one in lines if "\n" in one), None):
        raise UsageError(f"the id {broken!r} has several lines, so it fits no list.", "Write a table with --out.")
    write_whole(out, "".join(f"{one}\n" for one in lines).encode("utf-8"))


@dataclass(frozen=True)
class _Alike:
    """What is alike, before it is put into groups."""

    n_items: int
    nodes: list[list[Item]]
    """Items that are the same photo, whatever else is known of them."""
    pairs: list[tuple[int, int, float]]
    """Numbers of two nodes that are near duplicates, and how near."""
    unknown: list[str] = field(default_factory=list)


def _alike_by_look(store: VectorStore, where: Where, limit: float, max_pixels: int | None, on_progress: Tell) -> _Alike:
    import numpy as np

    items = sorted((stored.item for stored in store.scan(where)), key=lambda item: item.id)
    if not items:
        raise nothing_there(store, where)
    photos = Evidence() if max_pixels is None else Evidence(max_pixels=max_pixels)
    shots = [shot_of_item(item) for item in items]
    photos.gather(shots, looks=True, on_progress=lambda done, total: on_progress("read", done, total))
    twins: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for n, shot in enumerate(shots):
        content = photos.content(shot)
        twins[(n,) if content is None else (content, shot.box)].append(n)
    nodes = list(twins.values())
    seen = [(node, look) for node, (n, *_) in enumerate(nodes) if (look := photos.look(shots[n])) is not None]
    pairs: list[tuple[int, int, float]] = []
    if len(seen) > 1:
        looks = np.stack([look for _, look in seen])
        found = near_pairs(looks, near=limit, on_progress=lambda done: on_progress("compare", done, len(seen)))
        pairs = [(seen[a][0], seen[b][0], round(difference, 5)) for a, b, difference in found]
    unknown = find_unknown(shots, what="photos", photos=photos)
    if n_without := sum(item.image is None for item in items):
        unknown.append(f"items without a photo, which were not compared: {n_without:,}.")
    return _Alike(len(items), [[items[n] for n in node] for node in nodes], pairs, unknown)


def _alike_by_cosine(store: VectorStore, where: Where, limit: float, on_progress: Tell) -> _Alike:
    gathered = gather(store, where, on_progress=lambda done, total: on_progress("read", done, total))
    n, rows = len(gathered), list[tuple[int, int, float]]()
    block = block_rows(n)
    for start in range(0, n, block):
        found = rows_within(gathered.vectors, start, min(start + block, n), limit)
        if len(rows) + len(found[0]) > MOST_PAIRS:
            raise UsageError(
                f"more than {MOST_PAIRS:,} pairs have a cosine of {limit} or more: nearly everything is alike.",
                "Give a higher --limit, or a filter, or compare by look.",
            )
        rows.extend(zip(*(column.tolist() for column in found), strict=True))
        on_progress("compare", min(start + block, n), n)
    wanted = sorted({row for a, b, _ in rows for row in (a, b)})
    known = fetch_items(store, [gathered.members[row].id for row in wanted])
    there = [row for row in wanted if gathered.members[row].id in known]
    nodes = {row: node for node, row in enumerate(there)}
    return _Alike(
        n,
        [[known[gathered.members[row].id]] for row in there],
        [(nodes[a], nodes[b], round(cosine, DIGITS)) for a, b, cosine in rows if a in nodes and b in nodes],
    )


def _stars(alike: _Alike, sign: int) -> list[DuplicateGroup]:
    """Return the groups, the largest first.

    Args:
        sign: 1 where what is near has a small number, -1 where it has a large one.
    """
    near: dict[int, dict[int, float]] = defaultdict(dict)
    for a, b, apart in alike.pairs:
        near[a][b] = near[b][a] = apart
    some = [node for node, items in enumerate(alike.nodes) if len(items) > 1 or node in near]
    ranked = {node: sorted(map(_measured, alike.nodes[node]), key=_preference) for node in some}
    groups, taken = [], set[int]()
    for leader in sorted(some, key=lambda node: _preference(ranked[node][0])):
        if leader in taken:
            continue
        kept, *same = ranked[leader]
        others = [replace(one, apart=0.0) for one in same]
        followers = [node for node in near[leader] if node not in taken]
        others += [replace(one, apart=near[leader][node]) for node in followers for one in ranked[node]]
        taken.update([leader, *followers])
        if others:
            others.sort(key=lambda one: (sign * (one.apart or 0.0), age(one.id)))
            groups.append(DuplicateGroup(kept, tuple(others)))
    return sorted(groups, key=lambda group: (-len(group.others), age(group.kept.id)))


def _measured(item: Item) -> Duplicate:
    return Duplicate(item, _photo_pixels(item))


def _preference(one: Duplicate) -> tuple[object, ...]:
    return -one.n_pixels, -len(one.item.attributes), age(one.id)


def age(item_id: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return what ids are sorted by, the oldest first: numbers within them count as numbers, 9 before 10."""
    parts = re.split(r"(\d+)", item_id)
    return [(1, int(part), "") if n % 2 else (0, 0, part) for n, part in enumerate(parts)], item_id


def _photo_pixels(item: Item) -> int:
    from PIL import Image

    if item.image is None:
        return 0
    try:
        with Image.open(item.image) as opened:
            width, height = opened.size
    except Exception:  # on a damaged file the decoders raise nearly anything
        return 0
    if item.box is not None:
        x0, y0, x1, y1 = item.box
        return max(round((x1 - x0) * (y1 - y0)), 0)
    return width * height


def _rows(found: Duplicates) -> Iterator[tuple[object, ...]]:
    for number, group in enumerate(found.groups, 1):
        for one in group.members:
            apart: Mapping[str, float | None] = {found.by: one.apart}
            image = path_text(one.item.image)
            yield (
                number,
                one.id,
                one is group.kept,
                apart.get("look"),
                apart.get("cosine"),
                one.n_pixels,
                len(one.item.attributes),
                image,
            )
