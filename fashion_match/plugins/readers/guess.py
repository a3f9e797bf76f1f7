"""Which reader a source is for: told by names, and by the first kilobytes of a file."""

from __future__ import annotations

import csv
import os
from collections import Counter

from fashion_match.plugins.readers.annotation import find_file
from fashion_match.plugins.readers.photo import is_photo
from fashion_match.plugins.readers.rows import SUFFIXES
from fashion_match.plugins.readers.source import existing, listing
from fashion_match.plugins.readers.style_id import style_of

HEAD_CHARS = 8192

CAMERA_PREFIXES = frozenset(
    {"img", "dsc", "dscn", "dscf", "pxl", "mvimg", "vid", "screenshot", "photo", "image", "pic"}
)
"""What cameras and phones put before a ``_``: no style."""


def guess_reader(source: str) -> str | None:
    """Return the name of the built-in reader for ``source``, or ``None``.

    Raises:
        ReaderError: there is no such file or folder.
    """
    if source == "drawn" or source.startswith("drawn:"):
        return "drawn"
    if "://" in source:
        return None
    path = existing(source)
    return _of_folder(path) if os.path.isdir(path) else _of_file(path)


def _of_file(path: str) -> str | None:
    name = os.path.basename(path).lower()
    if name == "styles.csv" and "articleType" in _head(path):
        return "kaggle-fashion"
    if name.endswith(SUFFIXES):
        return "table"
    if name.endswith(".json"):
        return _of_json(path)
    return "folders" if is_photo(name) else None


def _of_json(path: str) -> str | None:
    head = _head(path)
    if '"crop_file"' in head or '"det_label"' in head:
        return "fashion-analysis"
    return "outfits" if '"item_id"' in head else None


def _of_folder(path: str) -> str | None:
    names = listing(path)
    folded = {name.casefold(): os.path.join(path, name) for name in names}
    if "styles.csv" in folded and "articleType" in _head(folded["styles.csv"]):
        return "kaggle-fashion"
    may_be_benchmark = any(name.startswith(("anno", "eval", "list_")) for name in folded)
    if may_be_benchmark and (benchmark := _deepfashion(path)):
        return benchmark
    if {"queries", "targets"} <= folded.keys() or ("record.csv" in folded and _is_pairs(folded["record.csv"])):
        return "queries-targets"
    documents = [name for name in names if name.lower().endswith(".json")]
    if any(name.startswith("fashion_analysis") for name in documents):
        return "fashion-analysis"
    if len([name for name in names if name.lower().endswith(SUFFIXES)]) == 1:
        return "table"
    if len(documents) == 1 and (reader := _of_json(os.path.join(path, documents[0]))):
        return reader
    return "style-id" if _are_styles(names) else "folders"


def _deepfashion(path: str) -> str | None:
    if find_file(path, "list_category_img.txt"):
        return "deepfashion-category"
    partition = find_file(path, "list_eval_partition.txt")
    if partition and "item_id" in _head(partition).partition("\n")[2].partition("\n")[0].split():
        return "deepfashion-inshop"
    if find_file(path, "list_landmarks.txt") or (partition and find_file(path, "list_bbox.txt")):
        return "deepfashion-landmark"
    return None


def _is_pairs(path: str) -> bool:
    """Whether the table has no header and two photos in its first line."""
    row = next(csv.reader(_head(path).splitlines()), [])
    return len(row) == 2 and all(map(is_photo, row))


def _are_styles(names: list[str]) -> bool:
    """Whether most photos share what stands before their ``_`` with another, and it is not the name of a camera."""
    photos = [name for name in names if is_photo(name)]
    styles = [style for style in map(style_of, photos) if style and style.casefold() not in CAMERA_PREFIXES]
    sizes = Counter(styles)
    shared = sum(size for size in sizes.values() if size > 1)
    return len(sizes) > 1 and len(styles) == len(photos) and 2 * shared >= len(photos)


def _head(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(HEAD_CHARS)
    except OSError:
        return ""
