"""The readers of the DeepFashion benchmarks, on files written as the benchmarks have them."""

from __future__ import annotations

import pytest

from fashion_match import ReaderError, Reason


def listed(header: str, *lines: str, count: int | None = None) -> str:
    return "\n".join([str(len(lines) if count is None else count), header, *lines]) + "\n"


def category_files(**changed: str) -> dict[str, str]:
    a, b, c = "img/Sheer_Blouse/img_1.jpg", "img/Sheer_Blouse/img_2.jpg", "img/Denim_Skirt/img_1.jpg"
    return {
        "Anno/list_category_cloth.txt": listed("category_name  category_type", "Blouse   1", "Skirt  2", "Dress 3"),
        "Anno/list_category_img.txt": listed("image_name  category_label", f"{a}     1", f"{b}  1", f"{c}   2"),
        "Anno/list_bbox.txt": listed(
            "image_name x_1 y_1 x_2 y_2", f"{a} 072 079 232 273", f"{b} 1 2 30 40", f"{c} 0 0 9 9"
        ),
        "Eval/list_eval_partition.txt": listed("image_name evaluation_status", f"{a} train", f"{b} val", f"{c} test"),
        **changed,
    }


def test_category(fill, read):
    root = fill("img/Sheer_Blouse/img_1.jpg", files=category_files())
    items, failures = read("deepfashion-category", root)
    assert not failures
    assert [(i.id, i.split, i.box) for i in items] == [
        ("img/Sheer_Blouse/img_1.jpg", "train", (72, 79, 232, 273)),
        ("img/Sheer_Blouse/img_2.jpg", "val", (1, 2, 30, 40)),
        ("img/Denim_Skirt/img_1.jpg", "test", (0, 0, 9, 9)),
    ]
    assert items[0].image == root / "img/Sheer_Blouse/img_1.jpg"
    assert items[0].attributes == {"category": "Blouse", "clothes_type": "upper-body", "name": "Sheer Blouse"}
    assert items[2].attributes == {"category": "Skirt", "clothes_type": "lower-body", "name": "Denim Skirt"}


def test_category_in_other_folders_without_boxes_and_splits(fill, read):
    files = category_files()
    root = fill(
        "Img/img/Sheer_Blouse/img_1.jpg",
        files={name.replace("Anno", "Anno_coarse"): text for name, text in files.items() if "category" in name},
    )
    items, failures = read("deepfashion-category", root)
    assert not failures
    assert [(i.split, i.box) for i in items] == [(None, None)] * 3
    assert items[0].image == root / "Img/img/Sheer_Blouse/img_1.jpg"


def test_files_in_another_order_are_joined_by_name(fill, read):
    first, second, third = category_files()["Anno/list_bbox.txt"].splitlines()[2:]
    shuffled = listed("image_name x_1 y_1 x_2 y_2", third, first, second)
    items, failures = read("deepfashion-category", fill(files=category_files(**{"Anno/list_bbox.txt": shuffled})))
    assert not failures
    assert [i.box for i in items] == [(72, 79, 232, 273), (1, 2, 30, 40), (0, 0, 9, 9)]


def test_bad_lines_are_failures(fill, read):
    a, b, c = "img/A_b/1.jpg", "img/A_b/2.jpg", "img/A_b/3.jpg"
    files = category_files(
        **{
            "Anno/list_category_img.txt": listed(
                "image_name category_label", f"{a} 9", b, f"{c} 1", "../../x.jpg 1", "img/A_b/5.jpg 1", count=7
            ),
            "Anno/list_bbox.txt": listed("image_name x_1 y_1 x_2 y_2", f"{c} 1 2 three 4", "../../x.jpg 1 1 2 2"),
        }
    )
    items, failures = read("deepfashion-category", fill(files=files))
    assert not items
    assert [(f.detail.split(":")[0], f.reason) for f in failures] == [
        ("line 3", Reason.BAD_RECORD),
        ("line 4", Reason.BAD_RECORD),
        ("line 5", Reason.BAD_BOX),
        ("line 6", Reason.OUTSIDE_SOURCE),
        ("line 7", Reason.BAD_RECORD),
        ("line 1", Reason.BAD_RECORD),
    ]
    assert "list_bbox.txt has no line for it" in failures[4].detail
    assert "announces 7 lines but has 5" in failures[5].detail


