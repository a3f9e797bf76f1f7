"""Readers ``deepfashion-category``, ``deepfashion-landmark`` and ``deepfashion-inshop``: DeepFashion benchmarks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from fashion_match import Failure, Item, Options, ReaderError
from fashion_match.plugins.readers.annotation import AnnotationFile, Lookup, find_file
from fashion_match.plugins.readers.locate import PhotoFinder
from fashion_match.plugins.readers.record import BadRecord, box_of, make_failure, make_item, split_of
from fashion_match.plugins.readers.source import existing_folder

CLOTHES_TYPES = {"1": "upper-body", "2": "lower-body", "3": "full-body"}
VARIATIONS = {"1": "normal pose", "2": "medium pose", "3": "large pose", "4": "medium zoom-in", "5": "large zoom-in"}
POSES = {"1": "front", "2": "side", "3": "back", "4": "zoom-out", "5": "zoom-in", "6": "stand-alone"}
GENDERS = {"MEN": "Men", "WOMEN": "Women"}

CATEGORY_NAMES = "list_category_cloth.txt"
CATEGORY = "list_category_img.txt"
PARTITION = "list_eval_partition.txt"
BOX = "list_bbox.txt"
BOX_INSHOP = "list_bbox_inshop.txt"
LANDMARK = "list_landmarks.txt"


class DeepFashionOptions(Options):
    """Options of the DeepFashion readers."""

    images: str | None = Field(None, description="folder that holds img/; by default the benchmark's own, or Img in it")


class CategoryReader:
    """Category and Attribute Prediction: one category, box and split for each photo."""

    def __init__(self, options: DeepFashionOptions) -> None:
        self._images = options.images

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each line of ``list_category_img.txt``. Raises ReaderError where a file is missing."""
        root = existing_folder(source)
        finder = PhotoFinder(root, self._images)
        categories = _category_names(_required(root, CATEGORY_NAMES))
        boxes, splits = Lookup(find_file(root, BOX)), Lookup(find_file(root, PARTITION))
        file = AnnotationFile(_required(root, CATEGORY))

        def item(name: str, values: Mapping[str, str]) -> Item:
            number = values["category_label"]
            if number not in categories:
                raise BadRecord(f"there is no category {number!r} in {CATEGORY_NAMES}")
            category, clothes_type = categories[number]
            style = os.path.basename(os.path.dirname(name)).replace("_", " ")
            return make_item(
                id=name,
                image=Path(finder.written(name)),
                box=_box(boxes.get(name)),
                split=split_of(splits.get(name).get("evaluation_status")),
                attributes=_present(category=category, clothes_type=clothes_type, name=style),
            )

        yield from _each(file, "category_label", item)


class LandmarkReader:
    """Fashion Landmark Detection: the type of clothes (upper, lower or full body), box and split of each photo."""

    def __init__(self, options: DeepFashionOptions) -> None:
        self._images = options.images

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each line of ``list_landmarks.txt``, or of ``list_bbox.txt`` where that tells the type."""
        root = existing_folder(source)
        finder = PhotoFinder(root, self._images)
        file = AnnotationFile(find_file(root, LANDMARK) or _required(root, BOX))
        boxes, splits = Lookup(find_file(root, BOX)), Lookup(find_file(root, PARTITION))

        def item(name: str, values: Mapping[str, str]) -> Item:
            found = boxes.get(name)
            number = values.get("clothes_type") or found.get("clothes_type")
            return make_item(
                id=name,
                image=Path(finder.written(name)),
                box=_box(found),
                split=split_of(splits.get(name).get("evaluation_status")),
                attributes=_present(
                    category=_word("clothes_type", number, CLOTHES_TYPES),
                    variation=_word("variation_type", values.get("variation_type"), VARIATIONS),
                ),
            )

        yield from _each(file, "image_name", item)


class InShopReader:
    """In-shop Clothes Retrieval: photos labelled by product, for training, as queries and as gallery."""

    def __init__(self, options: DeepFashionOptions) -> None:
        self._images = options.images

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each line of ``list_eval_partition.txt``. Raises ReaderError where it is missing."""
        root = existing_folder(source)
        finder = PhotoFinder(root, self._images)
        boxes = Lookup(find_file(root, BOX_INSHOP, BOX))
        file = AnnotationFile(_required(root, PARTITION))

        def item(name: str, values: Mapping[str, str]) -> Item:
            status = values["evaluation_status"]
            if status not in ("train", "query", "gallery"):
                raise BadRecord(f"evaluation_status is {status!r}; expected train, query or gallery")
            found = boxes.get(name)
            folders = name.split("/")[:-1]  # img / WOMEN / Dresses / id_00000002
            gender = next((n for n, folder in enumerate(folders) if folder in GENDERS), None)
            return make_item(
                id=name,
                image=Path(finder.written(name)),
                box=_box(found),
                label=values["item_id"],
                role="query" if status == "query" else "gallery",
                split="train" if status == "train" else "test",
                attributes=_present(
                    gender=GENDERS[folders[gender]] if gender is not None else None,
                    category=folders[gender + 1] if gender is not None and gender + 1 < len(folders) else None,
                    clothes_type=_word("clothes_type", found.get("clothes_type"), CLOTHES_TYPES),
                    pose=_word("pose_type", found.get("pose_type"), POSES),
                ),
            )

        yield from _each(file, "item_id", item)


def _each(file: AnnotationFile, column: str, make: Any) -> Iterator[Item | Failure]:
    """Yield what ``make`` makes of each line, or why it could not. Raises ReaderError where there is no ``column``."""
    if column not in file.columns:
        raise ReaderError(f"{file.path} has no column {column}; it has {', '.join(file.columns[:8])}.")
    for number, name, values in file.lines():
        try:
            if isinstance(values, BadRecord):
                raise values
            yield make(name, values)
        except BadRecord as error:
            yield make_failure(file.path, error, item=name or None, at=f"line {number}")


def _required(root: str, name: str) -> str:
    path = find_file(root, name)
    if path is None:
        raise ReaderError(f"there is no {name} in {root!r}.", "Name the benchmark's folder, with its Anno and Eval.")
    return path


def _category_names(path: str) -> dict[str, tuple[str, str | None]]:
    """Return name and type of clothes by the number of the category, which is that of its line."""
    names: dict[str, tuple[str, str | None]] = {}
    for n, (line, name, values) in enumerate(AnnotationFile(path).lines(), start=1):
        if isinstance(values, BadRecord):
            raise ReaderError(f"{path} line {line}: {values.detail}.", "Use the benchmark's file as it was published.")
        names[str(n)] = name, CLOTHES_TYPES.get(values.get("category_type", ""))
    return names


def _box(values: Mapping[str, str]) -> tuple[float, float, float, float] | None:
    edges = [values[edge] for edge in ("x_1", "y_1", "x_2", "y_2") if edge in values]
    return box_of(edges)


def _word(column: str, number: str | None, words: Mapping[str, str]) -> str | None:
    if number is None:
        return None
    if number not in words:
        raise BadRecord(f"{column} is {number!r}; expected {', '.join(words)}")
    return words[number]


def _present(**attributes: str | None) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value}
