"""Reader ``fashion-analysis``: JSON files of garments that a detector found, with boxes, attributes and confidences."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from fashion_match import Failure, Item, Options, ReaderError, Reason, canonical_attributes
from fashion_match.plugins.readers.json_stream import stream_array
from fashion_match.plugins.readers.locate import PhotoFinder
from fashion_match.plugins.readers.record import BadRecord, box_of, make_failure, make_item, text_of
from fashion_match.plugins.readers.source import existing, listing

ORIGINAL_KEYS = ("image_file", "source_file", "photo_file", "image", "photo")
"""Where a record may name the photo that its crop was cut from."""

_KNOWN = {"crop_file", "det_label", "det_score", "box", "id", "item_id", *ORIGINAL_KEYS}


class FashionAnalysisOptions(Options):
    """Options of ``fashion-analysis``."""

    images: str | None = Field(None, description="folder that crop_file is relative to; by default beside the JSON")
    use: Literal["crop", "original"] = Field(
        "crop", description="crop: the picture crop_file as it is; original: the photo it was cut from, and the box"
    )
    allow_outside: bool = Field(False, description="permit photo paths that lead out of the source")


class FashionAnalysisReader:
    """Reads one such file, or all ``fashion_analysis_*.json`` of a folder.

    ``crop_file`` is the garment cut out already, and ``box`` says where it was in the photo that it was cut from. So
    the box goes with the original only: cropping the crop once more would cut the garment.
    """

    def __init__(self, options: FashionAnalysisOptions) -> None:
        self._options = options

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each detected garment. Raises ReaderError where there is no such file."""
        path = existing(source)
        files = analysis_files(path) if os.path.isdir(path) else [path]
        if not files:
            raise ReaderError(f"there is no fashion_analysis_*.json in {source!r}.", "Name the file or its folder.")
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        finder = PhotoFinder(folder, self._options.images, allow_outside=self._options.allow_outside)
        for file in files:
            for at, record in stream_array(file, "items"):
                item_id = None
                try:
                    if isinstance(record, BadRecord):
                        raise record
                    if not isinstance(record, dict):
                        raise BadRecord(f"an item is {type(record).__name__}; expected an object")
                    item_id = self._id(record)
                    yield self._item(item_id, record, finder)
                except BadRecord as error:
                    yield make_failure(file, error, item=item_id, at=at)

    def _id(self, record: Mapping[str, Any]) -> str:
        for key in ("id", "item_id", "crop_file"):
            if (item_id := text_of(key, record.get(key))) is not None:
                return item_id.replace("\\", "/")
        if (original := self._original(record)) is None:
            raise BadRecord("an item names no crop_file")
        box = box_of(record.get("box"))
        return original if box is None else f"{original}#{','.join(f'{edge:g}' for edge in box)}"

    def _original(self, record: Mapping[str, Any]) -> str | None:
        named = (text_of(key, record.get(key)) for key in ORIGINAL_KEYS)
        return next((name for name in named if name is not None), None)

    def _item(self, item_id: str, record: Mapping[str, Any], finder: PhotoFinder) -> Item:
        crop, original = text_of("crop_file", record.get("crop_file")), self._original(record)
        if self._options.use == "crop" and crop is not None:
            written, box = crop, None
        elif original is not None:
            written, box = original, box_of(record.get("box"))
        else:
            raise BadRecord(f"an item names no original photo; expected one of {', '.join(ORIGINAL_KEYS)}")
        attributes, scores = _described(record)
        return make_item(id=item_id, image=Path(finder.written(written)), box=box, attributes=attributes, scores=scores)


def analysis_files(folder: str) -> list[str]:
    """Return the ``fashion_analysis_*.json`` files of ``folder``, sorted."""
    names = [name for name in listing(folder) if name.startswith("fashion_analysis") and name.endswith(".json")]
    return [os.path.join(folder, name) for name in names]


def _described(record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the attributes of a record and how sure its maker was of each."""
    values: dict[str, Any] = {"category": record.get("det_label")}
    scores: dict[str, Any] = {"category": record.get("det_score")}
    for name, found in record.items():
        if name in _KNOWN:
            continue
        if isinstance(found, dict):
            values[name], scores[name] = found.get("label"), found.get("score")
        else:
            values[name] = found
    try:
        attributes = canonical_attributes(values)
    except ValueError as error:
        raise BadRecord(str(error), Reason.ATTRIBUTE_TYPE) from None
    return attributes, {name: score for name, score in scores.items() if score is not None and name in attributes}