def test_missing_or_foreign_files(fill, read):
    files = category_files()
    del files["Anno/list_category_cloth.txt"]
    root = fill(files=files)
    with pytest.raises(ReaderError, match=r"no list_category_cloth\.txt"):
        read("deepfashion-category", root)
    fill(files={"Anno/list_category_cloth.txt": "Blouse 1\n"})
    with pytest.raises(ReaderError, match="line 1 is 'Blouse 1'"):
        read("deepfashion-category", root)


def test_landmark(fill, read):
    marks = " ".join(f"landmark_visibility_{n} landmark_location_x_{n} landmark_location_y_{n}" for n in range(1, 9))
    a, b = "img/img_00000001.jpg", "img/img_00000002.jpg"
    root = fill(
        files={
            "Anno/list_landmarks.txt": listed(
                f"image_name clothes_type variation_type {marks}",
                f"{a} 1 1 " + "0 100 101 " * 6,
                f"{b} 2 5 " + "0 100 101 " * 4,
            ),
            "Anno/list_bbox.txt": listed("image_name x_1 y_1 x_2 y_2", f"{a} 10 20 30 40", f"{b} 1 2 3 4"),
            "Eval/list_eval_partition.txt": listed("image_name evaluation_status", f"{a} train", f"{b} val"),
        }
    )
    items, failures = read("deepfashion-landmark", root)
    assert not failures
    assert [(i.id, i.split, i.box, i.attributes) for i in items] == [
        (a, "train", (10, 20, 30, 40), {"category": "upper-body", "variation": "normal pose"}),
        (b, "val", (1, 2, 3, 4), {"category": "lower-body", "variation": "large zoom-in"}),
    ]


def test_landmark_with_the_type_among_the_boxes(fill, read):
    lines = ("img/1.jpg 3 1 2 30 40", "img/2.jpg 4 1 2 30 40")
    root = fill(files={"Anno/list_bbox.txt": listed("image_name clothes_type x_1 y_1 x_2 y_2", *lines)})
    items, failures = read("deepfashion-landmark", root)
    assert [(i.attributes, i.box) for i in items] == [({"category": "full-body"}, (1, 2, 30, 40))]
    assert [(f.item, f.reason) for f in failures] == [("img/2.jpg", Reason.BAD_RECORD)]


def test_inshop(fill, read):
    a = "img/WOMEN/Dresses/id_00000002/02_1_front.jpg"
    b = "img/MEN/Denim/id_00000003/01_3_back.jpg"
    c = "img/MEN/Denim/id_00000003/02_1_front.jpg"
    root = fill(
        "Img/" + a,
        files={
            "Eval/list_eval_partition.txt": listed(
                "image_name item_id evaluation_status",
                f"{a}   id_00000002 train",
                f"{b} id_00000003 query",
                f"{c} id_00000003 gallery",
                "img/MEN/Denim/id_4/1.jpg id_4 val",
            ),
            "Anno/list_bbox_inshop.txt": listed(
                "image_name clothes_type pose_type x_1 y_1 x_2 y_2",
                f"{b} 2 3 1 1 9 9",
                f"{c} 2 1 2 2 9 9",
                f"{a} 3 1 50 49 208 235",
            ),
        },
    )
    items, failures = read("deepfashion-inshop", root)
    assert [(i.id, i.label, i.role, i.split, i.box) for i in items] == [
        (a, "id_00000002", "gallery", "train", (50, 49, 208, 235)),
        (b, "id_00000003", "query", "test", (1, 1, 9, 9)),
        (c, "id_00000003", "gallery", "test", (2, 2, 9, 9)),
    ]
    assert items[0].image == root / "Img" / a
    assert items[0].attributes == {
        "gender": "Women",
        "category": "Dresses",
        "clothes_type": "full-body",
        "pose": "front",
    }
    assert items[1].attributes == {"gender": "Men", "category": "Denim", "clothes_type": "lower-body", "pose": "back"}
    assert [(f.item, f.reason) for f in failures] == [("img/MEN/Denim/id_4/1.jpg", Reason.BAD_RECORD)]


def test_inshop_needs_the_columns_of_its_own_partition(fill, read):
    root = fill(files={"Eval/list_eval_partition.txt": listed("image_name evaluation_status", "img/1.jpg train")})
    with pytest.raises(ReaderError, match="no column item_id"):
        read("deepfashion-inshop", root)
