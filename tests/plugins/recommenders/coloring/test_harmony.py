"""The wheel and the relations on it, against what every painter knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match.plugins.recommenders.coloring.harmony import ARCS, Relation, best_harmony, harmony
from fashion_match.plugins.recommenders.coloring.lab import lab_of_hex, lab_of_lch, lch_of_lab
from fashion_match.plugins.recommenders.coloring.name import Shade, shade_of
from fashion_match.plugins.recommenders.coloring.name_table import FAMILIES
from fashion_match.plugins.recommenders.coloring.wheel import STATIONS, angle_between, wheel_angle

NAMES = [name for names in FAMILIES.values() for name in names]
hues = st.floats(0, 360, exclude_max=True)


def relation(one: str, two: str) -> str | None:
    a, b = shade_of(one), shade_of(two)
    assert a is not None
    assert b is not None
    found = harmony(a, b)
    return None if found is None else str(found.relation)


@pytest.mark.parametrize(
    ("pair", "known"),
    [
        ("Blue/Orange", "complementary"),
        ("Red/Green", "complementary"),
        ("Yellow/Purple", "complementary"),
        ("Maroon/Green", "complementary"),
        ("Blue/Rust", "complementary"),
        ("Yellow/Lavender", "complementary"),
        ("Pink/Green", "complementary"),
        ("Teal/Coral", "complementary"),
        ("Red/Orange", "analogous"),
        ("Blue/Purple", "analogous"),
        ("Blue/Turquoise Blue", "analogous"),
        ("Yellow/Orange", "analogous"),
        ("Pink/Red", "analogous"),
        ("Red/Yellow", "triadic"),
        ("Red/Blue", "triadic"),
        ("Yellow/Blue", "triadic"),
        ("Orange/Green", "triadic"),
        ("Green/Purple", "triadic"),
        ("Black/Red", "neutral"),
        ("Blue/White", "neutral"),
        ("Grey/Orange", "neutral"),
        ("Beige/Green", "neutral"),
        ("Navy Blue/Orange", "neutral"),
        ("Black/White", "neutral"),
        ("Brown/Blue", "neutral"),
        ("Blue/Blue", "same"),
        ("Black/Black", "same"),
        ("Red/Scarlet", "same"),
        ("Blue/Azure", "same"),
        ("Orange/Magenta", None),
        ("Orange/Turquoise", "complementary"),
    ],
)
def test_known_pairs(pair: str, known: str | None) -> None:
    assert relation(*pair.split("/")) == known


def test_a_harmony_reads_as_a_reason() -> None:
    blue, orange = shade_of("Blue"), shade_of("orange")
    assert blue is not None
    assert orange is not None
    assert str(harmony(blue, orange)) == "complementary colour: Blue/orange"


def test_the_stations_stand_at_every_thirty_degrees() -> None:
    for n, code in enumerate(STATIONS.values()):
        assert angle_between(wheel_angle(lch_of_lab(lab_of_hex(code))[2]), 30 * n) == pytest.approx(0, abs=1e-9)


@given(hues, hues)
def test_the_wheel_keeps_the_order_of_hues(one: float, two: float) -> None:
    turn = lch_of_lab(lab_of_hex(STATIONS["red"]))[2]
    one, two = (one - turn) % 360, (two - turn) % 360
    if one < two:
        assert wheel_angle(one + turn) <= wheel_angle(two + turn) + 1e-9
    assert 0 <= wheel_angle(one) < 360


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_harmony_does_not_depend_on_who_comes_first(one: str, two: str) -> None:
    a, b = shade_of(one), shade_of(two)
    assert a is not None
    assert b is not None
    there, back = harmony(a, b), harmony(b, a)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert (there.relation, there.base, there.other) == (back.relation, back.other, back.base)
        assert there.strength == pytest.approx(back.strength)
        assert 0 < there.strength <= 1


@given(hues, st.floats(0, 180))
def test_the_arcs_say_which_relation_it_is(hue: float, apart: float) -> None:
    one = Shade("one", (50, 60, hue), "any")
    other = max(range(360), key=lambda h: -abs(angle_between(wheel_angle(h), wheel_angle(hue)) - apart))
    two = Shade("two", (50, 60, other), "any")
    degrees = angle_between(wheel_angle(hue), wheel_angle(other))
    expected = [r for r, (start, _, end) in ARCS.items() if start <= degrees <= end]
    found = harmony(one, two)
    assert (found is None) == (not expected)
    assert found is None or found.relation is expected[0]


def test_of_several_colours_the_strongest_counts_by_its_share() -> None:
    white, blue, orange = (shade_of(name) for name in ("White", "Blue", "Orange"))
    assert white is not None
    assert blue is not None
    assert orange is not None
    mostly_white = [(white, 0.9), (blue, 0.1)]
    found = best_harmony(mostly_white, [(orange, 1.0)], frozenset(Relation))
    assert found is not None
    assert (found.relation, found.base) == (Relation.NEUTRAL, "White")
    found = best_harmony([(white, 0.4), (blue, 0.6)], [(orange, 1.0)], frozenset(Relation))
    assert found is not None
    assert (found.relation, found.base) == (Relation.COMPLEMENTARY, "Blue")
    only = best_harmony(mostly_white, [(orange, 1.0)], frozenset({Relation.COMPLEMENTARY}))
    assert only is not None
    assert only.relation is Relation.COMPLEMENTARY
    assert best_harmony(mostly_white, [(orange, 1.0)], frozenset({Relation.SAME})) is None


@pytest.mark.parametrize(
    ("code", "lch"),  # as colour tables give them for sRGB, D65
    [
        ("#ff0000", (53.24, 104.55, 40.0)),
        ("#00ff00", (87.73, 119.78, 136.02)),
        ("#0000ff", (32.3, 133.81, 306.28)),
        ("#ffffff", (100, 0, None)),
        ("#808080", (53.59, 0, None)),
    ],
)
def test_lch_of_known_colours(code: str, lch: tuple[float, float, float | None]) -> None:
    lightness, chroma, hue = lch_of_lab(lab_of_hex(code))
    assert (lightness, chroma) == pytest.approx(lch[:2], abs=0.05)
    assert lch[2] is None or hue == pytest.approx(lch[2], abs=0.05)
    assert lab_of_lch(lch_of_lab(lab_of_hex(code))) == pytest.approx(lab_of_hex(code), abs=1e-9)
