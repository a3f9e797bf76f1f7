"""The same tests on every engine: embedded, the client's own stand-in for a server, and a server at ``QDRANT_URL``."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fashion_match.core.item import Item
from fashion_match.core.store.folder import FolderLocation
from fashion_match.core.store.protocol import CollectionSpec, Kind, Location, Point, VectorStore
from fashion_match.core.store.server_location import ServerLocation

ENGINES = ["edge", "memory", pytest.param("server", marks=pytest.mark.server)]
DIM = 8

MakeStore = Callable[..., VectorStore]


def make_location(engine: str, folder: Path) -> Location:
    if engine == "edge":
        return FolderLocation(folder, lock_timeout_s=0.1)
    if engine == "server":
        url = os.environ.get("QDRANT_URL")
        if not url:
            pytest.skip("QDRANT_URL is not set")
        return ServerLocation(url, library=folder / "models", api_key=os.environ.get("QDRANT_API_KEY"))
    from qdrant_client import QdrantClient

    return ServerLocation("http://stand-in", library=folder / "models", client=QdrantClient(":memory:"))


@pytest.fixture(params=ENGINES)
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Location]:
    made = make_location(request.param, tmp_path / "store")
    before = set(made.names())
    yield made
    made.close()
    for name in set(made.names()) - before if request.param == "server" else ():
        made.drop(name)


@pytest.fixture
def make_store(location: Location) -> MakeStore:
    def make(items: list[Item] | None = None, kinds: dict[str, Kind] | None = None, **spec: Any) -> VectorStore:
        store = location.create(f"test-{uuid.uuid4().hex[:8]}", make_spec(**spec))
        store.ensure(kinds or {})
        if items:
            store.upsert([make_point(item) for item in items])
        return store

    return make


def make_spec(**changes: Any) -> CollectionSpec:
    return CollectionSpec(**({"dim": DIM, "fingerprint": "f1"} | changes))


def make_item(item_id: str, **changes: Any) -> Item:
    """An item; what is no field of an item is an attribute."""
    own = {key: value for key, value in changes.items() if key in Item.model_fields}
    attributes = {key: value for key, value in changes.items() if key not in Item.model_fields}
    return Item(**({"id": item_id, "image": Path(f"/photos/{item_id}.jpg"), "attributes": attributes} | own))


def make_vector(item_id: str, dim: int = DIM) -> list[float]:
    """A unit vector that is always the same for an id."""
    drawn = random.Random(item_id)
    values = [drawn.gauss(0, 1) for _ in range(dim)]
    length = sum(x * x for x in values) ** 0.5
    return [x / length for x in values]


def make_point(item: Item, vector: list[float] | None = None, content: str = "c1", source: str = "s1") -> Point:
    return Point(
        item, make_vector(item.id) if vector is None else vector, content, (1234, 1_700_000_000_123_456_789), source
    )
