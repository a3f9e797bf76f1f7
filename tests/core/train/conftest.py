"""Runs of a second on the drawn catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fashion_match import Plugins, train
from tests.drawn import DRAWN
from tests.tiny import RUN, tiny_plugins


@pytest.fixture(scope="session")
def tiny() -> Plugins:
    return tiny_plugins()


@pytest.fixture(autouse=True)
def _checkpoints_after_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashion_match.core.train.checkpoint.EVERY_S", 0.0)


@pytest.fixture
def run(tiny: Plugins, photos: Path, tmp_path: Path) -> Callable[..., Any]:
    """Train on the drawn catalogue into a folder of the test's own; options win over the usual ones."""

    def start(name: str = "run", **given: Any) -> Any:
        settings = {"reader": DRAWN, **given.pop("settings", {})}
        source = given.pop("source", f"drawn:{photos}")
        if not str(source).startswith("drawn:"):
            settings.pop("reader")
        return train(source, out=tmp_path / name, plugins=tiny, settings=settings, **{**RUN, "epochs": 3, **given})

    return start
