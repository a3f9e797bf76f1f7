"""A comparison of evaluations as text, as a diagram and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fashion_match.core.comparison import Comparison, Difference
from fashion_match.core.output import check_output, write_whole
from fashion_match.core.report.caption import one_line, shorten
from fashion_match.core.report.comparison_plot import comparison_plot, named
from fashion_match.core.report.document import PAGE_FORMATS, document, text
from fashion_match.core.report.number import UNKNOWN, counted, interval, number, probability, signed
from fashion_match.core.report.plot import Plot, write_plots
from fashion_match.core.report.section import STYLES, diagram, facts_list, html_table, notes_list, page_head
from fashion_match.core.report.table import Table, facts_text, plain_text

NAME_CHARACTERS = 28
"""Of an evaluation's name above a column."""
PLOT_FILE = "differences.png"


def comparison_text(comparison: Comparison) -> str:
    """Return all of a comparison as text."""
    return "\n".join((*plain_text(comparison_head(comparison), comparison_tables(comparison)), ""))


def comparison_head(comparison: Comparison) -> list[str]:
    """Return the lines above the tables."""
    return facts_text(_heading(comparison), list(_facts(comparison)), comparison.notes)


def comparison_tables(comparison: Comparison) -> list[Table]:
    """Return a table for each two that are compared: their figures, the difference, and what is said of the second."""
    pairs = dict.fromkeys((each.a, each.b) for each in comparison.differences)
    return [_table(a, b, [each for each in comparison.differences if (each.a, each.b) == (a, b)]) for a, b in pairs]


def comparison_plots(comparison: Comparison) -> dict[str, Plot]:
    """Return the diagram by the name of its file; none where there is nothing to draw."""
    plot = comparison_plot(comparison)
    return {PLOT_FILE: plot} if plot else {}


def write_comparison_plots(comparison: Comparison, folder: Path) -> list[Path]:
    """Draw a comparison into ``folder``; return the files.

    Raises:
        UsageError: the folder cannot be written.
    """
    return write_plots(comparison_plots(comparison), folder)


def comparison_page(comparison: Comparison, out: Path) -> None:
    """Write a comparison as a page that needs nothing else.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    check_output(out, PAGE_FORMATS)
    write_whole(out, document(_heading(comparison), _body(comparison), styles=STYLES))


def _body(comparison: Comparison) -> Iterator[str]:
    yield from page_head(f"Comparison · {comparison.protocol}", _heading(comparison))
    yield "<main>"
    yield from notes_list(comparison.notes)
    yield "<section>"
    yield from map(diagram, comparison_plots(comparison).values())
    yield "</section>"
    for table in comparison_tables(comparison):
        last = len(table.columns) - 1
        cells = {
            (n, last): f'<span class="verdict-{row[last]}">{text(row[last])}</span>'
            for n, row in enumerate(table.rows)
            if row[last] in ("better", "worse")
        }
        yield f"<section><h2>{text(table.title)}</h2>"
        yield from html_table(table, cells=cells)
        yield "</section>"
    yield "<section>"
    yield from facts_list(list(_facts(comparison)))
    yield "</section>"
    yield "</main>"
    yield "</div>"


def _heading(comparison: Comparison) -> str:
    return f"Comparison of {', '.join(map(one_line, comparison.names))}"


def _facts(comparison: Comparison) -> Iterator[tuple[str, str]]:
    counts = [counted(comparison.n_queries, "query") + " in common", counted(comparison.n_labels, "label")]
    if comparison.n_left_out:
        counts.append(f"{comparison.n_left_out:,} left out, which not all have")
    yield "protocol", one_line(comparison.protocol)
    yield "counts", ", ".join(counts)
    yield "resampled", one_line(comparison.resampled)


def _table(a: str, b: str, differences: list[Difference]) -> Table:
    rows = (
        (
            shorten(named(each, with_names=False), 60),
            number(each.value_a),
            number(each.value_b),
            signed(each.difference.value),
            interval(each.difference) or UNKNOWN,
            probability(each.p_better),
            each.verdict,
        )
        for each in differences
    )
    names = shorten(a, NAME_CHARACTERS), shorten(b, NAME_CHARACTERS)
    columns = ("figure", *names, "difference", "95 % interval", "P(better)", "verdict")
    return Table(f"{one_line(b)} against {one_line(a)}", columns, tuple(rows), numbers=columns[1:-1])
