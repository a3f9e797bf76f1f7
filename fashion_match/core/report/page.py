"""Results as one HTML file that needs nothing else: no script, no address, pictures inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import caption, one_line
from fashion_match.core.report.photo import thumbnail

if TYPE_CHECKING:
    from fashion_match.core.item import Hit
    from fashion_match.core.report.photo import Photo

PAGE_FORMATS = (".html", ".htm")
THUMB_PX = 480
"""Twice what a phone's width of grid shows, for dense screens."""


def html_page(
    hits: Sequence[Hit], *, query: Photo | None, heading: str, filters: Sequence[str] = (), out: Path, command: str = ""
) -> None:
    """Write ``hits``, best first, as a page.

    Args:
        query: the photo that was asked with, or ``None`` for a query by attributes.
        filters: conditions that every hit fulfils, each as text.
        command: what was typed, shown so that it can be typed again.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    check_output(out, PAGE_FORMATS)
    page = "\n".join(_page(hits, query, one_line(heading), filters, one_line(command)))
    write_whole(out, page.encode("utf-8"))


def _page(
    hits: Sequence[Hit], query: Photo | None, heading: str, filters: Sequence[str], command: str
) -> Iterator[str]:
    counted = "1 hit" if len(hits) == 1 else f"{len(hits)} hits"
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    # Should an attribute ever get past the escaping, the browser still runs and loads nothing.
    yield (
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
    )
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{escape(heading)} · {counted}</title>"
    yield f"<style>\n{_style()}</style>"
    yield "</head>"
    yield "<body>"
    yield "<header>"
    if query is not None:
        picture = _picture(query, "the photo that was asked with")
        yield f'<figure class="query">{picture}<figcaption>Query</figcaption></figure>'
    yield '<div class="asked">'
    yield f"<h1>{escape(heading)}</h1>"
    yield f'<p class="count">{counted}</p>'
    if filters:
        yield '<ul class="chips" aria-label="Filters">'
        for condition in filters:
            yield f"<li>{escape(one_line(condition))}</li>"
        yield "</ul>"
    if command:
        yield f"<pre><code>{escape(command)}</code></pre>"
    yield "</div>"
    yield "</header>"
    yield "<main>"
    if hits:
        yield '<ol class="grid">'
        for n, hit in enumerate(hits):
            yield from _card(n + 1, hit)
        yield "</ol>"
    else:
        yield '<div class="empty"><p>Nothing matches.</p>'
        yield "<p>Ask with fewer filters, or with another photo.</p></div>"
    yield "</main>"
    yield "</body>"
    yield "</html>"
    yield ""


def _card(rank: int, hit: Hit) -> Iterator[str]:
    words = caption(hit)
    yield "<li><figure>"
    yield _picture(hit.image, words.alt)
    yield "<figcaption>"
    yield (
        f'<p class="score"><span class="rank">{rank}</span> {escape(words.score)}'
        f'<span class="bar" aria-hidden="true"><i style="width:{words.fraction:.1%}"></i></span></p>'
    )
    yield f"<h2>{escape(words.title)}</h2>"
    if words.facts:
        yield f'<p class="facts">{escape(" · ".join(words.facts))}</p>'
    if words.why:
        yield '<ul class="chips why" aria-label="What agrees">'
        for reason in words.why:
            yield f"<li>{escape(reason)}</li>"
        yield "</ul>"
    yield f"<details><summary><span>id {escape(words.id)}</span></summary><dl>"
    for key, value in words.details:
        yield f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl></details>" if words.details else "<div><dd>no attributes</dd></div></dl></details>"
    yield "</figcaption></figure></li>"


def _picture(photo: Photo | None, alt: str) -> str:
    """Return the photo as an ``img`` that carries its own data, or a box that says why there is none."""
    small = thumbnail(photo, THUMB_PX)
    if isinstance(small, str):
        said = small + (f"<small>{escape(one_line(photo.name))}</small>" if isinstance(photo, Path) else "")
        return f'<div class="photo missing" role="img" aria-label="{escape(alt)}: {small}"><span>{said}</span></div>'
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85, optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<div class="photo"><img src="data:image/jpeg;base64,{data}" alt="{escape(alt)}" '
        f'width="{small.width}" height="{small.height}" decoding="async"></div>'
    )


@cache
def _style() -> str:
    return files("fashion_match.core.report").joinpath("page.css").read_text("utf-8")
