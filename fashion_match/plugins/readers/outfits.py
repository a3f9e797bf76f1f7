"""Reader ``outfits``: a JSON file of items with attributes and the outfit that each belongs to; photos are optional."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from fashion_match import Failure, Item, Options, ReaderError, Reason, canonical_attributes
from fashion_match.plugins.readers.json_stream import stream_array
from fashion_match.plugins.readers.locate import PhotoFinder
from fashion_match.plugins.readers.record import BadRecord, make_failure, make_item, text_of
from fashion_match.plugins.readers.source import existing, listing


class OutfitsOptions(Options):
    """Options of ``outfits``."""

    images: str | None = Field(None, description="folder with a photo ITEM_ID.jpg (or .png, ...) for each item")


class OutfitsReader:
    """Reads such a file, or the folder in which it is the only JSON file."""

    def __init__(self, options: OutfitsOptions) -> None:
        self._images = options.images

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each record. Raises ReaderError where there is no such file, or it has no items."""
        file = outfit_file(existing(source))
        finder = PhotoFinder(os.path.dirname(file), self._images) if self._images is not None else None
        for at, record in stream_array(file, "items"):
            item_id = None
            try:
                if isinstance(record, BadRecord):
                    raise record
                if not isinstance(record, dict):
                    raise BadRecord(f"an item is {type(record).__name__}; expected an object")
                item_id = text_of("item_id", record.get("item_id"))
                if item_id is None:
                    raise BadRecord("an item has no item_id")
                image = Path(finder.named(item_id)) if finder else None
                yield make_item(id=item_id, image=image, attributes=_attributes(record))
            except BadRecord as error:
                yield make_failure(file, error, item=item_id, at=at)


def outfit_file(path: str) -> str:
    """Return ``path``, or the JSON file in the folder ``path``. Raises ReaderError where there is not exactly one."""
    if not os.path.isdir(path):
        return path
    files = [name for name in listing(path) if name.lower().endswith(".json")]
    if len(files) != 1:
        found = f"several JSON files in {path!r}: {', '.join(files)}" if files else f"no JSON file in {path!r}"
        raise ReaderError(f"there {'are' if files else 'is'} {found}.", "Name the one to read.")
    return os.path.join(path, files[0])


def _attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return canonical_attributes({name: value for name, value in record.items() if name != "item_id"})
    except ValueError as error:
        raise BadRecord(str(error), Reason.ATTRIBUTE_TYPE) from None
