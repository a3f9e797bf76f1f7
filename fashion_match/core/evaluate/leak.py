"""Which of the tested items are on the other side of a split as well: by file, by content, by look, or by label."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from fashion_match.core.evaluate.evidence import Evidence, Shot
from fashion_match.core.evaluate.near_search import find_near
from fashion_match.core.evaluation import Leak, LeakCheck, LeakKind
from fashion_match.core.output import write_whole

KINDS: tuple[LeakKind, ...] = get_args(LeakKind)
"""All of them; those of photos from the surest to the least sure, see `STRENGTH`."""
STRENGTH: tuple[LeakKind, ...] = ("same file", "same content", "near duplicate")
TWIN = "same set"
N_EXAMPLES = 12


class LeakProgress(NamedTuple):
    """How far the check has come."""

    stage: str
    """``read`` or ``compare``."""
    done: int
    total: int
    """Photos."""


Tell = Callable[[LeakProgress], None]


def find_leaks(
    tested: Sequence[Shot],
    other: Sequence[Shot],
    *,
    side: str,
    kinds: Collection[LeakKind] = KINDS,
    photos: Evidence,
    on_progress: Tell = lambda progress: None,
) -> list[Leak]:
    """Return what is on both sides, in the order of the tested items.

    Of a photo it is the surest kind alone (same file, then same content, then near duplicate), so a tested item is
    named at most twice: for its photo and for its label. The other item that is named is the nearest of near
    duplicates, else the one with the same id, else the first.

    Args:
        side: what ``other`` is called.
        kinds: those to look for: between queries and gallery the same label is the task itself.
        photos: what is known of photos already, and what is learnt of them here.
    """
    return _find(tested, other, side, kinds, photos, on_progress, within=False)


def find_twins(
    shots: Sequence[Shot],
    *,
    side: str = TWIN,
    kinds: Collection[LeakKind] = STRENGTH,
    photos: Evidence,
    on_progress: Tell = lambda progress: None,
) -> list[Leak]:
    """Return which items have another item of the same set for a twin, as `find_leaks` does; both of a pair are named.

    Two boxes in one photo are twins too: they are of the same file.
    """
    return _find(shots, shots, side, kinds, photos, on_progress, within=True)


def _find(
    tested: Sequence[Shot],
    other: Sequence[Shot],
    side: str,
    kinds: Collection[LeakKind],
    photos: Evidence,
    tell: Tell,
    *,
    within: bool,
) -> list[Leak]:
    found: dict[int, list[Leak]] = {}
    """By the number of the tested item."""

    def note(kind: LeakKind, n: int, m: int, difference: float | None = None) -> None:
        a, b = tested[n], other[m]
        label = a.label if kind == "same label" else None
        found.setdefault(n, []).append(
            Leak(
                kind=kind,
                side=side,
                item=a.id,
                other=b.id,
                file=a.file,
                other_file=b.file,
                label=label,
                difference=difference,
            )
        )

    left = list(range(len(tested)))
    if "same file" in kinds:
        for n, m in _equal(tested, other, left, photos.path, within):
            note("same file", n, m)
        left = [n for n in left if n not in found]
    if "same content" in kinds or "near duplicate" in kinds:
        looks = "near duplicate" in kinds
        shots = [*(tested[n] for n in left), *other]
        photos.gather(shots, looks=looks, on_progress=lambda done, total: tell(LeakProgress("read", done, total)))
    if "same content" in kinds:
        for n, m in _equal(tested, other, left, photos.content, within):
            note("same content", n, m)
        left = [n for n in left if n not in found]
    if "near duplicate" in kinds:
        for n, m, difference in _near(tested, other, left, photos, tell, within):
            note("near duplicate", n, m, difference)
    if "same label" in kinds:
        for n, m in _equal(tested, other, list(range(len(tested))), lambda shot: shot.label, within):
            note("same label", n, m)
    return [leak for n in sorted(found) for leak in found[n]]


def _equal(
    tested: Sequence[Shot],
    other: Sequence[Shot],
    numbers: Sequence[int],
    key: Callable[[Shot], str | None],
    within: bool,
) -> list[tuple[int, int]]:
    """Return, for those of ``numbers`` whose key the other side has too, the number there: of the same id, or first."""
    first: dict[str, list[int]] = {}
    by_id: dict[tuple[str, str], int] = {}
    for m, shot in enumerate(other):
        value = key(shot)
        if value is not None:
            known = first.setdefault(value, [])
            if len(known) < 2:  # two, because within one set the first may be the item itself
                known.append(m)
            by_id.setdefault((value, shot.id), m)
    found = []
    for n in numbers:
        value = key(tested[n])
        if value is None:
            continue
        if within:
            others = [m for m in first[value] if m != n]
        else:
            same = by_id.get((value, tested[n].id))
            others = first.get(value, []) if same is None else [same]
        if others:
            found.append((n, others[0]))
    return found


def _near(
    tested: Sequence[Shot], other: Sequence[Shot], numbers: Sequence[int], photos: Evidence, tell: Tell, within: bool
) -> list[tuple[int, int, float]]:
    """Return the nearest near duplicate of those of ``numbers`` that have one, with the difference."""
    import numpy as np

    seen = [(n, look) for n in numbers if (look := photos.look(tested[n])) is not None]
    there = [(m, look) for m, shot in enumerate(other) if (look := photos.look(shot)) is not None]
    if not seen or not there:
        return []
    places = {m: place for place, (m, _) in enumerate(there)}
    found = find_near(
        np.stack([look for _, look in seen]),
        np.stack([look for _, look in there]),
        own=[places[n] for n, _ in seen] if within else None,
        on_progress=lambda done: tell(LeakProgress("compare", done, len(seen))),
    )
    return [(seen[near.tested][0], there[near.other][0], near.difference) for near in found]


def find_unknown(shots: Iterable[Shot], *, what: str, photos: Evidence) -> list[str]:
    """Return what could not be looked at of photos that were checked, each as a line with a count.

    Args:
        what: the photos, as the lines call them: ``photos that the model was trained on``.
    """
    troubles: Counter[str] = Counter()
    n_content = 0
    for shot in dict.fromkeys(shots):
        if (trouble := photos.trouble(shot)) is not None:
            troubles[trouble] += 1
            n_content += photos.content(shot) is not None
    if not troubles:
        return []
    reasons = ", ".join(f"{n:,} {trouble}" for trouble, n in sorted(troubles.items()))
    total = f"{troubles.total():,} ({reasons})"
    return [f"{what} that could not be looked at: {total}; {n_content:,} of them were compared by content."]


def summarize(
    leaks: Sequence[Leak],
    *,
    kinds: Collection[LeakKind],
    sides: Sequence[str] = (),
    unknown: Sequence[str] = (),
    n_dropped: int = 0,
    n_examples: int = N_EXAMPLES,
) -> LeakCheck:
    """Return what was found on all sides, counted by tested items.

    Args:
        sides: what was compared, each a line, see `describe_side`.
        kinds: those that were looked for.
        n_dropped: tested items that leak and were left out.
        n_examples: leaks that are shown: of each kind in turn, the nearest first.
    """
    by_kind = {kind: [leak for leak in leaks if leak.kind == kind] for kind in KINDS if kind in kinds}
    queues = [sorted(found, key=lambda leak: (leak.difference or 0.0, leak.item)) for found in by_kind.values()]
    turns = [queue[n] for n in range(n_examples) for queue in queues if n < len(queue)]
    return LeakCheck(
        sides=tuple(sides),
        counts={kind: len({leak.item for leak in found}) for kind, found in by_kind.items()},
        n_leaking=len({leak.item for leak in leaks}),
        n_dropped=n_dropped,
        unknown=tuple(unknown),
        examples=tuple(turns[:n_examples]),
    )


def describe_side(n_tested: int, n_other: int, what: str) -> str:
    """Return the line of a comparison: ``1,600 tested items against 6,400 that the model was trained on``."""
    return f"{n_tested:,} tested items against {n_other:,} {what}"


def write_leaks(leaks: Iterable[Leak], out: Path) -> None:
    """Write all leaks as CSV, sorted by kind, side and item; whole or not at all.

    Raises:
        UsageError: the folder cannot be written, or the disk is full.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Leak.model_fields)
    order = {kind: n for n, kind in enumerate((*STRENGTH, "same label"))}
    for leak in sorted(leaks, key=lambda leak: (order[leak.kind], leak.side, leak.item, leak.other)):
        writer.writerow("" if value is None else value for value in leak.model_dump().values())
    write_whole(out, text.getvalue().encode())
