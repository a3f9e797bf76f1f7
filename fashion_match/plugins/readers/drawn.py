"""Reader ``drawn``: draws a catalogue of garments, for trying things without data and for tests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from fashion_match import Failure, Item, Options, ReaderError
from fashion_match.plugins.readers.drawing.style import make_style

if TYPE_CHECKING:
    from PIL.Image import Image

FOLDER = "fm-drawn"
MARK = "drawn.json"
"""Says in the folder what was drawn there, so that other drawings do not end up among them."""

VERSION = 1
"""To be raised when the same seed no longer gives the same pictures."""


class DrawnOptions(Options):
    """Options of ``drawn``."""

    n_styles: int = Field(
        120, ge=1, le=1_000_000, description="different garments; the first ones stay when it is raised"
    )
    views: int = Field(4, ge=1, le=100, description="photos of each")
    seed: int = Field(0, description="the same seed draws the same pictures")
    size_px: int = Field(256, ge=32, le=2048, description="side of the pictures")


class DrawnReader:
    """Draws into a folder what is not there yet: ``drawn:FOLDER``, by default ``./fm-drawn``."""

    def __init__(self, options: DrawnOptions) -> None:
        self._options = options

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield the views of one style after the other, each drawn when it is asked for. The style is the label.

        Raises:
            ReaderError: the folder holds something else, or cannot be written.
        """
        name, colon, folder = source.partition(":")
        folder = os.path.abspath((folder if colon and name == "drawn" else source if name != "drawn" else "") or FOLDER)
        self._claim(folder)
        for number in range(1, self._options.n_styles + 1):
            yield from self._style(folder, number)

    def _style(self, folder: str, number: int) -> Iterator[Item]:
        style = make_style(number, self._options.seed)
        garment = None
        for view in range(self._options.views):
            item_id = f"{style.label}_{view + 1}"
            image = f"{folder}/{item_id}.jpg"
            if not os.path.exists(image):
                if garment is None:
                    from fashion_match.plugins.readers.drawing.photo import Garment

                    garment = Garment(style, self._options.size_px)
                _write(image, _jpeg(garment.view(view)))
            yield Item(id=item_id, image=Path(image), label=style.label, attributes=style.attributes)

    def _claim(self, folder: str) -> None:
        """Make sure that ``folder`` is for drawings of this seed and size."""
        options = self._options
        mine = {"drawn_by": "fm", "version": VERSION, "seed": options.seed, "size_px": options.size_px}
        mark = os.path.join(folder, MARK)
        try:
            os.makedirs(folder, exist_ok=True)
            if not os.path.exists(mark) and os.listdir(folder):
                raise ReaderError(f"{folder} holds other things than drawings.", "Name another folder: drawn:FOLDER.")
            if not os.path.exists(mark):
                _write(mark, json.dumps(mine).encode())
            with open(mark, encoding="utf-8") as file:
                found = json.load(file)
        except OSError as error:
            raise ReaderError(
                f"cannot draw into {folder}: {error.strerror}.", "Name another folder: drawn:FOLDER."
            ) from None
        except ValueError:
            found = None
        if found != mine:
            raise ReaderError(
                f"{folder} holds drawings made with other options ({found}).",
                f"Name another folder (drawn:FOLDER), or delete that one; asked for were seed {options.seed}, "
                f"size_px {options.size_px}.",
            )


def _write(path: str, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = f"{path}.{os.getpid()}.part"
    with open(partial, "wb") as file:
        file.write(content)
    os.replace(partial, path)


def _jpeg(photo: Image) -> bytes:
    content = BytesIO()
    photo.save(content, "JPEG", quality=90)
    return content.getvalue()
