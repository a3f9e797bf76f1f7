"""A small drawn catalogue that many tests share: read-only as it is, or as a copy of a test's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fashion_match import Plugins
from tests.drawn import DRAWN, MODEL, N

# Before torch is imported, here and in what the tests start: the tests run side by side, and threads of several
# processes that wait for each other on the same cores make each step many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")


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


@pytest.fixture(scope="session")
def fusing() -> Plugins:
    """Plugins with a method whose head looks at attributes."""
    from tests.fusion import PACKAGE

    return Plugins(installed=[PACKAGE])


@pytest.fixture(scope="session")
def fusion_model(fusing: Plugins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that looks at photos and attributes. Tests may add a graph to it, and change nothing."""
    from tests.fusion import save_model

    return save_model(fusing, tmp_path_factory.mktemp("fusion") / "model")
