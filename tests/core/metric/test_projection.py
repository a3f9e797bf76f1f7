"""Vectors in the plane."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from fashion_match import UsageError
from fashion_match.core.metric.projection import NAMES, project


def blobs(n: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Return unit rows about three axes, and which axis each belongs to."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(6)[:3], n, axis=0) + 0.05 * rng.standard_normal((3 * n, 6))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), np.repeat(range(3), n)


@pytest.fixture
def umap(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """A stand-in for umap-learn, which notes how it was asked."""
    asked: list[dict] = []

    class UMAP:
        def __init__(self, **options: object) -> None:
            asked.append(options)

        def fit_transform(self, vectors: np.ndarray) -> np.ndarray:
            return vectors[:, :2]

    module = types.ModuleType("umap")
    module.UMAP = UMAP  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "umap", module)
    return asked


@pytest.mark.parametrize("method", NAMES)
def test_what_is_alike_lies_together(method, umap):
    vectors, blob = blobs()
    placed = project(vectors, method)
    assert placed.method == method
    assert placed.places.shape == (60, 2)
    distances = np.linalg.norm(placed.places[:, None] - placed.places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (blob[distances.argmin(axis=1)] == blob).mean() > 0.95
    assert (project(vectors, method).places == placed.places).all()


def test_principal_components_are_those_of_a_singular_value_decomposition():
    vectors, _ = blobs()
    placed = project(vectors, "pca")
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, sizes, axes = np.linalg.svd(centred)
    for n in range(2):
        wanted = centred @ axes[n]
        assert np.abs(placed.places[:, n]) == pytest.approx(np.abs(wanted), abs=1e-8)
    share = (sizes[:2] ** 2).sum() / (sizes**2).sum()
    assert f"{share:.0%}" in placed.note


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 12])
def test_few_or_equal_items_have_a_place_too(method, n):
    vectors, _ = blobs(5)
    assert np.isfinite(project(vectors[:n], method).places).all()
    equal = project(np.repeat(vectors[:1], n, axis=0), method)
    assert np.isfinite(equal.places).all()
    assert equal.method == "pca"
    assert np.isfinite(project(vectors[:n, :1] / np.abs(vectors[:n, :1]), method).places).all()


def test_umap_is_asked_for_neighbours_that_there_are(umap):
    vectors, _ = blobs(3)
    project(vectors, "umap", seed=5)
    assert umap == [{"n_neighbors": 8, "random_state": 5}]


def test_a_missing_umap_and_an_unknown_way_are_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UsageError, match=r"umap-learn.*\npip install 'fashion-match\[umap\]'"):
        project(blobs()[0], "umap")
    with pytest.raises(UsageError, match="'mds'"):
        project(blobs()[0], "mds")
