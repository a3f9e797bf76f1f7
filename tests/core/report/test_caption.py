"""How a hit is put into words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match import Hit
from fashion_match.core.report.caption import caption, one_line


def hit(score: float = 0.5, p_same: float | None = None, **attributes: object) -> Hit:
    return Hit(id="17", score=score, p_same=p_same, image=None, attributes=attributes)


def test_a_name_is_the_title_and_everything_else_a_fact() -> None:
    words = caption(hit(name="Pool tee", category="T-shirt", color="Blue", season="Summer", brand="Wave"))
    assert words.title == words.alt == "Pool tee"
    assert words.facts == ("T-shirt", "Blue", "Summer", "Wave")


def test_without_a_name_the_title_describes_and_is_not_repeated() -> None:
    words = caption(hit(season="Summer", category="T-shirt", color="Blue", pattern="striped"))
    assert words.title == "Blue striped T-shirt"
    assert words.alt == "Blue striped T-shirt, Summer"
    assert words.facts == ("Summer",)


def test_without_attributes_the_id_has_to_do() -> None:
    words = caption(hit())
    assert (words.title, words.alt, words.facts, words.details) == ("17", "item 17", (), ())


def test_without_a_category_the_color_stays_a_fact() -> None:
    words = caption(hit(color="Blue"))
    assert words.title == "17"
    assert words.facts == ("Blue",)


def test_values_of_every_type_are_shown() -> None:
    words = caption(hit(category="Bag", color=["Blue", "White"], price=19.5, year=2017, zip=True, usage="Casual"))
    assert words.title == "Blue, White Bag"
    assert words.details[:3] == (("category", "Bag"), ("color", "Blue, White"), ("price", "19.5"))
    assert ("year", "2017") in words.details


@pytest.mark.parametrize(("score", "fraction"), [(-1, 0), (-0.2, 0), (0.25, 0.25), (1, 1), (1.0000002, 1)])
def test_the_bar_shows_nothing_below_zero(score: float, fraction: float) -> None:
    assert caption(hit(score)).fraction == fraction


def test_the_score_is_text_and_tells_the_probability_where_there_is_one() -> None:
    assert caption(hit(0.87654)).score == "0.877"
    assert caption(hit(0.87654, p_same=0.934)).score == "0.877 · 93% same"


@given(st.text(alphabet=st.characters(), min_size=1, max_size=40))
def test_any_text_becomes_one_line_that_can_be_written(text: str) -> None:
    line = one_line(text)
    assert "\n" not in line
    assert "\r" not in line
    line.encode("utf-8")
    words = caption(Hit(id=text, score=0, image=None, attributes={"name": text, "color": [text]}))
    for part in (words.title, words.id, words.alt, *words.facts):
        part.encode("utf-8")
