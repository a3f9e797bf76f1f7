"""``fm neighbors``: what lies next to each item of a collection, for some of them or for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.gather import Gathered, Member, gather, make_member
from fashion_match.core.metric.nearest import DIGITS, block_rows, nearest_rows
from fashion_match.core.neighbor_part import NeighborPart
from fashion_match.core.output import check_output
from fashion_match.core.table_file import TABLE_FORMATS, Columns, path_text, write_table
from fashion_match.core.where import Where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.store.protocol import Stored, VectorStore

COLUMNS: Columns = {
    "id": str,
    "rank": int,
    "neighbor": str,
    "score": float,
    "label": str,
    "neighbor_label": str,
    "image": str,
    "neighbor_image": str,
}
"""Of the file: a row for each neighbour."""
FEW = 5000
"""Items whose ids are compared with one that does not occur."""

Tell = Callable[[str, int, int], None]
"""Told the stage, how many items are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Neighbor:
    """An item next to another one."""

    member: Member
    score: float
    """Cosine, -1..1."""

    @property
    def id(self) -> str:
        return self.member.id


@dataclass(frozen=True, slots=True)
class Neighborhood:
    """An item and what lies next to it, nearest first; of equally near ones the one with the smaller id."""

    member: Member
    neighbors: tuple[Neighbor, ...]

    @property
    def id(self) -> str:
        return self.member.id


@dataclass(frozen=True)
class AllNeighbors(Sequence[Neighborhood]):
    """The neighbourhoods of all items, in the order of their ids, as two arrays until they are looked at."""

    gathered: Gathered
    rows: NDArray[np.int32]
    """N x K."""
    cosines: NDArray[np.float32]
    """N x K."""

    def __len__(self) -> int:
        return len(self.gathered)

    @overload
    def __getitem__(self, n: int) -> Neighborhood: ...
    @overload
    def __getitem__(self, n: slice) -> Sequence[Neighborhood]: ...
    def __getitem__(self, n: Any) -> Any:
        if isinstance(n, slice):
            return [self[number] for number in range(*n.indices(len(self)))]
        members = self.gathered.members
        near = zip(self.rows[n].tolist(), self.cosines[n].tolist(), strict=True)
        return Neighborhood(members[n], tuple(Neighbor(members[row], round(score, DIGITS)) for row, score in near))


def all_neighbors(
    store: VectorStore,
    *,
    where: Where = Where(),
    k: int = 10,
    attribute: str = "label",
    part: NeighborPart | None = None,
    on_progress: Tell = lambda stage, done, total: None,
) -> AllNeighbors:
    """Return the ``k`` neighbours of every item that matches ``where``, among those that match; exact.

    There are fewer neighbours where fewer other items match.

    Args:
        where: checked already.
        attribute: whose values are kept in `Member.value`.
        part: where to keep what is known, and what may be known already, so that a killed run goes on.

    Raises:
        UsageError: k is less than one, nothing matches, or another process is at the same file.
    """
    import numpy as np

    check_k(k)
    gathered = gather(
        store, where, attribute=attribute, on_progress=lambda done, total: on_progress("read", done, total)
    )
    n = len(gathered)
    k = min(k, n - 1)
    rows, cosines = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    if k == 0:
        return AllNeighbors(gathered, rows, cosines)
    block = block_rows(n)
    done = 0
    if part is not None:
        request = {
            "collection": store.name,
            "where": str(where),
            "k": k,
            "n": n,
            "block": block,
            "digest": gathered.digest(),
        }
        known = part.begin(request, k, n, block)
        done = len(known[0])
        rows[:done], cosines[:done] = known
    while done < n:
        stop = min(done + block, n)
        found = nearest_rows(gathered.vectors, done, stop, k)
        rows[done:stop], cosines[done:stop] = found
        if part is not None:
            part.add(*found)
        done = stop
        on_progress("compare", done, n)
    return AllNeighbors(gathered, rows, cosines)


def write_all_neighbors(
    store: VectorStore,
    out: Path,
    *,
    where: Where = Where(),
    k: int = 10,
    attribute: str = "label",
    notify: Callable[[str], None] = lambda _: None,
    on_progress: Tell = lambda stage, done, total: None,
) -> AllNeighbors:
    """Write the neighbours of every item that matches into a file, as `all_neighbors` and `write_neighbors` do.

    Killed, it goes on where it stopped when it is called again for the same file, with the same filter and k and the
    same collection; else it begins anew. The file itself is there whole, or not at all.
    """
    check_output(out, TABLE_FORMATS)
    with NeighborPart(out, notify) as part:
        found = all_neighbors(store, where=where, k=k, attribute=attribute, part=part, on_progress=on_progress)
        write_neighbors(out, found)
        part.remove()
    return found


def neighbors_of(
    store: VectorStore, ids: Sequence[str], *, where: Where = Where(), k: int = 10, attribute: str = "label"
) -> list[Neighborhood]:
    """Return the ``k`` neighbours of some items among those that match ``where``, compared with every vector.

    Args:
        where: checked already.

    Raises:
        UsageError: k is less than one, or there is no such item.
    """
    check_k(k)
    found = store.fetch(list(dict.fromkeys(ids)), with_vectors=True)
    if missing := sorted({*ids} - {stored.item.id for stored in found}):
        some = [stored.item.id for stored, _ in zip(store.scan(), range(FEW), strict=False)]
        raise UsageError(
            f"the collection {store.name} has no item {missing[0]!r}.", did_you_mean(missing[0], some, what="items")
        )
    neighborhoods = []
    for stored in found:
        assert stored.vector is not None
        near = store.nearest(stored.vector, where=where, k=k, exact=True, exclude=[stored.item.id])
        member = make_member(stored.item, attribute)
        neighborhoods.append(Neighborhood(member, tuple(_in_order(near, attribute))))
    return neighborhoods


def write_neighbors(out: Path, found: Iterable[Neighborhood]) -> int:
    """Write a row for each neighbour, and return how many; whole or not at all.

    Raises:
        UsageError: ``out`` has no ending that is known, or cannot be written.
    """
    return write_table(out, COLUMNS, _rows(found))


def check_k(k: int) -> None:
    """Raise UsageError where ``k`` is less than one."""
    if k < 1:
        raise UsageError(f"k = {k}: at least one neighbour must be asked for.")


def _rows(found: Iterable[Neighborhood]) -> Iterator[tuple[object, ...]]:
    for hood in found:
        one = hood.member
        image = path_text(one.image)
        for rank, near in enumerate(hood.neighbors, 1):
            other = near.member
            yield one.id, rank, other.id, near.score, one.label, other.label, image, path_text(other.image)


def _in_order(near: Sequence[Stored], attribute: str) -> list[Neighbor]:
    found = []
    for stored in near:
        assert stored.score is not None
        found.append(Neighbor(make_member(stored.item, attribute), round(min(max(stored.score, -1.0), 1.0), DIGITS)))
    return sorted(found, key=lambda neighbor: (-neighbor.score, neighbor.id))
