"""All vectors of a collection, or of what matches a filter, side by side in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.item import AttributeValue, Box, Hit, Item

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.store.protocol import VectorStore
    from fashion_match.core.where import Where

CHUNK = 1024
"""Vectors that are numbers of Python at a time: as such they take eight times the memory."""


@dataclass(frozen=True, slots=True)
class Member:
    """What is kept of an item beside its vector: little, because there may be many."""

    id: str
    image: Path | None
    box: Box | None = None
    label: str | None = None
    value: AttributeValue | None = None
    """Of the attribute that was asked for."""


@dataclass(frozen=True)
class Gathered:
    """Items in the order of their ids, the same on every engine, and their vectors."""

    members: list[Member]
    """N."""
    vectors: NDArray[np.float32]
    """N x E, unit rows: 4 N E bytes, and as much again for a moment while they are put in order."""

    def __len__(self) -> int:
        return len(self.members)

    def digest(self) -> str:
        """Return a hash of ids and vectors: another one where anything has changed that neighbours depend on."""
        made = blake2b(digest_size=16)
        for member in self.members:
            name = member.id.encode("utf-8", "surrogatepass")
            made.update(len(name).to_bytes(4, "little") + name)
        made.update(self.vectors.data)
        return made.hexdigest()


def gather(
    store: VectorStore,
    where: Where,
    *,
    attribute: str | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Gathered:
    """Read all vectors that match ``where``, which was checked already.

    Args:
        attribute: whose value is kept too.
        on_progress: told how many have been read, and how many there are.

    Raises:
        UsageError: nothing matches.
        StoreError: the store refuses.
    """
    import numpy as np

    total = store.count(where)
    members: list[Member] = []
    chunks: list[NDArray[np.float32]] = []
    waiting: list[list[float]] = []
    for stored in store.scan(where, with_vectors=True):
        assert stored.vector is not None
        members.append(make_member(stored.item, attribute))
        waiting.append(stored.vector)
        if len(waiting) == CHUNK:
            chunks.append(np.asarray(waiting, np.float32))
            waiting.clear()
            on_progress(len(members), total)
    if waiting:
        chunks.append(np.asarray(waiting, np.float32))
    if not members:
        raise nothing_there(store, where)
    on_progress(len(members), max(total, len(members)))
    vectors = np.concatenate(chunks)
    chunks.clear()
    order = sorted(range(len(members)), key=lambda n: members[n].id)
    vectors = np.ascontiguousarray(vectors[order])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Gathered([members[n] for n in order], vectors)


def nothing_there(store: VectorStore, where: Where) -> UsageError:
    """Return the error for a collection, or a part of it, that is empty."""
    return UsageError(
        f"the collection {store.name} has no items" + (f" with {where}." if where else "."),
        "`fm items count` says what it holds." if where else "Fill it with `fm ingest SOURCE`.",
    )


def make_member(item: Item, attribute: str | None = None) -> Member:
    """Return what is kept of an item, with its value of an attribute, or its label."""
    value = item.label if attribute == "label" else None if attribute is None else item.attributes.get(attribute)
    return Member(item.id, item.image, item.box, item.label, value)


def as_hit(item: Item, score: float) -> Hit:
    """Return an item as sheets and pages show it."""
    return Hit(id=item.id, score=score, image=item.image, label=item.label, attributes=dict(item.attributes))


def fetch_items(store: VectorStore, ids: list[str]) -> Mapping[str, Item]:
    """Return those of the items that exist, by their ids."""
    return {stored.item.id: stored.item for stored in store.fetch(ids)}
