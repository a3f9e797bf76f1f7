"""Pictures to report on, drawn for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from fashion_match import Hit


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A wide picture: left half red, right half blue."""
    picture = Image.new("RGB", (300, 100), "red")
    picture.paste("blue", (150, 0, 300, 100))
    file = tmp_path / "wide.png"
    picture.save(file)
    return file


@pytest.fixture
def hits(photo: Path) -> list[Hit]:
    attributes = {"category": "T-shirt", "color": "Blue", "season": "Summer", "price": 19.5}
    return [
        Hit(
            id="first",
            score=0.91,
            image=photo,
            attributes={**attributes, "name": "Pool <b>tee</b>"},
            why=("color: Blue",),
        ),
        Hit(id="second", score=0.5, p_same=0.87, image=photo.with_name("gone.jpg"), attributes=attributes),
        Hit(id="third", score=-0.25, image=None),
    ]
