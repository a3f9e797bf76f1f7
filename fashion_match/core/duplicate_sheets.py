"""A sheet for each group of near duplicates: the one to keep top left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.gather import as_hit
from fashion_match.core.neighbor_sheets import make_folder
from fashion_match.core.report.sheet import contact_sheet
from fashion_match.core.report.sheet_name import sheet_name

if TYPE_CHECKING:
    from fashion_match.core.duplicates import By, DuplicateGroup

MOST_SHOWN = 100
"""Of a group, on its sheet."""


def write_duplicate_sheets(
    groups: Sequence[DuplicateGroup],
    folder: Path,
    by: By,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write a contact sheet of each group into ``folder``, and return the files, named by group and the id to keep.

    A score is the cosine to the one to keep, or one minus the difference of looks, so that 1 is the same.

    Raises:
        UsageError: the folder cannot be made or written.
    """
    make_folder(folder)
    files = []
    for number, group in enumerate(groups, 1):
        shown = group.others[:MOST_SHOWN]
        out = folder / f"{number:03d}-{sheet_name(group.kept.id)}"
        heading = f"Group {number}: keep {group.kept.id} ({group.kept.n_pixels:,} pixels)"
        counted = "1 near duplicate" if len(group.others) == 1 else f"{len(group.others):,} near duplicates"
        contact_sheet(
            [as_hit(one.item, _score(one.apart or 0.0, by)) for one in shown],
            query=group.kept.item.image,
            heading=heading,
            below=counted + (f", the {len(shown)} nearest are shown" if len(shown) < len(group.others) else ""),
            out=out,
            boxes=[one.item.box for one in shown],
            query_box=group.kept.item.box,
            query_name="KEEP",
        )
        files.append(out)
        on_progress(number, len(groups))
    return files


def _score(apart: float, by: By) -> float:
    return apart if by == "cosine" else max(1 - apart, 0.0)
