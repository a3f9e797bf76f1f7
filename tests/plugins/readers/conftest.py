"""What the tests of the readers share. Readers never decode a photo, so a few bytes serve as one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_match import Failure, Item
from fashion_match.core.plugin.loader import Plugins


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    return Plugins(built_in=["fashion_match.plugins.readers"], installed=[])


@pytest.fixture
def read(plugins: Plugins) -> Callable[..., tuple[list[Item], list[Failure]]]:
    """Read a source with the named reader; return its items and its failures."""

    def read(name: str, source: Path | str, **options: object) -> tuple[list[Item], list[Failure]]:
        records = list(plugins.readers[name].make(options).read(str(source)))
        return (
            [record for record in records if isinstance(record, Item)],
            [record for record in records if isinstance(record, Failure)],
        )

    return read


@pytest.fixture
def fill(tmp_path: Path) -> Callable[..., Path]:
    """Make files below ``tmp_path``: names alone become photos, names with content get that. Return the folder."""

    def fill(*photos: str, files: dict[str, str | bytes | object] | None = None) -> Path:
        for name in photos:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"photo {name}".encode())
        for name, content in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not isinstance(content, (str, bytes)):
                content = json.dumps(content)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return fill
