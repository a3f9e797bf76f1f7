"""``fm cluster``: the items of a collection in groups that look alike, by K-means over their vectors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.gather import Gathered, gather
from fashion_match.core.store.protocol import Stored
from fashion_match.core.table_file import Columns, path_text, write_table
from fashion_match.core.where import Where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.item import Item
    from fashion_match.core.store.protocol import VectorStore

ATTRIBUTE = "cluster"
COLUMNS: Columns = {"id": str, "cluster": int, "distance": float, "image": str}
"""Of the file: a row for each item."""
MANY = 20_000
"""Items from which K-means looks at a part of them at a time."""
STARTS = 4
SILHOUETTE_SAMPLE = 2_000
"""Items that the silhouette is measured on, of more: it compares each with each."""
DEFAULT_RANGE = (2, 20)
BLOCK = 512
"""Items that are rewritten at once."""
N_TYPICAL = 5
LEAST_SHARE, LEAST_ITEMS, LEAST_LIFT = 0.1, 3, 1.2
"""Of what is typical of a cluster."""

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Typical:
    """A value that is more frequent in a cluster than in the whole collection."""

    attribute: str
    value: str
    share: float
    """Of the cluster's items that have it, 0..1."""
    lift: float
    """That share, divided by the share of all items that have it."""

    def __str__(self) -> str:
        return f"{self.attribute}={self.value} {self.share:.0%} (x{self.lift:.1f})"


@dataclass(frozen=True)
class Cluster:
    """Items that lie about one centre."""

    number: int
    """From 1, the largest cluster first."""
    rows: tuple[int, ...]
    """Of `Clustering.gathered`, the nearest to the centre first."""
    typical: tuple[Typical, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Clustering:
    """What was found."""

    gathered: Gathered
    clusters: tuple[Cluster, ...]
    number: NDArray[np.int64]
    """N: the cluster of each item."""
    distance: NDArray[np.float32]
    """N: Euclidean distance to its centre; 0 is the centre, vectors being of length 1."""
    silhouette: float
    """Mean of (b - a) / max(a, b), -1..1: a is the mean distance to the own cluster, b to the nearest other one."""
    n_measured: int
    """Items that the silhouette was measured on."""
    tried: dict[int, float]
    """The silhouette of each number of clusters that was tried."""

    @property
    def k(self) -> int:
        return len(self.clusters)


def cluster(
    store: VectorStore,
    *,
    k: int | None = None,
    where: Where = Where(),
    k_range: tuple[int, int] = DEFAULT_RANGE,
    seed: int = 0,
    on_progress: Tell = lambda stage, done, total: None,
) -> Clustering:
    """Put the items that match into ``k`` clusters; the same items and seed give the same clusters.

    Args:
        k: ``None`` for the number within ``k_range`` whose silhouette is highest.
        where: checked already.
        k_range: smallest and largest number that is tried.

    Raises:
        UsageError: nothing matches, or so many clusters cannot be made of so few different items.
    """
    import numpy as np

    low, high = (k, k) if k is not None else k_range
    if low < 2 or high < low:
        wanted = f"k = {k}" if k is not None else f"{low}..{high} clusters"
        raise UsageError(f"{wanted}: that is no number of clusters.", "Give 2 or more, or `auto`.")
    gathered = gather(store, where, on_progress=lambda done, total: on_progress("read", done, total))
    n_different = len(np.unique(gathered.vectors.round(5), axis=0)) if len(gathered) <= high * 50 else high + 1
    most = min(n_different, len(gathered) - 1)
    if most < low:
        raise UsageError(
            f"{low} clusters cannot be made of {len(gathered):,} items, {n_different:,} of them different.",
            f"Give -k {most} or less." if most >= 2 else "Ingest more.",
        )
    sample = _sample(len(gathered), seed)
    ks = list(range(low, min(high, most) + 1))
    best: tuple[float, NDArray[np.int64], NDArray[np.float32]] | None = None
    tried: dict[int, float] = {}
    for done, n_clusters in enumerate(ks, 1):
        labels, centres = _k_means(gathered.vectors, n_clusters, seed)
        score = _silhouette(gathered.vectors[sample], labels[sample])
        tried[n_clusters] = score
        if best is None or score > best[0]:  # of equally good ones the one with fewer clusters
            best = score, labels, centres
        on_progress("cluster", done, len(ks))
    assert best is not None
    score, labels, centres = best
    distance = np.linalg.norm(gathered.vectors - centres[labels], axis=1).astype(np.float32).round(6)
    clusters, number = _numbered(labels, distance)
    found = Clustering(gathered, clusters, number, distance, score, len(sample), tried)
    return _with_typical(found, store, where)


def write_clusters(out: Path, found: Clustering) -> int:
    """Write a row for each item, and return how many; whole or not at all.

    Raises:
        UsageError: ``out`` has no ending that is known, or cannot be written.
    """
    return write_table(out, COLUMNS, _rows(found))


def write_attribute(
    store: VectorStore, found: Clustering, *, on_progress: Tell = lambda stage, done, total: None
) -> None:
    """Write each item's cluster into the collection as its attribute ``cluster``, so that a filter can ask for it.

    Killed half-way, some items have it and others do not; the same command writes the rest. An ingest of the items'
    source takes it off again, because the source does not have it.

    Raises:
        StoreError: the collection has text by that name.
    """
    store.ensure({ATTRIBUTE: "integer"})
    numbers = iter(zip(found.gathered.members, found.number.tolist(), strict=True))
    done = 0
    while some := list(islice(numbers, BLOCK)):
        wanted = {member.id: number for member, number in some}
        changed = []
        for stored in store.fetch(list(wanted)):
            item, number = stored.item, wanted[stored.item.id]
            if item.attributes.get(ATTRIBUTE) != number:
                item = item.model_copy(update={"attributes": {**item.attributes, ATTRIBUTE: number}})
                changed.append(Stored(item, stored.content, stored.stat, stored.source))
        if changed:
            store.set_items(changed)
        done += len(some)
        on_progress("write", done, len(found.gathered))


def _sample(n: int, seed: int) -> NDArray[np.int64]:
    """Return the rows that the silhouette is measured on: all, or a part drawn by chance."""
    import numpy as np

    if n <= SILHOUETTE_SAMPLE:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, SILHOUETTE_SAMPLE, replace=False))


