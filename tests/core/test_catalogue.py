"""The whole way, from photos to hits, gives the same on the embedded engine and on the server's."""

from __future__ import annotations

import shutil

import pytest
from qdrant_client import QdrantClient

from fashion_match import Catalogue, UsageError
from fashion_match.core.ingest_option import IngestOptions
from fashion_match.core.store.server_location import ServerLocation
from tests.drawn import DRAWN, MODEL, N


@pytest.fixture(scope="module")
def on_server(stored, plugins, photos, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    shutil.copytree(stored / "models", cache / "models")
    location = ServerLocation("http://stand-in", library=cache / "models", client=QdrantClient(":memory:"))
    with Catalogue(collection="default", plugins=plugins, location=location) as catalogue:
        report = catalogue.ingest(f"drawn:{photos}", reader_options=DRAWN, **MODEL)
        assert (report.n_stored, report.n_failed) == (N, 0)
        yield catalogue


@pytest.fixture(scope="module")
def embedded(stored, plugins):
    with Catalogue(stored, plugins=plugins) as catalogue:
        yield catalogue


@pytest.mark.parametrize(
    "question",
    [
        {"color": ["blue", "grey"], "season": "summer"},
        {"where": ["price<50", "color!=Red"], "k": 7},
        {"like": "style-0001_1", "k": 9},
        {"like": ["style-0001_1", "style-0003_1"], "where": "price=20..90", "offset": 2},
        {"like": "style-0002_1", "exact": True, "min_score": 0.5},
    ],
)
def test_both_engines_give_the_same_answer(embedded, on_server, question):
    one, other = embedded.query(**question), on_server.query(**question)
    assert len(one) == len(other) > 0
    assert one.where == other.where
    assert one.ranked_by == other.ranked_by
    assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-4)
    by_id = {hit.id: hit for hit in other}
    for hit in one:
        if hit.id in by_id:  # ties may come in another order, and so be cut elsewhere
            assert hit.attributes == by_id[hit.id].attributes
    assert len({hit.id for hit in one} & set(by_id)) >= len(one) - 1


def test_a_picture_finds_itself_on_the_server(on_server, photos):
    picture = sorted(photos.glob("*.jpg"))[5]
    assert on_server.query(picture, k=1)[0].image == picture


def test_a_second_ingest_on_the_server_changes_nothing(on_server, photos):
    report = on_server.ingest(f"drawn:{photos}", reader_options=DRAWN, options=IngestOptions(prune=True))
    assert (report.n_unchanged, report.n_stored, report.n_pruned) == (N, 0, 0)


def test_counts_items_and_facets_agree_with_each_other(embedded):
    items = list(embedded.items())
    assert len(items) == embedded.count() == N
    facet = embedded.facet("color")
    assert facet == {color: sum(item.attributes["color"] == color for item in items) for color in facet}
    assert sum(facet.values()) == N
    assert embedded.count(color="Blue") == sum(item.attributes["color"] == "Blue" for item in items)
    years = embedded.facet("year", where="price>50")
    assert years == {
        year: sum(item.attributes["year"] == year and item.attributes["price"] > 50 for item in items) for year in years
    }


def test_an_attribute_without_a_value_is_a_mistake(embedded):
    with pytest.raises(UsageError, match="color"):
        embedded.query(color=[])


def test_a_deleted_item_is_gone(own_store, plugins):
    with Catalogue(own_store, plugins=plugins) as catalogue:
        first = next(catalogue.items()).id
        catalogue.delete([first])
        assert catalogue.count() == N - 1
        with pytest.raises(UsageError, match=first):
            catalogue.query(like=first)
