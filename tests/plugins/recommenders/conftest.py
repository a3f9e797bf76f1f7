"""A wardrobe on every engine that recommenders are asked about: drawn vectors, real attributes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fashion_match import Example, Plugins, Request, VectorStore, Where
from fashion_match.core.store.protocol import CollectionSpec, Point
from tests.core.store.conftest import DIM, make_item, make_location, make_point

COLORS = ("Black", "White", "Blue", "Navy Blue", "Red", "Green", "Orange", "Purple", "Yellow", "Beige", "Multi")
CLOTHES = ("Shirts", "Tshirts", "Jeans", "Trousers", "Skirts", "Dresses")
CATEGORIES = (*CLOTHES, "Casual Shoes", "Heels", "Handbags", "Backpacks", "Watches")
SEASONS = ("Spring", "Summer", "Fall", "Winter")
USAGES = ("Casual", "Formal", "Sports")
GENDERS = ("Men", "Women", "Unisex")
KINDS: dict[str, Any] = {
    **dict.fromkeys(("category", "color", "season", "usage", "gender"), "keyword"),
    "price": "float",
}


def draw_attributes(n: int, *, without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    drawn = random.Random(5)
    return [
        {
            key: value
            for key, value in {
                "category": CATEGORIES[i % len(CATEGORIES)],
                "color": drawn.choice(COLORS),
                "season": drawn.choice(SEASONS),
                "usage": drawn.choice(USAGES),
                "gender": drawn.choice(GENDERS),
                "price": drawn.randrange(5, 100),
            }.items()
            if key not in without
        }
        for i in range(n)
    ]


MakeWardrobe = Callable[[list[dict[str, Any]]], VectorStore]


@pytest.fixture(params=["edge", "memory"])
def make_wardrobe(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeWardrobe]:
    """Put items into a new collection, on each engine: ``item-0``, ``item-1`` and so on."""
    location = make_location(request.param, tmp_path / "store")

    def make(rows: list[dict[str, Any]]) -> VectorStore:
        store = location.create(f"wardrobe-{len(location.names())}", CollectionSpec(dim=DIM, fingerprint="f"))
        store.ensure({name: kind for name, kind in KINDS.items() if any(name in row for row in rows)})
        store.upsert([_point(n, dict(row)) for n, row in enumerate(rows)])
        return store

    yield make
    location.close()


def _point(n: int, row: dict[str, Any]) -> Point:
    vector = row.pop("vector", None)
    row.setdefault("label", f"product-{n}")
    return make_point(make_item(f"item-{n}", **row), vector)


@pytest.fixture
def wardrobe(make_wardrobe: MakeWardrobe) -> VectorStore:
    return make_wardrobe(draw_attributes(220))


def request_for(store: VectorStore, *ids: str, where: Where = Where(), **more: Any) -> Request:
    found = store.fetch(ids, with_vectors=True)
    assert len(found) == len(ids)
    return Request(
        where,
        vector=found[0].vector if found else None,
        anchors=tuple(stored.item for stored in found),
        exclude=frozenset(ids),
        positives=tuple(Example(stored.item, stored.vector) for stored in found),
        **more,
    )


@pytest.fixture(scope="session")
def recommenders(plugins: Plugins) -> Any:
    return plugins.recommenders
