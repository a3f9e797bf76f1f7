"""A map of a collection: which items, where, in what colours."""

from __future__ import annotations

import sys

import pytest

from fashion_match import Catalogue, UsageError, Where
from fashion_match.core.collection_map import make_map
from tests.core.store.conftest import make_item, make_location, make_point, make_spec
from tests.drawn import N


@pytest.fixture(params=["edge", "memory"])
def store(request, tmp_path):
    location = make_location(request.param, tmp_path / "store")
    made = location.create("test", make_spec())
    made.ensure({"color": "keyword", "price": "float", "cluster": "integer"})
    items = [
        make_item(f"i{n:02d}", color="Red" if n % 2 else "Blue", price=n / 2, cluster=n % 3, label=f"s{n // 5}")
        for n in range(40)
    ]
    made.upsert([make_point(item) for item in [*items, make_item("plain")]])
    yield made
    made.close()
    location.close()


def test_every_item_has_a_place_and_a_look(store):
    shown = make_map(store, attribute="color", method="pca")
    assert [point.id for point in shown.points] == sorted(["plain", *(f"i{n:02d}" for n in range(40))])
    by_id = {point.id: point for point in shown.points}
    assert shown.looks[by_id["i01"].look].name == by_id["i01"].value == "Red"
    assert shown.looks[by_id["plain"].look].name == "none"
    xs, ys = [point.x for point in shown.points], [point.y for point in shown.points]
    assert min(xs) == min(ys) == 0
    assert max(max(xs), max(ys)) == pytest.approx(1)
    assert shown.notes[0].startswith("41 items; ")
    assert make_map(store, attribute="color", method="pca") == shown


def test_numbers_have_a_scale_but_clusters_are_names(store):
    by_price = make_map(store, attribute="price", method="pca")
    assert by_price.scale is not None
    assert (by_price.scale.low, by_price.scale.high) == (0, 19.5)
    by_cluster = make_map(store, attribute="cluster", method="pca")
    assert by_cluster.scale is None
    assert {look.name for look in by_cluster.looks} == {"0", "1", "2", "none"}


def test_the_label_colours_where_there_is_no_category(store):
    shown = make_map(store, method="pca")
    assert shown.attribute == "label"
    assert {look.n for look in shown.looks if look.name != "none"} == {5}


def test_a_part_is_drawn_by_chance_and_that_is_said(store):
    shown = make_map(store, attribute="color", method="pca", n_points=10, seed=4)
    assert len(shown.points) == 10
    assert shown.notes[0].startswith("10 of 41 items, drawn by chance; ")
    assert [point.id for point in shown.points] == sorted(point.id for point in shown.points)
    again = make_map(store, attribute="color", method="pca", n_points=10, seed=4)
    other = make_map(store, attribute="color", method="pca", n_points=10, seed=5)
    assert shown == again
    assert {point.id for point in shown.points} != {point.id for point in other.points}


def test_a_filter_and_mistakes(store, monkeypatch):
    red = make_map(store, attribute="label", method="pca", where=Where.equal("color", "Red"))
    assert len(red.points) == 20
    assert "with color=Red" in red.heading
    with pytest.raises(UsageError, match="1 points"):
        make_map(store, n_points=1)
    with pytest.raises(UsageError, match="'mds'"):
        make_map(store, method="mds")
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UsageError, match="umap-learn"):
        make_map(store, method="umap")


def test_the_catalogue_draws_one(stored, plugins):
    with Catalogue(stored, plugins=plugins) as catalogue:
        shown = catalogue.map(by="Price", method="pca")
        assert len(shown.points) == N
        assert shown.attribute == "price"
        assert shown.scale is not None
        assert catalogue.map(method="pca").attribute == "category"
        with pytest.raises(UsageError, match="Did you mean"):
            catalogue.map(by="colr", method="pca")
