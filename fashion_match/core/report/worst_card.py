"""One of the queries that fared worst as pictures: what was asked, what was found, what should have been found."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from fashion_match.core.evaluation import Found, Shown, Worst
from fashion_match.core.item import Hit
from fashion_match.core.report.caption import Caption, caption
from fashion_match.core.report.document import picture, text
from fashion_match.core.report.number import number

PHOTO_PX = 220
QUALITY = 78
"""Of the JPEG. Twenty queries of eight photos each stay below two megabytes."""
VERDICTS = {True: ("right", "✓ right"), False: ("wrong", "✗ wrong"), None: ("neither", "")}
"""How an answer is framed and what is written on it: nobody needs to tell the colors apart."""
MOST_ANSWERS = 5
MOST_EXPECTED = 2


def worst_card(rank: int, worst: Worst, asked: str = "Query") -> Iterator[str]:
    """Yield a query with what was found for it.

    Args:
        asked: what is written on the query.
    """
    yield "<li>"
    yield f'<h3><span class="rank">{rank}</span> {text(worst.said)}</h3>'
    yield '<div class="strip">'
    yield _shown(worst.query, "asked-with", asked, asked.lower())
    for n, found in enumerate(worst.answers[:MOST_ANSWERS], start=1):
        yield _found(n, found)
    for expected in worst.expected[:MOST_EXPECTED]:
        yield _shown(expected, "expected", "Expected", "expected")
    yield "</div>"
    yield "</li>"


def _found(rank: int, found: Found) -> str:
    look, verdict = VERDICTS[found.right]
    said = f"answer {rank}{f', {look}' if verdict else ''}, score {number(found.score)}"
    label = f"{verdict} {found.score:.2f}".lstrip()
    return _shown(found.item, look, label, said)


def _shown(item: Shown, look: str, label: str, said: str) -> str:
    words = _words(item)
    photo = picture(item.image, f"{said}: {words.alt}", size_px=PHOTO_PX, box=item.box, quality=QUALITY)
    below = [f'<span class="what">{escape(words.title)}</span>']
    if item.label is not None:
        below.append(f'<span class="of">{text(item.label)}</span>')
    if words.title != words.id:
        below.append(f'<span class="of">id {escape(words.id)}</span>')
    under = f"<figcaption>{''.join(below)}</figcaption>"
    return f'<figure class="{look}"><b class="verdict">{escape(label)}</b>{photo}{under}</figure>'


def _words(item: Shown) -> Caption:
    return caption(Hit(id=item.id, score=0, image=item.image, label=item.label, attributes=item.attributes))
