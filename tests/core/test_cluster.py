"""Clusters: drawn blobs are found, their figures are those of plain loops, and they can be written."""

from __future__ import annotations

import csv
import math
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from fashion_match import Catalogue, StoreError, UsageError, Where
from fashion_match.core import cluster as module
from fashion_match.core.cluster import cluster, typical_of, write_attribute, write_clusters
from fashion_match.core.cluster_sheets import write_cluster_sheets
from tests.core.store.conftest import make_item, make_location, make_point, make_spec

SIZES = {"Red": 30, "Blue": 20, "Green": 10}


def draw_blobs() -> list[tuple[str, list[float]]]:
    """Return colours and vectors (8): a tight blob for each colour."""
    rng = np.random.default_rng(0)
    found = []
    for axis, (color, size) in enumerate(SIZES.items()):
        rows = np.eye(8)[axis] + 0.05 * rng.standard_normal((size, 8))
        found += [(color, row.tolist()) for row in rows / np.linalg.norm(rows, axis=1, keepdims=True)]
    return found


@pytest.fixture(params=["edge", "memory"])
def store(request, tmp_path):
    location = make_location(request.param, tmp_path / "store")
    made = location.create("test", make_spec())
    made.ensure({"color": "keyword", "season": "keyword", "name": "keyword"})
    points = []
    for n, (color, vector) in enumerate(draw_blobs()):
        seasons = ["Summer", "Fall"] if n % 2 else ["Summer"]
        points.append(make_point(make_item(f"i{n:02d}", color=color, season=seasons, name=f"{color} shirt"), vector))
    made.upsert(points)
    yield made
    made.close()
    location.close()


def test_the_number_of_blobs_is_found(store):
    found = cluster(store, k_range=(2, 6))
    assert found.k == 3
    assert list(found.tried) == [2, 3, 4, 5, 6]
    assert max(found.tried, key=found.tried.__getitem__) == 3
    assert [len(one) for one in found.clusters] == [30, 20, 10]
    colors = {item.item.id: item.item.attributes["color"] for item in store.scan()}
    for one, color in zip(found.clusters, SIZES, strict=True):
        assert {colors[found.gathered.members[row].id] for row in one.rows} == {color}
        assert (found.number[list(one.rows)] == one.number).all()


def test_distances_and_silhouette_are_those_of_plain_loops(store):
    found = cluster(store, k=3)
    vectors, number = found.gathered.vectors.astype(float), found.number.tolist()
    for one in found.clusters:
        centre = [math.fsum(vectors[row][e] for row in one.rows) / len(one) for e in range(8)]
        distances = [math.dist(vectors[row], centre) for row in one.rows]
        assert found.distance[list(one.rows)].tolist() == pytest.approx(distances, abs=1e-4)
        assert distances == sorted(distances)
    silhouettes = []
    for a, row in enumerate(vectors):
        far: dict[int, list[float]] = {}
        for b, other in enumerate(vectors):
            if a != b:
                far.setdefault(number[b], []).append(math.dist(row, other))
        means = {cluster: math.fsum(some) / len(some) for cluster, some in far.items()}
        own = means.pop(number[a])
        silhouettes.append((min(means.values()) - own) / max(min(means.values()), own))
    assert found.silhouette == pytest.approx(math.fsum(silhouettes) / len(silhouettes), abs=1e-4)
    assert found.n_measured == 60


def test_the_same_seed_gives_the_same_clusters(store):
    one, other = cluster(store, k=7, seed=3), cluster(store, k=7, seed=3)
    assert one.clusters == other.clusters
    assert (one.distance == other.distance).all()


def test_many_items_go_in_parts_and_the_silhouette_is_measured_on_some(store, monkeypatch):
    monkeypatch.setattr(module, "MANY", 10)
    monkeypatch.setattr(module, "SILHOUETTE_SAMPLE", 40)
    found = cluster(store, k=3)
    assert [len(one) for one in found.clusters] == [30, 20, 10]
    assert found.n_measured == 40
    assert found.silhouette > 0.7


