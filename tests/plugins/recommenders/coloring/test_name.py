from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match.plugins.recommenders.coloring.name import family_of, says_several, shade_of, shades_of
from fashion_match.plugins.recommenders.coloring.name_table import FAMILIES, MEASURED

PRODUCTS = [
    "Beige",
    "Black",
    "Blue",
    "Bronze",
    "Brown",
    "Burgundy",
    "Charcoal",
    "Coffee Brown",
    "Copper",
    "Cream",
    "Fluorescent Green",
    "Gold",
    "Green",
    "Grey",
    "Grey Melange",
    "Khaki",
    "Lavender",
    "Lime Green",
    "Magenta",
    "Maroon",
    "Mauve",
    "Metallic",
    "Mushroom Brown",
    "Mustard",
    "Navy Blue",
    "Nude",
    "Off White",
    "Olive",
    "Orange",
    "Peach",
    "Pink",
    "Purple",
    "Red",
    "Rose",
    "Rust",
    "Sea Green",
    "Silver",
    "Skin",
    "Steel",
    "Tan",
    "Taupe",
    "Teal",
    "Turquoise Blue",
    "White",
    "Yellow",
]
"""Base colours of *Fashion Product Images*, beside Multi and NA."""


@pytest.mark.parametrize("name", PRODUCTS)
def test_every_base_colour_of_the_products_is_known(name: str) -> None:
    listed = {known for names in FAMILIES.values() for known in names}
    assert name in listed
    shade = shade_of(name)
    assert shade is not None
    assert shade.name == name


@pytest.mark.parametrize(
    "name",
    ["Multi", "NA", "None", "unknown", "", "  ", "not known", "Multi Green", "Assorted", "Multicolour", "42", "--"],
)
def test_what_is_no_colour_is_none(name: str) -> None:
    assert shade_of(name) is None


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("navy-blue", "blue"),
        ("NAVY", "blue"),
        ("gray", "grey"),
        ("light gray marl", "grey"),
        ("Bleu", "blue"),
        ("Grene", "green"),
        ("Ornage", "orange"),
        ("brick red", "red"),
        ("dusty pink", "pink"),
        ("Pastel Yellow", "yellow"),
        ("off-white", "white"),
        ("bottle green", "green"),
        ("Washed Denim", "blue"),
    ],
)
def test_other_spellings_and_words_around_a_name(name: str, family: str) -> None:
    assert family_of(name) == family


def test_light_and_dark_change_the_lightness() -> None:
    light, plain, dark = (shade_of(name) for name in ("light olive", "olive", "dark olive"))
    assert light is not None
    assert plain is not None
    assert dark is not None
    assert light.lch[0] > plain.lch[0] > dark.lch[0]
    assert light.lch[1:] == plain.lch[1:] == dark.lch[1:]


@pytest.mark.parametrize("text", ["Blue/White", "Blue, White", "Blue & White", "blue and white", ["Blue", "White"]])
def test_several_colours(text: str | list[str]) -> None:
    assert [shade.family for shade in shades_of(text)] == ["blue", "white"]


def test_no_value_has_no_colour() -> None:
    assert shades_of(None) == []
    assert shades_of(7) == []


def test_many_colours_without_names_are_told_apart_from_none() -> None:
    assert says_several("Multi")
    assert says_several(["multicoloured"])
    assert not says_several("Blue")
    assert not says_several(None)


@given(st.text(max_size=40))
def test_any_text_is_understood_or_not(text: str) -> None:
    shade = shade_of(text)
    assert shade is None or (0 <= shade.lch[0] <= 100 and 0 <= shade.lch[2] < 360 and shade.family in FAMILIES)


def test_a_measured_name_is_one_of_the_table() -> None:
    listed = {known for names in FAMILIES.values() for known in names}
    assert set(MEASURED) <= listed
