from __future__ import annotations

import pytest

from fashion_match import Hit
from fashion_match.core.report.because import because

ATTRIBUTES = {"category": "Shirts", "color": "Blue", "pattern": "Striped", "season": ["Fall", "Winter"]}


@pytest.mark.parametrize(
    ("why", "filtered", "line"),
    [
        (
            ("category: Shirts", "pattern: Striped", "complementary colour: Blue/Orange"),
            (),
            "same category and pattern; complementary colour: Blue/Orange",
        ),
        (("category: Shirts", "color: Blue", "season: Fall, Winter"), (), "same category, color and season"),
        (("same label", "category: Shirts"), (), "same product and category"),
        (("color: Blue", "category: Shirts"), ("color",), "same category"),
        (("color: Blue",), ("color",), "as asked: color"),
        (("color: Blue", "same colour: Blue/Blue"), (), "same colour: Blue/Blue"),
        (("probably Summer: 72% of its 10 neighbours",), (), "probably Summer: 72% of its 10 neighbours"),
        (("color: Red",), (), "color: Red"),
        (("two\nlines",), (), "two lines"),
        ((), (), "alike in looks"),
    ],
)
def test_a_reason_in_one_line(why, filtered, line):
    hit = Hit(id="a", score=0, image=None, attributes=ATTRIBUTES, why=why)
    assert because(hit, filtered) == line
