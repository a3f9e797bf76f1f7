"""Reader ``table``: columns, formats, photos, and rows that are wrong."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from fashion_match import PluginError, ReaderError, Reason


def test_columns_of_usual_names_are_recognised(fill, read):
    root = fill(
        "photos/1.jpg",
        files={
            "shop.csv": "Item ID,Image_Path,Style-ID,Subset,role,articleType,baseColour,Season,Price,YEAR,fabric,\n"
            "7,1.jpg,s1,valid,query, Dress ,Navy Blue,autumn,€49.90,2011.0,silk,index\n"
        },
    )
    (item,), failures = read("table", root)
    assert not failures
    assert (item.id, item.image, item.label, item.split, item.role) == (
        "7",
        root / "photos/1.jpg",
        "s1",
        "val",
        "query",
    )
    assert item.attributes == {
        "category": "Dress",
        "color": "Navy Blue",
        "season": "Fall",
        "price": 49.9,
        "year": 2011,
        "fabric": "silk",
    }
    assert type(item.attributes["price"]) is float
    assert type(item.attributes["year"]) is int


def test_standard_name_wins_over_its_synonyms_which_keep_their_own(fill, read):
    root = fill(files={"t.csv": "id,articleType,category,title,colour_name\n1,Tee,Tops,N,Red\n"})
    (item,), _ = read("table", root)
    assert item.attributes == {"articleType": "Tee", "category": "Tops", "name": "N", "color": "Red"}


def test_options_say_what_columns_are(fill, read):
    root = fill(
        "p/x.png", files={"t.csv": "code;pic;sort;size;junk;rank\nA;x.png;Hat;38;j;1,204\nB;y.png;Cap;40.5;j;7\n"}
    )
    items, failures = read(
        "table",
        root / "t.csv",
        id="code",
        image="pic",
        map="sort=category",
        numeric="size,rank",
        drop="junk",
        images="p",
    )
    assert not failures
    assert [i.id for i in items] == ["A", "B"]
    assert items[0].image == root / "p/x.png"
    assert [i.attributes for i in items] == [
        {"category": "Hat", "size": 38, "rank": 1204},
        {"category": "Cap", "size": 40.5, "rank": 7},
    ]
    (kept, _), _ = read("table", root / "t.csv", id="code", image="pic", map={"sort": "category"}, keep=["category"])
    assert kept.attributes == {"category": "Hat"}


@pytest.mark.parametrize("empty", ["", "  ", "NA", "NaN", "null", "N/A", "None"])
def test_missing_values_leave_the_attribute_out(fill, read, empty):
    (item,), _ = read("table", fill(files={"t.csv": f"id,color,price\n1,{empty},{empty}\n"}))
    assert item.attributes == {}


def test_texts_that_stand_for_missing_can_be_chosen(fill, read):
    (item,), _ = read("table", fill(files={"t.csv": "id,pattern,color\n1,None,-\n"}), missing="-")
    assert item.attributes == {"pattern": "None"}


def test_without_an_id_column_the_photo_path_is_the_id(fill, read):
    root = fill("a/1.jpg", files={"t.csv": "image\na/1.jpg\n./a//1.jpg\n"})
    items, _ = read("table", root)
    assert [i.id for i in items] == ["a/1.jpg", "a/1.jpg"]


def test_without_an_image_column_the_photo_is_found_by_id(fill, read):
    root = fill("images/7.png", "images/8.JPG", files={"t.tsv": "id\tcolor\n7\tRed\n8\tRed\n9\tRed\n"})
    items, failures = read("table", root)
    assert [i.image for i in items] == [root / "images/7.png", root / "images/8.JPG"]
    assert [(f.item, f.reason) for f in failures] == [("9", Reason.MISSING_FILE)]


def test_table_of_attributes_alone(fill, read):
    (item,), _ = read("table", fill(files={"t.csv": "id,color\n1,Red\n"}))
    assert item.image is None


BAD_ROWS = (
    "id,image,color,price,split\n"
    "1,1.jpg,Red,5,train\n"
    "2,2.jpg,Red\n"
    "3,3.jpg,Red,cheap,train\n"
    "4,../../../etc/passwd,Red,5,train\n"
    "5,/etc/passwd,Red,5,train\n"
    ",6.jpg,Red,5,train\n"
    "7,7.jpg,Red,5,sometimes\n"
    "8,https://example.org/8.jpg,Red,5,train\n"
    "9,a/../9.jpg,Red,5,test\n"
    "10,C:\\photos\\x.jpg,Red,5,test\n"
)


def test_each_bad_row_is_one_failure_that_names_its_line(fill, read):
    items, failures = read("table", fill("1.jpg", files={"t.csv": BAD_ROWS}))
    assert [i.id for i in items] == ["1", "9"]
    assert [(f.item, f.reason, f.detail.split(":")[0]) for f in failures] == [
        (None, Reason.BAD_RECORD, "line 3"),
        ("3", Reason.ATTRIBUTE_TYPE, "line 4"),
        ("4", Reason.OUTSIDE_SOURCE, "line 5"),
        ("5", Reason.OUTSIDE_SOURCE, "line 6"),
        (None, Reason.BAD_RECORD, "line 7"),
        ("7", Reason.BAD_RECORD, "line 8"),
        ("8", Reason.MISSING_FILE, "line 9"),
        ("10", Reason.OUTSIDE_SOURCE, "line 11"),
    ]
    assert all(f.file.endswith("t.csv") for f in failures)


def test_paths_outside_can_be_permitted_and_absolute_paths_inside_need_not_be(fill, read, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "x.jpg"
    root = fill("in.jpg")
    fill(files={"t.csv": f"image\n{other}\n{root}/in.jpg\n"})
    items, failures = read("table", root)
    assert [i.image for i in items] == [root / "in.jpg"]
    assert [f.reason for f in failures] == [Reason.OUTSIDE_SOURCE]
    items, failures = read("table", root, allow_outside=True)
    assert [i.image for i in items] == [other, root / "in.jpg"]


def test_a_folder_whose_name_begins_like_the_sources_is_outside(tmp_path, read):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop-secret").mkdir()
    (tmp_path / "shop" / "t.csv").write_text("image\n../shop-secret/x.jpg\n")
    _, failures = read("table", tmp_path / "shop")
    assert [f.reason for f in failures] == [Reason.OUTSIDE_SOURCE]


def test_bytes_that_are_not_text_cost_only_their_row(fill, read):
    content = b"id,color\n1,Red\n2,Gr\xfcn\n3,Bl\0ue\n4,Black\n"
    items, failures = read("table", fill(files={"t.csv": content}))
    assert [i.id for i in items] == ["1", "4"]
    assert [(f.reason, f.detail.split(":")[0]) for f in failures] == [
        (Reason.BAD_RECORD, "line 3"),
        (Reason.BAD_RECORD, "line 4"),
    ]
    items, failures = read("table", fill(files={"t.csv": content}), encoding="latin-1")
    assert [i.attributes["color"] for i in items] == ["Red", "Grün", "Black"]


def test_quote_that_nobody_closed_does_not_end_the_table(fill, read):
    rows = "".join(f"{n},Red\n" for n in range(30_000))
    items, failures = read("table", fill(files={"t.csv": f'id,color\n1,"Blue\n{rows}'}))
    assert [f.reason for f in failures] == [Reason.BAD_RECORD]
    assert "lines 2 to" in failures[0].detail
    assert len(items) > 10_000
    assert items[-1].id == "29999"


def test_quoted_fields_with_line_breaks_and_byte_order_mark(fill, read):
    content = '\ufeffid,name\r\n1,"two\nlines, one field"\r\n\r\n2,x\r\n'
    items, failures = read("table", fill(files={"t.csv": content}))
    assert not failures
    assert [i.attributes["name"] for i in items] == ["two\nlines, one field", "x"]


def test_utf16(fill, read):
    content = "id,name\n1,Grün\n".encode("utf-16")
    with pytest.raises(ReaderError, match=r"(?s)line 1 is not utf-8-sig text.*utf-16"):
        read("table", fill(files={"t.csv": content}))
    (item,), _ = read("table", fill(files={"t.csv": content}), encoding="utf-16")
    assert item.attributes == {"name": "Grün"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("id,color\n", "has no rows"),
        ("color,price\nRed,1\n", r"no column for the id or the photo; there are color, price"),
        ("id,color,color\n1,Red,Blue\n", "two columns are called 'color'"),
        ("id,source\n1,x\n", r"(?s)'source' cannot become an attribute.*--set drop="),
        ("id,_secret\n1,x\n", "'_secret' cannot become an attribute"),
    ],
)
def test_table_that_makes_no_sense_is_refused(fill, read, content, problem):
    with pytest.raises(ReaderError, match=problem):
        read("table", fill(files={"t.csv": content}))


def test_column_that_an_option_names_wrongly_gets_the_nearest_spelling(fill, read):
    root = fill(files={"t.csv": "sku,colour\n1,Red\n"})
    with pytest.raises(ReaderError, match=r"(?s)no column 'colr'.*'colour'"):
        read("table", root, map="colr=color")
    with pytest.raises(ReaderError, match="no column 'code', which the option id names"):
        read("table", root, id="code")
    with pytest.raises(ReaderError, match="option keep names"):
        read("table", root, keep="colr")
    with pytest.raises(ReaderError, match="both become the attribute 'color'"):
        read("table", fill(files={"t.csv": "id,a,b\n1,2,3\n"}), map="a=color,b=color")
    with pytest.raises(PluginError, match="COLUMN=ATTRIBUTE"):
        read("table", root, map="colour")


def test_unknown_encoding_is_a_mistake_of_the_user(fill, read):
    with pytest.raises(ReaderError, match="no text encoding 'utf-9'"):
        read("table", fill(files={"t.csv": "id\n1\n"}), encoding="utf-9")


def test_folder_with_several_tables_or_none(fill, read):
    root = fill("a.jpg")
    with pytest.raises(ReaderError, match="no table in"):
        read("table", root)
    fill(files={"a.csv": "id\n1\n", "b.tsv": "id\n1\n"})
    with pytest.raises(ReaderError, match=r"several tables .*a\.csv, b\.tsv"):
        read("table", root)
    with pytest.raises(ReaderError, match="is no table"):
        read("table", root / "a.jpg")
    with pytest.raises(ReaderError, match="no folder of photos 'nowhere'"):
        read("table", root / "a.csv", images="nowhere")


def test_json_lines_keep_types_lists_and_nested_attributes(fill, read):
    records = [
        {"id": 5, "image": "5.jpg", "color": ["Red", " Blue "], "size": 38, "new": True, "box": [1, 2, 30, 40]},
        {"image": "6.jpg", "attributes": {"season": "Autumn", "weight": 1.5}, "scores": {"season": 0.5}},
    ]
    items, failures = read("table", fill("5.jpg", files={"t.jsonl": "\n".join(map(json.dumps, records))}))
    assert not failures
    assert [i.id for i in items] == ["5", "6.jpg"]
    assert items[0].attributes == {"color": ["Red", "Blue"], "size": 38, "new": "true"}
    assert items[0].box == (1, 2, 30, 40)
    assert (items[1].attributes, items[1].scores) == ({"season": "Fall", "weight": 1.5}, {"season": 0.5})


def test_what_fm_exports_is_read_back(fill, read):
    record = {"id": "5", "image": "5.jpg", "role": "query", "source": "/shop", "color": "Red", "vector": [0.6, 0.8]}
    (item,), failures = read("table", fill("5.jpg", files={"t.jsonl": json.dumps(record)}))
    assert not failures
    assert (item.id, item.role, item.attributes) == ("5", "query", {"color": "Red"})


def test_bad_json_lines_are_failures(fill, read):
    lines = [
        '{"id": 1}',
        '{"id": 2',
        "[3]",
        '{"id": [4]}',
        '{"id": 5, "color": {"a": 1}}',
        '{"id": 6, "color": [[1]]}',
        '{"id": 7, "box": [5, 5, 1, 1]}',
        '{"id": 8, "price": Infinity}',
        '{"colour": "Red"}',
        "[" * 100_000,
        '{"id": 11, "scores": {"color": 2}}',
        '{"id": "\\ud800"}',
        "",
        '{"id": 14}',
    ]
    items, failures = read("table", fill(files={"t.jsonl": "\n".join(lines)}))
    assert [i.id for i in items] == ["1", "14"]
    assert [(f.detail.split(":")[0], f.reason) for f in failures] == [
        ("line 2", Reason.BAD_RECORD),
        ("line 3", Reason.BAD_RECORD),
        ("line 4", Reason.BAD_RECORD),
        ("line 5", Reason.ATTRIBUTE_TYPE),
        ("line 6", Reason.ATTRIBUTE_TYPE),
        ("line 7", Reason.BAD_BOX),
        ("line 8", Reason.ATTRIBUTE_TYPE),
        ("line 9", Reason.BAD_RECORD),
        ("line 10", Reason.BAD_RECORD),
        ("line 11", Reason.BAD_RECORD),
        ("line 12", Reason.BAD_RECORD),
    ]
    for failure in failures:
        failure.model_dump_json()


def test_parquet(fill, read, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "id": [1, 2],
        "color": [["Red", "Blue"], None],
        "price": [9, None],
        "rating": [float("nan"), 4.5],
        "image": ["a.jpg", "b.jpg"],
    }
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    items, failures = read("table", tmp_path)
    assert not failures
    assert [(i.id, i.attributes) for i in items] == [
        ("1", {"color": ["Red", "Blue"], "price": 9.0}),
        ("2", {"rating": 4.5}),
    ]
    (tmp_path / "t.parquet").write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(ReaderError, match=r"not a Parquet file|cannot be read"):
        read("table", tmp_path)


def test_rows_are_not_held_in_memory(fill, plugins):
    rows = "".join(f"{n},{n}.jpg,Red,{'x' * 200}\n" for n in range(6_000))
    root = fill(files={"t.csv": f"id,image,color,text\n{rows}"})
    reader = plugins.readers["table"].make()
    next(reader.read(str(root)))
    tracemalloc.start()
    try:
        n = sum(1 for _ in reader.read(str(root)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert n == 6_000
    assert peak < 400_000  # the file has more than a million bytes
