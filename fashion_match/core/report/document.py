"""An HTML file that needs nothing else: no address, pictures inside, hardly ever a script. What all pages share."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.report.caption import one_line
from fashion_match.core.report.photo import thumbnail

if TYPE_CHECKING:
    from fashion_match.core.item import Box
    from fashion_match.core.report.photo import Photo

PAGE_FORMATS = (".html", ".htm")
THUMB_PX = 480
"""Twice what a phone's width of grid shows, for dense screens."""


def document(
    title: str, body: Iterable[str], *, styles: Iterable[str] = ("page.css",), scripts: Iterable[str] = ()
) -> bytes:
    """Return a whole page.

    Args:
        title: plain text.
        body: lines of HTML, in which all that a catalogue says is escaped already.
        styles: files of this folder, the later ones on top.
        scripts: files of this folder, run after the body. The browser is told their hashes, and runs nothing else:
            neither what an attribute might smuggle in, nor a handler within a tag.
    """
    return "\n".join(_lines(title, body, styles, [_file(name) for name in scripts])).encode("utf-8")


def text(words: str) -> str:
    """Return plain text as HTML, on one line."""
    return escape(one_line(words))


def picture(
    photo: Photo | None, alt: str, *, size_px: int = THUMB_PX, box: Box | None = None, quality: int = 85
) -> str:
    """Return the photo as an ``img`` that carries its own data, or a box that says why there is none.

    Args:
        alt: plain text that stands in for it.
        size_px: of its longer side, at most.
        box: what to show of it, in pixels of the upright photo.
        quality: of the JPEG, 1..95.
    """
    small = thumbnail(photo, size_px, box)
    if isinstance(small, str):
        said = small + (f"<small>{text(photo.name)}</small>" if isinstance(photo, Path) else "")
        return f'<div class="photo missing" role="img" aria-label="{escape(alt)}: {small}"><span>{said}</span></div>'
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=quality, optimize=True)
    return f'<div class="photo">{image("jpeg", buffer.getvalue(), alt, small.size)}</div>'


def data_url(photo: Photo | None, size_px: int, *, box: Box | None = None, quality: int = 75) -> str | None:
    """Return the photo as an address that carries its own data, ``None`` where it cannot be shown."""
    small = thumbnail(photo, size_px, box)
    if isinstance(small, str):
        return None
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=quality, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def json_block(name: str, value: object) -> str:
    """Return data for a script of the page. It is no script itself, so the browser needs no leave to read it.

    ``<`` is written as an escape, so that nothing in it can end the block.
    """
    return f'<script type="application/json" id="{name}">{json.dumps(value).replace("<", chr(92) + "u003c")}</script>'


def image(kind: str, content: bytes, alt: str, size: tuple[int, int]) -> str:
    """Return a picture as an ``img`` that carries its own data.

    Args:
        kind: ``jpeg`` or ``png``.
        size: width and height in pixels, so that nothing moves while the page is loaded.
    """
    data = base64.b64encode(content).decode("ascii")
    return (
        f'<img src="data:image/{kind};base64,{data}" alt="{escape(alt)}" '
        f'width="{size[0]}" height="{size[1]}" decoding="async">'
    )


def _lines(title: str, body: Iterable[str], styles: Iterable[str], scripts: Sequence[str]) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    # Should an attribute ever get past the escaping, the browser still runs and loads nothing that is not ours.
    run = f"; script-src {' '.join(map(_hash, scripts))}" if scripts else ""
    yield (
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'{run}\">"
    )
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{text(title)}</title>"
    yield f"<style>\n{''.join(map(_file, styles))}</style>"
    yield "</head>"
    yield "<body>"
    yield from body
    yield from (f"<script>{script}</script>" for script in scripts)
    yield "</body>"
    yield "</html>"
    yield ""


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"


@cache
def _file(name: str) -> str:
    return files("fashion_match.core.report").joinpath(name).read_text("utf-8")
