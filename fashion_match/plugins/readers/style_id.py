"""Reader ``style-id``: one folder of photos named ``STYLE_ANYTHING.jpg``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from fashion_match import Failure, Item, Options
from fashion_match.plugins.readers.photo import is_photo
from fashion_match.plugins.readers.record import BadRecord, make_failure, make_item
from fashion_match.plugins.readers.source import existing_folder, listing
from fashion_match.plugins.readers.walk import walk_photos


class StyleIdOptions(Options):
    """Options of ``style-id``."""

    min_images: int = Field(
        1, ge=1, description="leave out styles with fewer photos; 2 keeps those that a pair can be made of"
    )


class StyleIdReader:
    """Reads such a folder; folders in it are not entered.

    ``skipped`` counts what was passed over: other files, and the photos of styles with too few of them.
    """

    def __init__(self, options: StyleIdOptions) -> None:
        self._min_images = options.min_images
        self.skipped: Counter[str] = Counter()

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield an item for each photo, labelled with its style. Raises ReaderError where there is none."""
        root = existing_folder(source)
        self.skipped.clear()
        sizes = Counter(filter(None, map(style_of, listing(root)))) if self._min_images > 1 else None
        for found in walk_photos(root, self.skipped, deep=False):
            if isinstance(found, Failure):
                yield found
                continue
            label = style_of(found)
            try:
                if label is None:
                    raise BadRecord("the name has no style before a '_'; expected STYLE_ANYTHING")
                if sizes is not None and sizes[label] < self._min_images:
                    self.skipped[f"photos of styles with fewer than {self._min_images}"] += 1
                    continue
                yield make_item(id=found, image=Path(f"{root}/{found}"), label=label)
            except BadRecord as error:
                yield make_failure(f"{root}/{found}", error, item=found)


def style_of(name: str) -> str | None:
    """Return what stands before the first ``_`` in the name of a photo; ``None`` where nothing does."""
    label, underscore, _ = name.partition("_")
    return label if label and underscore and is_photo(name) else None
