"""A sheet for each cluster: the items nearest to its centre, and what is typical of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.gather import as_hit, fetch_items
from fashion_match.core.neighbor_sheets import make_folder
from fashion_match.core.report.sheet import contact_sheet

if TYPE_CHECKING:
    from fashion_match.core.cluster import Clustering
    from fashion_match.core.store.protocol import VectorStore

SHOWN, SHOWN_TYPICAL = 20, 3
"""Items of a cluster on its sheet, and what is typical of it on one line."""


def write_cluster_sheets(
    store: VectorStore,
    found: Clustering,
    folder: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write a contact sheet of each cluster into ``folder`` and return the files; scores are cosines to the centre.

    Raises:
        UsageError: the folder cannot be made or written.
    """
    import numpy as np

    make_folder(folder)
    files = []
    for done, one in enumerate(found.clusters, 1):
        rows = list(one.rows)
        centre = found.gathered.vectors[rows].mean(axis=0)
        centre /= max(float(np.linalg.norm(centre)), 1e-9)
        shown = rows[:SHOWN]
        members = [found.gathered.members[row] for row in shown]
        cosines = (found.gathered.vectors[shown] @ centre).clip(-1, 1).tolist()
        items = fetch_items(store, [member.id for member in members])
        there = [(member, score) for member, score in zip(members, cosines, strict=True) if member.id in items]
        out = folder / f"cluster-{one.number:03d}.png"
        nearest = f", the {len(there)} nearest to its centre" if len(there) < len(one) else ""
        typical = ", ".join(map(str, one.typical[:SHOWN_TYPICAL])) or "no attribute is typical of it"
        contact_sheet(
            [as_hit(items[member.id], score) for member, score in there],
            query=None,
            heading=f"Cluster {one.number}: {len(one):,} items{nearest}",
            below=f"Typical: {typical}",
            out=out,
            boxes=[member.box for member, _ in there],
        )
        files.append(out)
        on_progress(done, len(found.clusters))
    return files
