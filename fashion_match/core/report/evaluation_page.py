"""An evaluation as a page: what was measured on what, how sure it is, diagrams, and the worst queries as pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fashion_match.core.evaluation import Evaluation, Group
from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import shorten
from fashion_match.core.report.document import PAGE_FORMATS, document, text
from fashion_match.core.report.evaluation_plot import evaluation_plots
from fashion_match.core.report.evaluation_text import (
    MARK,
    class_table,
    draw_table,
    figure_table,
    filter_table,
    group_table,
    leak_table,
)
from fashion_match.core.report.fact import facts, leak_words
from fashion_match.core.report.number import counted, number
from fashion_match.core.report.plot import Plot
from fashion_match.core.report.section import STYLES, diagram, facts_list, html_table, notes_list, page_head, range_svg
from fashion_match.core.report.table import Table
from fashion_match.core.report.worst_card import worst_card

MOST_ROWS = 100
"""Of a table on the page; the others are in ``report.json``."""
MOST_WORST = 20
ASKED_WITH = {"pairs": "Pair", "classify": "Item"}
"""What is written on the query of a protocol, where it is none."""
SCALE = "On the scale from 0 to 1: the value, its 95 % interval, and the trivial guess as a tick."


def evaluation_page(evaluation: Evaluation, out: Path, *, plots: Mapping[str, Plot] | None = None) -> None:
    """Write an evaluation as a page that needs nothing else.

    Args:
        plots: its diagrams as `evaluation_plots` gives them, where they are drawn already.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    check_output(out, PAGE_FORMATS)
    body = _body(evaluation, evaluation_plots(evaluation) if plots is None else plots)
    write_whole(out, document(evaluation.heading, body, styles=STYLES))


def _body(evaluation: Evaluation, plots: Mapping[str, Plot]) -> Iterator[str]:
    mark = f" {MARK}" if evaluation.leaks.marked else ""
    yield from page_head(f"Evaluation · {evaluation.protocol}", evaluation.heading)
    yield "<main>"
    yield from leak_banner(evaluation)
    if evaluation.figures:
        yield from _figures(evaluation, mark)
    yield from notes_list(evaluation.notes)
    yield '<section aria-label="About">'
    yield from facts_list(list(facts(evaluation)))
    yield "</section>"
    yield "<section>"
    yield from _diagrams((plot for plot in plots.values() if plot.part is None), "Diagrams")
    yield "</section>"
    yield from _parts(evaluation, plots, mark)
    yield from _worst(evaluation)
    yield "</main>"
    yield "</div>"


def leak_banner(evaluation: Evaluation) -> Iterator[str]:
    """Yield what is known of leaks: an alarm, a calm line, or that nothing is known."""
    words = leak_words(evaluation.leaks)
    sign = {"marked": "!", "clean": "✓", "unknown": "?"}[words.state]
    yield f'<section class="leaks {words.state}" aria-label="Leaks">'
    yield f'<p class="headline"><b class="sign" aria-hidden="true">{sign}</b> {text(words.headline)}</p>'
    lines = [*words.details, *(f"not looked at: {line}" for line in words.unknown)]
    if lines:
        yield "<ul>"
        for line in lines:
            yield f"<li>{text(line)}</li>"
        yield "</ul>"
    if evaluation.leaks.examples:
        table = leak_table(evaluation.leaks.examples, MOST_ROWS)
        yield f"<details><summary>{counted(len(evaluation.leaks.examples), 'example')}</summary>"
        yield from html_table(table)
        yield "</details>"
    yield "</section>"


def _figures(evaluation: Evaluation, mark: str) -> Iterator[str]:
    table = figure_table(evaluation.figures, mark)
    scales = [range_svg(figure) for figure in evaluation.figures.values()]
    at = len(table.columns)
    if any(scales):
        rows = tuple((*row, "") for row in table.rows)
        table = replace(table, columns=(*table.columns, "0 to 1"), rows=rows, below=(*table.below, SCALE))
    yield "<section>"
    yield "<h2>Figures</h2>"
    yield from html_table(table, mark=MARK, cells={(n, at): scale for n, scale in enumerate(scales)})
    yield "</section>"


def _diagrams(plots: Iterable[Plot], title: str = "") -> Iterator[str]:
    shown = list(map(diagram, plots))
    if shown:
        yield f"<h2>{title}</h2>" if title else ""
        yield f'<div class="plots">{"".join(shown)}</div>'


def _parts(evaluation: Evaluation, plots: Mapping[str, Plot], mark: str) -> Iterator[str]:
    """Yield what there is beside the figures: each part with its diagrams and its table."""

    def of(*parts: tuple[str, str]) -> list[Plot]:
        return [plot for plot in plots.values() if plot.part in parts]

    for name in dict.fromkeys((*evaluation.confusion, *evaluation.classes)):
        yield f"<section><h2>{text(f'Classes of {name}')}</h2>"
        yield from _diagrams(of(("confusion", name), ("classes", name)))
        if evaluation.classes.get(name):
            yield from _folded(class_table(name, evaluation.classes[name], mark, MOST_ROWS))
        yield "</section>"
    if evaluation.draws:
        yield "<section><h2>Draws</h2>"
        yield from _folded(draw_table(evaluation.draws, mark))
        yield "</section>"
    if evaluation.filters:
        yield "<section><h2>Index against exact search</h2>"
        yield from html_table(filter_table(evaluation.filters, mark), mark=MARK)
        yield "</section>"
    if evaluation.groups:
        yield "<section><h2>By attribute</h2>"
        for n, (name, groups) in enumerate(evaluation.groups.items()):
            table = group_table(name, groups, mark, MOST_ROWS)
            yield f"<details{' open' if n == 0 else ''}><summary>{text(_spread(name, groups))}</summary>"
            yield from _diagrams(of(("groups", name)))
            yield from html_table(table, mark=MARK)
            yield "</details>"
        yield "</section>"


def _folded(table: Table) -> Iterator[str]:
    yield f"<details><summary>{text(table.title)}: {counted(len(table.rows), 'row')}</summary>"
    yield from html_table(table, mark=MARK)
    yield "</details>"


def _spread(name: str, groups: Sequence[Group]) -> str:
    """Return a line that tells whether the groups are worth looking at."""
    figure = next((each for group in groups for each in group.figures), "")
    found = [(group.figures[figure].value, group.value) for group in groups if figure in group.figures]
    found = sorted(each for each in found if math.isfinite(each[0]))
    values = f"{name}: {counted(len(groups), 'value')}"
    if len(found) < 2:
        return values
    (low, worst), (high, best) = found[0], found[-1]
    return f"{values}, {figure} {number(low)} ({shorten(worst, 30)}) to {number(high)} ({shorten(best, 30)})"


def _worst(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.worst:
        return
    shown = evaluation.worst[:MOST_WORST]
    small = all(len(each.answers) + len(each.expected) <= 1 for each in shown)
    yield "<section>"
    yield f"<h2>The {len(shown)} that fared worst</h2>"
    yield f'<ol class="worst{" small" if small else ""}">'
    for rank, each in enumerate(shown, start=1):
        yield from worst_card(rank, each, ASKED_WITH.get(evaluation.protocol, "Query"))
    yield "</ol>"
    yield "</section>"
