"""Results as one HTML file that needs nothing else: no script, no address, pictures inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import caption, one_line
from fashion_match.core.report.document import PAGE_FORMATS as PAGE_FORMATS
from fashion_match.core.report.document import document, picture

if TYPE_CHECKING:
    from fashion_match.core.item import Hit
    from fashion_match.core.report.photo import Photo


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
    noun = "outfit" if any(hit.outfit for hit in hits) else "hit"
    counted = f"1 {noun}" if len(hits) == 1 else f"{len(hits)} {noun}s"
    body = _body(hits, query, one_line(heading), counted, filters, one_line(command))
    write_whole(out, document(f"{heading} · {counted}", body))


def _body(
    hits: Sequence[Hit], query: Photo | None, heading: str, counted: str, filters: Sequence[str], command: str
) -> Iterator[str]:
    yield "<header>"
    if query is not None:
        asked = picture(query, "the photo that was asked with")
        yield f'<figure class="query">{asked}<figcaption>Query</figcaption></figure>'
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
    if any(hit.outfit for hit in hits):
        for n, hit in enumerate(hits):
            yield from _outfit(n + 1, hit)
    elif hits:
        yield '<ol class="grid">'
        for n, hit in enumerate(hits):
            yield from _card(n + 1, hit)
        yield "</ol>"
    else:
        yield '<div class="empty"><p>Nothing matches.</p>'
        yield "<p>Ask with fewer filters, or with another photo.</p></div>"
    yield "</main>"


def _outfit(rank: int, hit: Hit) -> Iterator[str]:
    """Yield an outfit: what speaks for it, then its garments in a row."""
    words = caption(hit)
    yield f'<section class="outfit" aria-label="Outfit {rank}">'
    yield f'<p class="score"><span class="rank">{rank}</span> {escape(words.score)}</p>'
    yield '<ul class="chips" aria-label="Why">'
    for reason in words.why:
        yield f"<li>{escape(reason)}</li>"
    yield "</ul>"
    yield '<ol class="grid">'
    for part in hit.outfit:
        yield from _card(one_line(part.slot or ""), part)
    yield "</ol>"
    yield "</section>"


def _card(rank: int | str, hit: Hit) -> Iterator[str]:
    """Yield a garment; its rank, or the slot that it fills, stands before its score."""
    words = caption(hit)
    yield "<li><figure>"
    yield picture(hit.image, words.alt)
    yield "<figcaption>"
    yield (
        f'<p class="score"><span class="rank">{escape(str(rank))}</span> {escape(words.score)}'
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
