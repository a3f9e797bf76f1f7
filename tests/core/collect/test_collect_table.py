"""Tables of addresses: which column it is, and what the others mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fashion_match import PluginError, ReaderError
from fashion_match.core.collect.record import BadWanted, Wanted
from fashion_match.core.collect.table import AddressTable


def read(path: Path, column: str | None = None, **options: object) -> list[Wanted | BadWanted]:
    return list(AddressTable(str(path), column, options).wanted())


def table(folder: Path, text: str, name: str = "shop.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


SAID = Wanted(
    "https://a.example/1.jpg",
    "line 2",
    id="1",
    attributes={"category": "Dress", "color": "Blue", "price": 49.9, "fit": "slim"},
)


@pytest.mark.parametrize("column", ["image_url", "Image URL", "image", "url", "link", "img-url", "photo"])
def test_the_column_is_told_by_its_name_and_the_others_as_the_table_reader_does(tmp_path, column):
    (tmp_path / "images").mkdir()  # photos beside the table are none of its business
    path = table(tmp_path, f"sku,{column},articleType,baseColour,price,fit\n1,{SAID.address},Dress,Blue,$49.90,slim\n")
    assert read(path) == [SAID]


def test_the_best_name_wins_and_another_column_can_be_named(tmp_path):
    path = table(tmp_path, "id,url,image_url,Bild\n1,page,https://a.example/1.jpg,b.jpg\n")
    assert read(path) == [
        Wanted("https://a.example/1.jpg", "line 2", id="1", attributes={"url": "page", "Bild": "b.jpg"})
    ]
    assert read(path, "Bild")[0].address == "b.jpg"


def test_without_an_id(tmp_path):
    for column in ("image", "image_url"):
        path = table(tmp_path, f"{column};color\nhttps://a.example/1.jpg;Red\n")
        assert read(path) == [Wanted("https://a.example/1.jpg", "line 2", attributes={"color": "Red"})]


def test_label_split_role_and_box(tmp_path):
    path = table(tmp_path, "id,label,split,role,bbox,url\n1,a,training,query,0 0 5 9,https://a.example/1.jpg\n")
    wanted = Wanted(
        "https://a.example/1.jpg", "line 2", id="1", label="a", split="train", role="query", box=(0, 0, 5, 9)
    )
    assert read(path) == [wanted]


def test_options_of_the_table_reader(tmp_path):
    path = table(tmp_path, "Nr|Bild|Farbe|Rest\n1|https://a.example/1.jpg|Rot|x\n")
    options = {"id": "Nr", "map": {"Farbe": "color"}, "drop": "Rest"}
    expected = Wanted("https://a.example/1.jpg", "line 2", id="1", attributes={"color": "Rot"})
    assert read(path, "Bild", **options) == [expected]
    assert read(path, "Bild", id="Nr", keep="Farbe", map="Farbe=color") == [expected]


def test_bad_rows_are_told_and_the_others_read(tmp_path):
    text = "id,url,price\n1,https://a.example/1.jpg,x\n2,,5\n3\n4,NA,5\n5,https://a.example/5.jpg,5\n"
    bad = read(table(tmp_path, text))
    assert [(row.where, getattr(row, "detail", None)) for row in bad] == [
        ("line 2", "price is 'x'; expected a number"),
        ("line 3", "the address is missing"),
        ("line 4", "has 1 fields, the header has 3"),
        ("line 5", "the address is missing"),
        ("line 6", None),
    ]


def test_json_lines_with_types_lists_and_several_photos_of_one_thing(tmp_path):
    rows = [
        {"id": 7, "images": ["https://a.example/1.jpg", "https://a.example/2.jpg"], "tags": ["a", "b"], "rating": 4.5},
        {"id": 8, "images": "https://a.example/3.jpg", "attributes": {"color": "Red"}},
        {"id": 9, "images": [{"no": 1}]},
        {"id": 10, "images": []},
        {"id": 11},
        {"images": "https://a.example/\ud800", "name": "x\ud800\0y\rz"},
        {"images": "https://a.example/4.jpg", "na\rme": "x"},
    ]
    path = table(tmp_path, "".join(json.dumps(row) + "\n" for row in rows) + "nonsense\n", "shop.jsonl")
    more = {"attributes": {"tags": ["a", "b"], "rating": 4.5}, "label": "7"}
    found = read(path)
    assert found[:3] == [
        Wanted("https://a.example/1.jpg", "line 1", id="7", **more),
        Wanted("https://a.example/2.jpg", "line 1", id="7_2", **more),
        Wanted("https://a.example/3.jpg", "line 2", id="8", attributes={"color": "Red"}),
    ]
    assert [isinstance(row, BadWanted) for row in found[3:]] == [True, True, True, False, True, True]
    assert found[6].attributes == {"name": "x  y z"}


def test_parquet(tmp_path):
    import pyarrow
    from pyarrow import parquet

    columns = {"product_id": [1, 2], "image_url": ["https://a.example/1.jpg", None], "year": [2020, 2021]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "shop.parquet")
    assert read(tmp_path / "shop.parquet") == [
        Wanted("https://a.example/1.jpg", "row 1", id="1", attributes={"year": 2020}),
        BadWanted("row 2", "the address is missing"),
    ]


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("a,b\n1,2\n", None, "no column is called like one of addresses; there are a, b"),
        ("id,image_url\n1,2\n", "imageurl", "Did you mean 'image_url'"),
        ("", None, "is empty"),
        ("url\n", None, "has no rows"),
        ("url,url\na,b\n", None, "two columns are called"),
    ],
)
def test_tables_that_are_none(tmp_path, text, column, told):
    with pytest.raises(ReaderError, match=told):
        read(table(tmp_path, text), column)


def test_an_option_that_is_none(tmp_path):
    with pytest.raises(PluginError, match="Did you mean 'map'"):
        read(table(tmp_path, "url\na\n"), mapp="x")
