"""Reader ``drawn``: the same seed draws the same pictures, and they show what their attributes say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image

from fashion_match import ReaderError
from fashion_match.plugins.readers.drawing.style import CATEGORIES, PALETTE, PATTERNS, make_style


def contents(items):
    return {item.id: item.image.read_bytes() for item in items}


def test_same_seed_same_bytes_another_seed_others(tmp_path, read):
    options = {"n_styles": 4, "views": 2, "size_px": 64}
    one, _ = read("drawn", f"drawn:{tmp_path}/one", **options)
    two, _ = read("drawn", f"drawn:{tmp_path}/two", **options)
    other, _ = read("drawn", f"drawn:{tmp_path}/other", seed=1, **options)
    assert contents(one) == contents(two)
    assert len(set(contents(one).values())) == 8
    assert not set(contents(one).values()) & set(contents(other).values())


def test_items_share_the_label_of_their_style(tmp_path, read):
    items, failures = read("drawn", f"drawn:{tmp_path}", n_styles=3, views=2, size_px=64)
    assert not failures
    assert [(i.id, i.label) for i in items] == [
        (f"style-000{style}_{view}", f"style-000{style}") for style in (1, 2, 3) for view in (1, 2)
    ]
    assert items[0].attributes == items[1].attributes
    assert items[0].attributes.keys() >= {"category", "color", "pattern", "season", "gender", "brand", "price", "year"}


def test_pictures_are_drawn_when_they_are_asked_for_and_not_drawn_again(tmp_path, plugins):
    reader = plugins.readers["drawn"].make({"n_styles": 50, "views": 2, "size_px": 64})
    records = reader.read(f"drawn:{tmp_path}")
    first = next(records)
    assert len(list(tmp_path.glob("*.jpg"))) == 1
    first.image.write_bytes(b"mine")
    list(itertools.islice(reader.read(f"drawn:{tmp_path}"), 4))
    assert first.image.read_bytes() == b"mine"
    assert len(list(tmp_path.glob("*.jpg"))) == 4
    assert not list(tmp_path.glob("*.part"))


def test_more_styles_and_views_keep_the_first_ones(tmp_path, read):
    few, _ = read("drawn", f"drawn:{tmp_path}", n_styles=2, views=1, size_px=64)
    before = contents(few)
    more, _ = read("drawn", f"drawn:{tmp_path}", n_styles=3, views=2, size_px=64)
    assert len(more) == 6
    assert before.items() <= contents(more).items()


def test_folder_of_other_drawings_or_other_things_is_left_alone(tmp_path, read):
    read("drawn", f"drawn:{tmp_path}/a", n_styles=1, views=1, size_px=64)
    with pytest.raises(ReaderError, match=r"(?s)other options.*drawn:FOLDER"):
        read("drawn", f"drawn:{tmp_path}/a", n_styles=1, views=1, size_px=64, seed=2)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.txt").write_text("x")
    with pytest.raises(ReaderError, match="holds other things"):
        read("drawn", f"drawn:{tmp_path}/b")
    with pytest.raises(ReaderError, match="cannot draw into"):
        read("drawn", f"drawn:{tmp_path}/b/thesis.txt/c")


def test_default_folder(tmp_path, monkeypatch, read):
    monkeypatch.chdir(tmp_path)
    for source in ("drawn", "drawn:"):
        items, _ = read("drawn", source, n_styles=1, views=1, size_px=64)
        assert items[0].image.parent == tmp_path / "fm-drawn"


def test_a_shop_of_usual_size_has_everything(tmp_path):
    styles = [make_style(number, 0) for number in range(1, 121)]
    assert {style.category for style in styles} == set(CATEGORIES)
    assert {style.color for style in styles} == set(PALETTE)
    assert {style.pattern for style in styles} == set(PATTERNS)
    assert len({style.season for style in styles}) == 4
    assert len(CATEGORIES) >= 6
    assert len(PALETTE) >= 8
    assert len(PATTERNS) >= 6
    assert any(style.color == "Blue" and style.season == "Summer" for style in styles)


@pytest.mark.parametrize("number", [n for n in range(1, 80) if make_style(n, 0).pattern == "Plain"][:22])
def test_plain_garment_has_the_color_of_its_name(number):
    """Of all colors of the palette the named one is nearest to the middle of what was cut out, shading set aside."""
    from fashion_match.plugins.readers.drawing.photo import Garment

    style = make_style(number, 0)
    pixels = np.asarray(Garment(style, 96)._cutout, dtype=float)
    inside = pixels[pixels[..., 3] > 250][:, :3]
    middle = np.median(inside, axis=0)
    wanted = np.asarray(PALETTE[style.color], dtype=float)
    brightness = min(1.0, (middle @ wanted) / (wanted @ wanted))
    distance = {
        name: np.abs(np.asarray(color) * max(brightness, 0.75) - middle).sum() for name, color in PALETTE.items()
    }
    assert min(distance, key=distance.__getitem__) == style.color


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if pattern != "Plain"])
def test_pattern_has_two_colors_and_mostly_the_named_one(pattern):
    from fashion_match.plugins.readers.drawing.fabric import weave

    style = next(s for s in (make_style(n, 0) for n in range(1, 500)) if s.pattern == pattern)
    cloth = np.asarray(weave(style, 200)).reshape(-1, 3)
    share = (cloth == PALETTE[style.color]).all(axis=1).mean()
    assert 0.25 < share < 0.95
    colors, counts = np.unique(cloth, axis=0, return_counts=True)
    if pattern != "Checked":  # where the accent is mixed with the color
        assert tuple(colors[counts.argmax()]) == PALETTE[style.color]


def test_pictures_are_photos_of_the_asked_size(tmp_path, read):
    items, _ = read("drawn", f"drawn:{tmp_path}", n_styles=11, views=1, size_px=80)
    assert {item.attributes["category"] for item in items} == set(CATEGORIES)
    for item in items:
        with Image.open(item.image) as picture:
            assert (picture.size, picture.mode, picture.format) == ((80, 80), "RGB", "JPEG")
            assert np.asarray(picture).std() > 8
