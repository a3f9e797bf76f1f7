"""Which files are photos: told by their names, so that a folder of thousands is listed without opening one."""

from __future__ import annotations

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
"""In the order in which they are tried where a source names a photo without one."""

SHOWN = ", ".join(EXTENSIONS)


def is_photo(name: str) -> bool:
    """Whether a file of this name is taken for a photo."""
    return name.lower().endswith(EXTENSIONS)


def stem(name: str) -> str:
    """Return the file name without its extension."""
    return name.rpartition(".")[0]