def test_what_is_typical_is_counted(store):
    found = cluster(store, k=3)
    red = found.clusters[0]
    assert str(red.typical[0]) == "color=Red 100% (x2.0)"
    assert all(one.attribute != "name" for cluster in found.clusters for one in cluster.typical)
    assert all(one.attribute != "season" for one in red.typical), "it is as frequent everywhere"
    assert found.clusters[2].typical[0].lift == pytest.approx(60 / 10)


def test_typical_values_are_frequent_here_and_more_so_than_elsewhere():
    within = Counter({("a", "x"): 9, ("a", "rare"): 2, ("b", "y"): 10, ("c", "z"): 3})
    everywhere = Counter({("a", "x"): 10, ("a", "rare"): 2, ("b", "y"): 100, ("c", "z"): 3})
    found = typical_of(within, 10, everywhere, 100)
    assert [(one.attribute, one.value, one.share, one.lift) for one in found] == [
        ("a", "x", 0.9, pytest.approx(9.0)),
        ("c", "z", 0.3, pytest.approx(10.0)),
    ]


@pytest.mark.parametrize("k", [0, 1, -3])
def test_no_number_of_clusters_is_refused(store, k):
    with pytest.raises(UsageError, match=f"k = {k}"):
        cluster(store, k=k)


def test_too_few_items_are_told(store):
    with pytest.raises(UsageError, match=r"60 clusters cannot be made of 60 items.*\nGive -k 59"):
        cluster(store, k=60)
    with pytest.raises(UsageError, match=r"9\.\.3"):
        cluster(store, k_range=(9, 3))
    one = Where.equal("id", "i00")
    with pytest.raises(UsageError, match=r"2 clusters cannot be made of 1 items.*\nIngest more"):
        cluster(store, where=one)
    assert cluster(store, where=Where.equal("color", "Green"), k_range=(2, 50)).k <= 9
    store.upsert([make_point(make_item(f"i{n:02d}", color="Red"), [1.0] + [0.0] * 7) for n in range(60)])
    with pytest.raises(UsageError, match="1 of them different"):
        cluster(store, k=2)


def test_clusters_are_written_into_the_collection_and_change_nothing_else(store):
    before = {stored.item.id: stored for stored in store.scan(with_vectors=True)}
    found = cluster(store, k=3)
    write_attribute(store, found)
    assert store.facet("cluster") == {1: 30, 2: 20, 3: 10}
    assert store.count(Where.equal("cluster", 2) & Where.equal("color", "Blue")) == 20
    for stored in store.scan(with_vectors=True):
        old = before[stored.item.id]
        assert {**stored.item.attributes, "cluster": None} == {**old.item.attributes, "cluster": None}
        assert (stored.content, stored.stat, stored.source) == (old.content, old.stat, old.source)
        assert stored.vector == pytest.approx(old.vector)
    write_attribute(store, cluster(store, k=2))
    assert sum(store.facet("cluster").values()) == 60
    assert len(store.facet("cluster")) == 2


def test_text_by_that_name_is_not_overwritten(store):
    store.ensure({"cluster": "keyword"})
    with pytest.raises(StoreError, match="cluster"):
        write_attribute(store, cluster(store, k=2))


def test_a_table_and_sheets(stored, plugins, tmp_path):
    with Catalogue(stored, plugins=plugins) as catalogue:
        found = catalogue.clusters(4)
        assert write_clusters(tmp_path / "c.csv", found) == catalogue.count()
        files = write_cluster_sheets(catalogue.store, found, tmp_path / "sheets")
    with (tmp_path / "c.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert Counter(int(row["cluster"]) for row in rows) == {one.number: len(one) for one in found.clusters}
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert [file.name for file in files] == [f"cluster-00{n}.png" for n in range(1, 5)]
    with Image.open(files[0]) as sheet:
        assert sheet.width > 1000
