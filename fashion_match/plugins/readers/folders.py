"""Reader ``folders``: photos in folders named after their class, with or without folders for the splits above them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import Field

from fashion_match import Failure, Item, Options, ReaderError
from fashion_match.plugins.readers.locate import USUAL_FOLDERS
from fashion_match.plugins.readers.photo import SHOWN, is_photo
from fashion_match.plugins.readers.record import SPLITS, BadRecord, make_failure, make_item
from fashion_match.plugins.readers.source import existing
from fashion_match.plugins.readers.walk import walk_photos


class FoldersOptions(Options):
    """Options of ``folders``."""

    attribute: str = Field("category", min_length=1, description="attribute that the name of the class folder becomes")
    label: bool = Field(
        False, description="the folder is a label too: say true where each folder shows one style from several sides"
    )


class FoldersReader:
    """Reads a folder of photos, however deep, or a single photo.

    ``skipped`` counts the files passed over because they are no photos.
    """

    def __init__(self, options: FoldersOptions) -> None:
        self._options = options
        self.skipped: Counter[str] = Counter()

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each photo, sorted by path. Raises ReaderError where there is none."""
        root = existing(source)
        self.skipped.clear()
        if not os.path.isdir(root):
            if not is_photo(root):
                raise ReaderError(f"{source!r} is neither a folder nor a photo.", f"Photos end in {SHOWN}.")
            root, name = os.path.split(root)
            photos: Iterable[str | Failure] = [name]
            split_above = None
        else:
            photos = walk_photos(root, self.skipped)
            split_above = SPLITS.get(os.path.basename(root).casefold())
        for found in photos:
            if isinstance(found, Failure):
                yield found
                continue
            try:
                yield self._item(root, found, split_above)
            except BadRecord as error:
                yield make_failure(f"{root}/{found}", error)

    def _item(self, root: str, relative: str, split: str | None) -> Item:
        folders = relative.split("/")[:-1]
        if folders and folders[0].casefold() in SPLITS:
            split = SPLITS[folders.pop(0).casefold()]
        if folders and folders[0].casefold() in USUAL_FOLDERS:  # "images" is no class
            folders.pop(0)
        return make_item(
            id=relative,
            image=Path(f"{root}/{relative}"),
            label="/".join(folders) or None if self._options.label else None,
            split=split,
            attributes={self._options.attribute: folders[0]} if folders else {},
        )
