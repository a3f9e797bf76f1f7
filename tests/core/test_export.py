from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from fashion_match import Catalogue, UsageError, Where
from fashion_match.core import export as module
from fashion_match.core.export import export
from tests.drawn import N


@pytest.fixture(scope="module")
def store(stored, plugins):
    with Catalogue(stored, plugins=plugins) as catalogue:
        yield catalogue.store


def test_both_formats_hold_every_item_with_its_vector(store, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROW_GROUP", 7)  # several groups
    assert export(store, tmp_path / "a.jsonl", with_vectors=True) == N
    assert export(store, tmp_path / "a.parquet", with_vectors=True) == N
    lines = {row["id"]: row for row in map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())}
    rows = {row["id"]: row for row in pq.read_table(tmp_path / "a.parquet").to_pylist()}
    assert lines.keys() == rows.keys()
    for stored in store.scan(with_vectors=True):
        line, row = lines[stored.item.id], rows[stored.item.id]
        assert {name: row[name] for name in stored.item.attributes} == stored.item.attributes
        assert {name: line[name] for name in stored.item.attributes} == stored.item.attributes
        assert line["vector"] == pytest.approx(stored.vector)
        assert row["vector"] == pytest.approx(stored.vector, abs=1e-6)
        assert row["label"] == line["label"] == stored.item.label


def test_only_what_matches_is_written(store, tmp_path):
    n = export(store, tmp_path / "a.parquet", where=Where.equal("color", "Blue"))
    assert n == store.count(Where.equal("color", "Blue"))
    assert set(pq.read_table(tmp_path / "a.parquet")["color"].to_pylist()) == {"Blue"}
    assert "vector" not in pq.read_schema(tmp_path / "a.parquet").names


def test_a_failed_export_leaves_nothing(store, tmp_path):
    for out in (tmp_path / "a.csv", tmp_path / "no" / "a.jsonl"):
        with pytest.raises(UsageError):
            export(store, out)
    assert list(tmp_path.iterdir()) == []
