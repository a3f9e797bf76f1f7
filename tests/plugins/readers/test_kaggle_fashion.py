"""Reader ``kaggle-fashion``."""

from __future__ import annotations

import pytest

from fashion_match import ReaderError, Reason

HEADER = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"


def test_layout(fill, read):
    rows = (
        "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Men Navy Blue Shirt\n"
        "2,Men,Apparel,Topwear,Tops,NA,,2012.0,NA,\n"
        "3,Women,Apparel,Saree,Sarees,Red,Summer,2012,Ethnic,A name, with commas, unquoted\n"
        "4,Women,Apparel\n"
    )
    root = fill(files={"styles.csv": HEADER + rows, "images/x": ""})
    items, failures = read("kaggle-fashion", root)
    assert [i.image for i in items] == [root / f"images/{n}.jpg" for n in (15970, 2, 3)]
    assert items[0].attributes == {
        "gender": "Men",
        "masterCategory": "Apparel",
        "subCategory": "Topwear",
        "category": "Shirts",
        "color": "Navy Blue",
        "season": "Fall",
        "year": 2011,
        "usage": "Casual",
        "name": "Turtle Check Men Navy Blue Shirt",
    }
    assert items[1].attributes["year"] == 2012
    assert items[1].attributes.keys() == {"gender", "masterCategory", "subCategory", "category", "year"}
    assert items[2].attributes["name"] == "A name, with commas, unquoted"
    assert [(f.reason, f.detail) for f in failures] == [
        (Reason.BAD_RECORD, "line 5: has 3 fields, the header has 10"),
    ]


def test_id_that_climbs_out_is_refused(fill, read):
    root = fill(files={"styles.csv": HEADER + "../../x,Men,A,T,Tops,Red,Fall,2011,Casual,N\n", "images/x": ""})
    _, failures = read("kaggle-fashion", root / "styles.csv")
    assert [f.reason for f in failures] == [Reason.OUTSIDE_SOURCE]


def test_what_is_missing_is_named(fill, read):
    root = fill("a.jpg")
    with pytest.raises(ReaderError, match=r"no styles\.csv"):
        read("kaggle-fashion", root)
    fill(files={"styles.csv": HEADER})
    with pytest.raises(ReaderError, match="no folder of photos 'images'"):
        read("kaggle-fashion", root)
