"""Reader ``kaggle-fashion``: *Fashion Product Images*, ``styles.csv`` beside ``images/ID.jpg``."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pydantic import Field

from fashion_match import Failure, Item, Options, ReaderError
from fashion_match.plugins.readers.source import child, existing
from fashion_match.plugins.readers.table import TableOptions, TableReader

TABLE = "styles.csv"

COLUMNS = {"articleType": "category", "baseColour": "color", "productDisplayName": "name"}
"""Its columns that become standard attributes under another name. The other columns keep their own."""


class KaggleFashionOptions(Options):
    """Options of ``kaggle-fashion``."""

    images: str = Field("images", description="folder of the photos, beside styles.csv")


class KaggleFashionReader:
    """Reads the folder that holds ``styles.csv``, or that file."""

    def __init__(self, options: KaggleFashionOptions) -> None:
        self._images = options.images

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each row. Raises ReaderError where there is no ``styles.csv`` or no folder of photos."""
        path = existing(source)
        table = child(path, TABLE) if os.path.isdir(path) else path
        if table is None:
            raise ReaderError(f"there is no {TABLE} in {source!r}.", "Name the folder that holds it.")
        # Some names contain commas that are not quoted; the name is the last column, so it can be put together again.
        options = TableOptions(id="id", map=COLUMNS, images=self._images)
        yield from TableReader(options, join_overflow=True, extension=".jpg").read(table)
