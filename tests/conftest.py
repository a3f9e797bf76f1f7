"""A small drawn catalogue that many tests share: read-only as it is, or as a copy of a test's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fashion_match import Plugins
from tests.drawn import DRAWN, MODEL, N


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith("FM_") and name != "FM_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FM_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    return Plugins(installed=[])


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory, plugins: Plugins) -> Path:
    """A folder with the pictures of the drawn catalogue."""
    folder = tmp_path_factory.mktemp("drawn") / "photos"
    assert sum(1 for _ in plugins.readers["drawn"].make(DRAWN).read(f"drawn:{folder}")) == N
    return folder


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory, plugins: Plugins, photos: Path) -> Path:
    """A store with the drawn catalogue; tests must not write to it."""
    from fashion_match import Catalogue

    store = tmp_path_factory.mktemp("stored") / "store"
    with Catalogue(store, plugins=plugins) as catalogue:
        report = catalogue.ingest(f"drawn:{photos}", reader_options=DRAWN, **MODEL)
    assert report.n_stored == N
    return store


@pytest.fixture
def own_store(stored: Path, tmp_path: Path) -> Path:
    """A copy of the store that the test may change."""
    return Path(shutil.copytree(stored, tmp_path / "store"))


@pytest.fixture
def new_store(stored: Path, tmp_path: Path) -> Path:
    """A store without collections that has the model `MODEL` already, so that a test need not make it again."""
    shutil.copytree(stored / "models", tmp_path / "store" / "models")
    return tmp_path / "store"
