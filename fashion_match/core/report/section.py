"""Parts of a page about measurements: tables, intervals as small pictures, diagrams."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from fashion_match.core.report.document import image, text

if TYPE_CHECKING:
    from fashion_match.core.evaluation import Estimate
    from fashion_match.core.report.plot import Plot
    from fashion_match.core.report.table import Table

STYLES = ("page.css", "evaluation.css")
RANGE_PX = 240
"""Width of the scale from 0 to 1."""
WIDE_PX = 1000
"""A diagram of this width has a row of the page for itself."""
PLOT_COLORS = 128
"""Of a diagram on a page: a third of the bytes, and no one sees it."""


def html_table(table: Table, *, mark: str = "", cells: Mapping[tuple[int, int], str] | None = None) -> Iterator[str]:
    """Yield a table that scrolls within itself where the screen is too narrow.

    Args:
        mark: cells that end in it are shown as such.
        cells: HTML in place of the text, by the numbers of row and column.
    """
    given = cells or {}
    yield f'<div class="scroll" role="region" aria-label="{text(table.title)}" tabindex="0"><table>'
    yield "<thead><tr>"
    for column in table.columns:
        yield f'<th scope="col"{_number(column, table)}>{text(column)}</th>'
    yield "</tr></thead>"
    yield "<tbody>"
    for n, row in enumerate(table.rows):
        yield "<tr>"
        for k, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            shown = given.get((n, k)) or text(cell)
            marked = mark and cell.endswith(f" {mark}")
            if marked:
                shown = f'{shown[: -len(mark)]}<b class="mark" title="rests on items that leak">{mark}</b>'
            yield f'<th scope="row">{shown}</th>' if k == 0 else f"<td{_number(column, table)}>{shown}</td>"
        yield "</tr>"
    yield "</tbody></table></div>"
    for line in table.below:
        yield f'<p class="below">{text(line)}</p>'


def range_svg(estimate: Estimate) -> str:
    """Return a share on a scale from 0 to 1, with its interval and a tick at the trivial guess; nothing without both.

    The numbers stand beside it, so it is hidden from those who do not see it.
    """
    ends = [end for end in (estimate.value, estimate.low, estimate.high, estimate.guess) if end is not None]
    if len(ends) < 2 or not all(math.isfinite(end) and 0 <= end <= 1 for end in ends):
        return ""
    parts = [f'<line class="scale" x1="0" x2="{RANGE_PX}" y1="7" y2="7"/>']
    if estimate.low is not None and estimate.high is not None:
        low, high = _at(estimate.low), _at(estimate.high)
        parts.append(f'<rect class="sure" x="{low:.1f}" y="2.5" width="{max(high - low, 1):.1f}" height="9" rx="2"/>')
    if estimate.guess is not None:
        guess = _at(estimate.guess)
        parts.append(f'<line class="guess" x1="{guess:.1f}" x2="{guess:.1f}" y1="2" y2="12"/>')
    value = _at(estimate.value)
    parts.append(f'<line class="value" x1="{value:.1f}" x2="{value:.1f}" y1="1" y2="13"/>')
    size = f'viewBox="-4 0 {RANGE_PX + 8} 14" width="{RANGE_PX + 8}" height="14"'
    return f'<svg class="range" {size} aria-hidden="true" focusable="false">{"".join(parts)}</svg>'


def diagram(plot: Plot) -> str:
    """Return a diagram as a figure of a page."""
    from PIL import Image

    with Image.open(io.BytesIO(plot.png)) as drawn:
        size, few = drawn.size, drawn.convert("RGB").quantize(PLOT_COLORS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    look = "plot wide" if size[0] >= WIDE_PX else "plot"
    return f'<figure class="{look}">{image("png", buffer.getvalue(), plot.alt, size)}</figure>'


def page_head(kind: str, heading: str) -> Iterator[str]:
    """Yield the top of a page, within a frame that is still open."""
    yield '<div class="evaluation">'
    yield '<header><div class="asked">'
    yield f'<p class="count">{text(kind)}</p>'
    yield f"<h1>{text(heading)}</h1>"
    yield "</div></header>"


def notes_list(notes: Sequence[str]) -> Iterator[str]:
    """Yield what a reader must know."""
    if notes:
        yield '<ul class="notes" aria-label="Notes">'
        yield from (f"<li>{text(note)}</li>" for note in notes)
        yield "</ul>"


def facts_list(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield names and values, such as what was measured on what."""
    yield '<dl class="about">'
    for name, value in facts:
        yield f"<div><dt>{escape(name)}</dt><dd>{text(value)}</dd></div>"
    yield "</dl>"


def _number(column: str, table: Table) -> str:
    return ' class="number"' if column in table.numbers else ""


def _at(share: float) -> float:
    return share * RANGE_PX
