"""Strips as a page: a table with a row for each query, for eyes and for ears."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import one_line
from fashion_match.core.report.document import PAGE_FORMATS, document, picture, text
from fashion_match.core.report.strip import Shown, Strip, tally

STYLES = ("page.css", "strip.css")
PHOTO_PX = 240


def strip_page(strips: Sequence[Strip], *, heading: str, out: Path, notes: Sequence[str] = ()) -> None:
    """Write strips as a page.

    Args:
        notes: what a reader must know, a line each.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    check_output(out, PAGE_FORMATS)
    write_whole(out, document(one_line(heading), _body(strips, heading, notes), styles=STYLES))


def _body(strips: Sequence[Strip], heading: str, notes: Sequence[str]) -> Iterator[str]:
    yield '<header><div class="asked">'
    yield f"<h1>{text(heading)}</h1>"
    yield f'<p class="count">{text(tally(strips) or f"{len(strips)} queries")}</p>'
    yield from (f'<p class="count">{text(note)}</p>' for note in notes)
    yield "</div></header>"
    yield "<main>"
    if not strips:
        yield '<div class="empty"><p>Nothing to show.</p></div>'
    else:
        yield '<div class="scroll" role="region" aria-label="Queries and what was found" tabindex="0">'
        yield from _table(strips)
        yield "</div>"
    yield "</main>"


def _table(strips: Sequence[Strip]) -> Iterator[str]:
    has_answers = any(strip.answer is not None for strip in strips)
    n_hits = max(len(strip.hits) for strip in strips)
    yield '<table class="strips">'
    yield '<thead><tr><th scope="col">Query</th>'
    if has_answers:
        yield '<th scope="col">Right answer</th>'
    yield from (f'<th scope="col">{n}</th>' for n in range(1, n_hits + 1))
    yield "</tr></thead><tbody>"
    for strip in strips:
        yield f'<tr><th scope="row" class="asked-with">{_figure(strip.query, "query", strip.label)}</th>'
        if has_answers:
            shown = _figure(strip.answer, "right answer") if strip.answer is not None else "<p>none</p>"
            yield f"<td>{shown}</td>"
        for n in range(n_hits):
            yield f"<td>{_figure(strip.hits[n], f'found at {n + 1}') if n < len(strip.hits) else ''}</td>"
        yield "</tr>"
    yield "</tbody></table>"


def _figure(shown: Shown, what: str, label: str = "") -> str:
    verdict = "" if shown.right is None else "right" if shown.right else "wrong"
    score = "" if shown.score is None else f"{shown.score:.3f}"
    said = ", ".join(filter(None, [what, verdict, score and f"score {score}"]))
    photo = picture(shown.photo, f"{said}: {one_line(shown.title)}", size_px=PHOTO_PX, box=shown.box)
    mark = {"right": "✓ right", "wrong": "✗ wrong"}.get(verdict, "")
    badge = f'<b class="verdict">{mark}</b>' if mark else ""
    words = f'<p class="score">{score} {badge}</p>' if score or badge else ""
    named = f"<p><b>{text(label)}</b></p>" if label else ""
    kind = f' class="{verdict}"' if verdict else ""
    return f"<figure{kind}>{photo}<figcaption>{words}{named}<p>{text(shown.title)}</p></figcaption></figure>"
