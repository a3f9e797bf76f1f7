"""Neighbours to look at: a sheet for an item, and strips of many."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.gather import as_hit, fetch_items
from fashion_match.core.output import check_output
from fashion_match.core.report.caption import caption
from fashion_match.core.report.document import PAGE_FORMATS
from fashion_match.core.report.sheet import SHEET_FORMATS, contact_sheet
from fashion_match.core.report.sheet_name import sheet_name
from fashion_match.core.report.strip import Shown, Strip, strip_sheet
from fashion_match.core.report.strip_page import strip_page

if TYPE_CHECKING:
    from fashion_match.core.gather import Member
    from fashion_match.core.item import Item
    from fashion_match.core.neighbors import Neighborhood
    from fashion_match.core.store.protocol import VectorStore

STRIP_FORMATS = (*SHEET_FORMATS, *PAGE_FORMATS)


def draw_by_chance(found: Sequence[Neighborhood], n: int, seed: int = 0) -> list[Neighborhood]:
    """Return at most ``n`` of them, drawn by chance, in their order."""
    if len(found) <= n:
        return list(found)
    return [found[number] for number in sorted(random.Random(seed).sample(range(len(found)), n))]


class Judge:
    """Which neighbours are right: those with the value of the item itself, where another item has it at all.

    Args:
        everyone: all items that may be neighbours, for the right answers that were not found.
    """

    def __init__(self, everyone: Sequence[Member] = ()) -> None:
        self._counts = Counter(value for member in everyone for value in _values(member))
        self._first: dict[str, list[Member]] = {}
        for member in everyone:
            for value in _values(member):
                known = self._first.setdefault(value, [])
                if len(known) < 2:  # two, because the first may be the item itself
                    known.append(member)

    def right(self, member: Member, other: Member) -> bool | None:
        """Return whether the other is a right answer; ``None`` where there can be none."""
        own = _values(member)
        if not any(self._counts[value] > 1 for value in own):
            return None
        return not own.isdisjoint(_values(other))

    def answer(self, hood: Neighborhood) -> Member | None:
        """Return the nearest right answer, found or else the first there is; ``None`` where there is none."""
        found = (near.member for near in hood.neighbors if self.right(hood.member, near.member))
        others = (one for value in sorted(_values(hood.member)) for one in self._first.get(value, ()))
        return next(found, None) or next((one for one in others if one.id != hood.id), None)


def write_sheets(
    store: VectorStore,
    found: Sequence[Neighborhood],
    folder: Path,
    judge: Judge,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write a contact sheet of each into ``folder``, the item top left, and return the files.

    Raises:
        UsageError: the folder cannot be made or written.
    """
    make_folder(folder)
    files = []
    for n, hood in enumerate(found, 1):
        near = list(hood.neighbors)
        items = fetch_items(store, [one.id for one in near])
        shown = [one for one in near if one.id in items]
        out = folder / sheet_name(hood.id)
        contact_sheet(
            [as_hit(items[one.id], one.score) for one in shown],
            query=hood.member.image,
            heading=f"Next to {hood.id}",
            out=out,
            right=[judge.right(hood.member, one.member) for one in shown],
            boxes=[one.member.box for one in shown],
            query_box=hood.member.box,
        )
        files.append(out)
        on_progress(n, len(found))
    return files


def write_strips(
    store: VectorStore, found: Sequence[Neighborhood], judge: Judge, *, heading: str, out: Path, note: str = ""
) -> None:
    """Write strips of these items as a picture or a page, by the name of ``out``.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    check_output(out, STRIP_FORMATS)
    strips = list(_strips(store, found, judge))
    if out.suffix.lower() in PAGE_FORMATS:
        strip_page(strips, heading=heading, out=out, notes=[note] if note else [])
    else:
        strip_sheet(strips, heading=heading + (f" ({note})" if note else ""), out=out)


def make_folder(folder: Path) -> None:
    """Make a folder for sheets where it is missing. Raises UsageError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {str(folder)!r}: {error.strerror or error}.", "Name another one."
        ) from None


def _strips(store: VectorStore, found: Sequence[Neighborhood], judge: Judge) -> Iterator[Strip]:
    for hood in found:
        answer = judge.answer(hood)
        members = [hood.member, *(near.member for near in hood.neighbors), *([answer] if answer else [])]
        items = fetch_items(store, [member.id for member in members])
        hits = tuple(
            _shown(near.member, items, near.score, judge.right(hood.member, near.member)) for near in hood.neighbors
        )
        label = ", ".join(sorted(_values(hood.member))) if answer is not None else ""
        yield Strip(_shown(hood.member, items), hits, label, None if answer is None else _shown(answer, items))


def _shown(member: Member, items: Mapping[str, Item], score: float | None = None, right: bool | None = None) -> Shown:
    item = items.get(member.id)
    title = caption(as_hit(item, score or 0.0)).title if item is not None else member.id
    return Shown(member.image, title, score, right, member.box)


def _values(member: Member) -> frozenset[str]:
    value = member.value
    if value is None:
        return frozenset()
    return frozenset(value) if isinstance(value, list) else frozenset([str(value)])
