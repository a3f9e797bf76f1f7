"""A map as a page: a point shows its photo when it is pointed at, tapped, or reached with the arrow keys.

The photos are inside, small, and so is the script. Without a script the map is still there, and a point says its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import one_line
from fashion_match.core.report.document import PAGE_FORMATS, data_url, document, json_block, text

if TYPE_CHECKING:
    from fashion_match.core.report.map_point import CollectionMap, Look

STYLES, SCRIPTS = ("page.css", "map.css"), ("map.js",)
PHOTO_PX, QUALITY = 144, 68
"""Of a photo: about 4 kB."""
SIDE, EDGE = 1000, 24
"""Of the drawing, in its own units: the longer side, and the margin."""
SHAPES = {
    "circle": '<circle r="7"/>',
    "square": '<rect x="-6" y="-6" width="12" height="12"/>',
    "triangle": '<path d="M0-8 7.5 6h-15z"/>',
}


SCALES, SMALLEST = ((400, 1.0), (1500, 0.75)), 0.5
"""Of the shapes, by the number of points."""


def map_page(
    shown: CollectionMap, *, out: Path, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Write a map as a page.

    Args:
        on_progress: told how many of the photos are in, and of how many.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    check_output(out, PAGE_FORMATS)
    write_whole(out, document(shown.heading, _body(shown, on_progress), styles=STYLES, scripts=SCRIPTS))


def _body(shown: CollectionMap, on_progress: Callable[[int, int], None]) -> Iterator[str]:
    yield '<header><div class="asked">'
    yield f"<h1>{text(shown.heading)}</h1>"
    yield from (f'<p class="count">{text(note)}</p>' for note in shown.notes)
    yield "</div></header>"
    yield '<main class="map">'
    yield (
        '<div id="plot" class="plot" tabindex="0" role="application" '
        'aria-label="Map: arrow keys go from photo to photo" aria-describedby="how">'
    )
    yield from _drawing(shown)
    yield "</div>"
    yield '<aside class="side">'
    yield '<div id="card" class="card" aria-live="polite">'
    yield '<div class="photo"><img id="photo" alt="" hidden><span id="missing">Point at the map</span></div>'
    yield '<p id="title" class="title"></p><p id="value"></p><p id="id"></p></div>'
    yield from _legend(shown)
    yield "</aside>"
    yield (
        '<p id="how" class="count">Point at a dot or tap it to see its photo; with a keyboard, go to the map with Tab '
        "and from photo to photo with the arrow keys.</p>"
    )
    yield "<noscript><p>Photos are shown by a script, which is off here.</p></noscript>"
    yield "</main>"
    photos = []
    for n, point in enumerate(shown.points, 1):
        photos.append(data_url(point.photo, PHOTO_PX, box=point.box, quality=QUALITY))
        on_progress(n, len(shown.points))
    yield json_block(
        "data",
        [
            {"id": one_line(point.id), "title": one_line(point.title), "value": point.value, "photo": photo}
            for point, photo in zip(shown.points, photos, strict=True)
        ],
    )


def _drawing(shown: CollectionMap) -> Iterator[str]:
    """Yield the points, in their order: the script knows them by it."""
    wide = max((point.x for point in shown.points), default=1.0)
    high = max((point.y for point in shown.points), default=1.0)
    size = f"{wide * SIDE + 2 * EDGE:.0f} {high * SIDE + 2 * EDGE:.0f}"
    yield f'<svg viewBox="0 0 {size}" role="img" aria-label="{text(shown.alt)}">'
    yield "<defs>"
    scale = next((scale for most, scale in SCALES if len(shown.points) <= most), SMALLEST)
    yield from (f'<g id="{name}" transform="scale({scale})">{drawn}</g>' for name, drawn in SHAPES.items())
    yield "</defs>"
    yield '<g stroke-width="1.5">'
    for point in shown.points:
        look = shown.looks[point.look]
        drawn = f'fill="{look.color}" stroke="{look.edge}" data-look="{point.look}"'
        place = f'x="{point.x * SIDE + EDGE:.1f}" y="{(high - point.y) * SIDE + EDGE:.1f}"'
        named = f"{point.title} · {shown.attribute}: {point.value or 'none'}"
        yield (f'<use class="point" href="#{look.shape}" {place} {drawn}><title>{text(named)}</title></use>')
    yield "</g>"
    yield '<circle id="ring" r="14" fill="none" stroke="#16181d" stroke-width="4" visibility="hidden"/>'
    yield "</svg>"


def _legend(shown: CollectionMap) -> Iterator[str]:
    yield f'<h2 id="legend-title">{text(shown.attribute)}</h2>'
    if shown.scale is not None:
        stops = ", ".join(shown.scale.colors[::7])
        yield f'<div class="scale" style="background: linear-gradient(to right, {stops})" aria-hidden="true"></div>'
        yield f'<p class="ends"><span>{shown.scale.low:g}</span><span>{shown.scale.high:g}</span></p>'
        if shown.looks[-1].n:
            yield f'<ul class="legend">{_entry(len(shown.looks) - 1, shown.looks[-1])}</ul>'
        return
    yield '<ul class="legend" aria-labelledby="legend-title">'
    yield from (_entry(number, look) for number, look in enumerate(shown.looks))
    yield "</ul>"


def _entry(number: int, look: Look) -> str:
    """Return a line of the legend, which shows or hides its points."""
    colors = f'fill="{look.color}" stroke="{look.edge}"'
    drawn = f'<svg viewBox="-9 -9 18 18" aria-hidden="true" {colors}>{SHAPES[look.shape]}</svg>'
    return (
        f'<li><button type="button" aria-pressed="true" data-look="{number}">{drawn}'
        f"<span>{text(look.name)}</span> <small>{look.n:,}</small></button></li>"
    )
