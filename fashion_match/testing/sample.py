"""Small sources to read, one in each usual layout: a few plain pictures and the files that describe them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

COLORS = {"Blue": (40, 80, 200), "Red": (200, 40, 50), "Green": (40, 150, 80)}


def write_samples(folder: str | Path) -> list[str]:
    """Write all samples into ``folder`` and return them as sources for a reader."""
    root = Path(folder)
    for write in _LAYOUTS:
        target = root / write.__name__.lstrip("_")
        target.mkdir()
        write(target)
    return [*(str(root / write.__name__.lstrip("_")) for write in _LAYOUTS), f"drawn:{root / 'drawn'}"]


def _photo(file: Path, color: str = "Blue") -> None:
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 40), COLORS[color]).save(file)


def _write(file: Path, *lines: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _class_folders(folder: Path) -> None:
    for category in ("dress", "shirt"):
        for color in COLORS:
            _photo(folder / category / f"{color}.png", color)


def _style_names(folder: Path) -> None:
    for style, color in enumerate(COLORS):
        for view in ("front", "back"):
            _photo(folder / f"{style}_{view}.jpg", color)


def _csv_table(folder: Path) -> None:
    for color in COLORS:
        _photo(folder / "photos" / f"{color}.jpg", color)
    rows = [f"{n},photos/{color}.jpg,Shirt,{color},{10 + n}" for n, color in enumerate(COLORS)]
    _write(folder / "items.csv", "id,image,category,color,price", *rows)


def _product_catalogue(folder: Path) -> None:
    for n, color in enumerate(COLORS):
        _photo(folder / "images" / f"{n}.jpg", color)
    columns = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName"
    rows = [f"{n},Men,Apparel,Topwear,Shirts,{color},Summer,2012,Casual,A shirt" for n, color in enumerate(COLORS)]
    _write(folder / "styles.csv", columns, *rows)


def _analysis(folder: Path) -> None:
    _photo(folder / "crop.jpg")
    seen = {"label": "Blue", "score": 0.9}
    garment = {"crop_file": "crop.jpg", "det_label": "shirt", "det_score": 0.8, "box": [1, 2, 30, 38], "color": seen}
    _write(folder / "fashion_analysis_1.json", json.dumps({"items": [garment]}))


def _outfits(folder: Path) -> None:
    items = [
        {"item_id": f"i{n}", "category": "Shirt", "color": color, "season": "Autumn", "outfit_id": "o1"}
        for n, color in enumerate(COLORS)
    ]
    _write(folder / "data.json", json.dumps({"items": items}))


def _query_folders(folder: Path) -> None:
    for color in COLORS:
        _photo(folder / "targets" / f"{color}.jpg", color)
        _photo(folder / "queries" / color / "worn.jpg", color)


def _benchmark_of_categories(folder: Path) -> None:
    names = [f"img/Plain_Shirt/img_{n}.jpg" for n in range(3)]
    for name, color in zip(names, COLORS, strict=True):
        _photo(folder / name, color)
    _write(folder / "Anno/list_category_cloth.txt", "1", "category_name category_type", "Shirt 1")
    _write(folder / "Anno/list_category_img.txt", "3", "image_name category_label", *(f"{n} 1" for n in names))
    boxes = [f"{name} 1 2 30 38" for name in names]
    _write(folder / "Anno/list_bbox.txt", "3", "image_name x_1 y_1 x_2 y_2", *boxes)
    _write(folder / "Eval/list_eval_partition.txt", "3", "image_name evaluation_status", *(f"{n} train" for n in names))


def _benchmark_of_landmarks(folder: Path) -> None:
    names = [f"img/img_{n}.jpg" for n in range(3)]
    for name, color in zip(names, COLORS, strict=True):
        _photo(folder / name, color)
    columns = "image_name clothes_type variation_type landmark_visibility_1 landmark_location_x_1 landmark_location_y_1"
    _write(folder / "Anno/list_landmarks.txt", "3", columns, *(f"{name} 1 1 0 5 6" for name in names))
    _write(folder / "Anno/list_bbox.txt", "3", "image_name x_1 y_1 x_2 y_2", *(f"{name} 1 2 30 38" for name in names))
    _write(folder / "Eval/list_eval_partition.txt", "3", "image_name evaluation_status", *(f"{n} val" for n in names))


def _benchmark_of_products(folder: Path) -> None:
    names = [f"img/WOMEN/Dresses/id_0000000{n}/01_1_front.jpg" for n in range(3)]
    for name, color in zip(names, COLORS, strict=True):
        _photo(folder / name, color)
    boxes = [f"{name} 1 1 1 2 30 38" for name in names]
    _write(folder / "Anno/list_bbox_inshop.txt", "3", "image_name clothes_type pose_type x_1 y_1 x_2 y_2", *boxes)
    status = [f"{name} id_0000000{n} {'query' if n else 'gallery'}" for n, name in enumerate(names)]
    _write(folder / "Eval/list_eval_partition.txt", "3", "image_name item_id evaluation_status", *status)


_LAYOUTS: tuple[Callable[[Path], None], ...] = (
    _class_folders,
    _style_names,
    _csv_table,
    _product_catalogue,
    _analysis,
    _outfits,
    _query_folders,
    _benchmark_of_categories,
    _benchmark_of_landmarks,
    _benchmark_of_products,
)