def _k_means(vectors: NDArray[np.float32], k: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the cluster of each row, from 0, and the centres (K x E)."""
    import numpy as np
    from sklearn.cluster import KMeans, MiniBatchKMeans

    options = {"n_clusters": k, "n_init": STARTS, "random_state": seed}
    model = KMeans(**options) if len(vectors) <= MANY else MiniBatchKMeans(**options, batch_size=4096)
    labels = model.fit_predict(vectors)
    return np.asarray(labels, np.int64), np.asarray(model.cluster_centers_, np.float32)


def _silhouette(vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    from sklearn.metrics import silhouette_score

    if not 2 <= len(set(labels.tolist())) < len(labels):
        return -1.0  # nothing lies between clusters of one item each, or in one cluster alone
    return float(silhouette_score(vectors, labels))


def _numbered(
    labels: NDArray[np.int64], distance: NDArray[np.float32]
) -> tuple[tuple[Cluster, ...], NDArray[np.int64]]:
    """Return the clusters by falling size, and the number of each row's."""
    import numpy as np

    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    members.sort(key=lambda rows: (-len(rows), int(rows[0])))
    number = np.zeros(len(labels), np.int64)
    clusters = []
    for n, rows in enumerate(members, 1):
        number[rows] = n
        nearest_first = rows[np.argsort(distance[rows], kind="stable")]
        clusters.append(Cluster(n, tuple(nearest_first.tolist())))
    return tuple(clusters), number


def _with_typical(found: Clustering, store: VectorStore, where: Where) -> Clustering:
    """Add what is typical of each cluster, by reading the attributes of all items once."""
    numbers = {member.id: number for member, number in zip(found.gathered.members, found.number.tolist(), strict=True)}
    everywhere: Counter[tuple[str, str]] = Counter()
    within: list[Counter[tuple[str, str]]] = [Counter() for _ in found.clusters]
    for stored in store.scan(where):
        number = numbers.get(stored.item.id)
        if number is not None:
            values = _values(stored.item)
            everywhere.update(values)
            within[number - 1].update(values)
    clusters = tuple(
        replace(one, typical=typical_of(counts, len(one), everywhere, len(found.gathered)))
        for one, counts in zip(found.clusters, within, strict=True)
    )
    return replace(found, clusters=clusters)


def typical_of(
    within: Counter[tuple[str, str]], n: int, everywhere: Counter[tuple[str, str]], n_all: int, most: int = N_TYPICAL
) -> tuple[Typical, ...]:
    """Return the values that tell most about a cluster: frequent in it, and more so than among all items.

    They are ranked by share x log(lift), the part of each in how much the cluster's attributes differ from those of
    all items. What only a tenth of the cluster has, or three items, is left out.

    Args:
        within: attributes with their values, counted in the cluster of ``n`` items.
        everywhere: the same among all ``n_all`` items.
    """
    least = max(LEAST_SHARE * n, LEAST_ITEMS)
    found = [
        Typical(attribute, value, count / n, (count / n) / (everywhere[attribute, value] / n_all))
        for (attribute, value), count in within.items()
        if count >= least
    ]
    found = [one for one in found if one.lift >= LEAST_LIFT]
    found.sort(key=lambda one: (-one.share * math.log(one.lift), one.attribute, one.value))
    return tuple(found[:most])


def _values(item: Item) -> list[tuple[str, str]]:
    """Return the text attributes of an item with their values; names are hardly shared, numbers hardly typical."""
    return [
        (name, value)
        for name, given in item.attributes.items()
        if name not in ("name", ATTRIBUTE) and isinstance(given, str | list)
        for value in ({*given} if isinstance(given, list) else (given,))
    ]


def _rows(found: Clustering) -> Iterator[tuple[object, ...]]:
    members = zip(found.gathered.members, found.number.tolist(), found.distance.tolist(), strict=True)
    for member, number, distance in members:
        yield member.id, number, round(distance, 6), path_text(member.image)
