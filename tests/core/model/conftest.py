"""One small model for the whole room, converted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fashion_match import Plugins
from fashion_match.core.model import artifact

SIDE = 32


@pytest.fixture(scope="session")
def model(plugins: Plugins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights that look at 32 x 32 pixels. Tests may add a graph to it, and change nothing."""
    library = tmp_path_factory.mktemp("library")
    options = {"image_size_px": SIDE}
    return artifact.make_model(plugins, "mobilenet_v3_small", weights="none", options=options, seed=0, library=library)
