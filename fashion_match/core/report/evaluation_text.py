"""An evaluation as text: a head and tables, printed on a terminal and kept as ``report.txt``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from fashion_match.core.evaluation import ClassRow, Confusion, Estimate, Evaluation, FilterRow, Group, Leak
from fashion_match.core.report.caption import one_line, shorten
from fashion_match.core.report.fact import facts, leak_words
from fashion_match.core.report.number import UNKNOWN, has_interval, interval, number
from fashion_match.core.report.table import Table, facts_text, plain_text

Row = TypeVar("Row")

MARK = "!"
LEGEND = f"{MARK} rests on items that leak"
MOST_ROWS = 15
"""Of a table of groups or classes; the others are in ``report.json``."""
MOST_CHARACTERS = 48
"""Of a value of an attribute, which can be a whole description."""
MOST_CLASSES = 10
"""Of a confusion matrix as text; a larger one is a picture."""
SCORES = 3
"""Figures of a group that a table has room for."""


def evaluation_text(evaluation: Evaluation) -> str:
    """Return all of an evaluation that is text, as ``report.txt`` holds it."""
    return "\n".join((*plain_text(evaluation_head(evaluation), evaluation_tables(evaluation)), ""))


def evaluation_head(evaluation: Evaluation) -> list[str]:
    """Return the lines above the tables: heading, facts, leaks, and the notes that a reader must know."""
    words = leak_words(evaluation.leaks)
    mark = f"{MARK} " if words.state == "marked" else ""
    leaks = (mark + words.headline, *words.details, *(f"not looked at: {line}" for line in words.unknown))
    pairs = [*facts(evaluation), *(("leaks" if n == 0 else "", line) for n, line in enumerate(leaks))]
    return facts_text(evaluation.heading, pairs, evaluation.notes)


def evaluation_tables(evaluation: Evaluation, *, most_rows: int | None = MOST_ROWS) -> list[Table]:
    """Return the figures, the draws, the groups, the classes and the filters; only what there is.

    Args:
        most_rows: of a table of groups or classes, ``None`` for all.
    """
    mark = f" {MARK}" if evaluation.leaks.marked else ""
    tables = [figure_table(evaluation.figures, mark)]
    if evaluation.draws:
        tables.append(draw_table(evaluation.draws, mark))
    tables += [class_table(name, rows, mark, most_rows) for name, rows in evaluation.classes.items()]
    tables += [
        confusion_table(name, confusion)
        for name, confusion in evaluation.confusion.items()
        if 0 < len(confusion.classes) <= MOST_CLASSES
    ]
    tables += [group_table(name, groups, mark, most_rows) for name, groups in evaluation.groups.items()]
    if evaluation.filters:
        tables.append(filter_table(evaluation.filters, mark))
    if evaluation.leaks.marked and evaluation.leaks.examples:
        tables.append(leak_table(evaluation.leaks.examples, most_rows))
    return [table for table in tables if table.rows]


def figure_table(figures: Mapping[str, Estimate], mark: str = "") -> Table:
    """Return each figure with its interval and what a trivial guess gets; columns without any are left out."""
    columns = {
        "figure": [one_line(name) for name in figures],
        "value": [number(figure.value) + mark for figure in figures.values()],
        "95 % interval": [interval(figure) for figure in figures.values()],
        "trivial guess": [number(figure.guess) if figure.guess is not None else "" for figure in figures.values()],
    }
    kept = {name: cells for name, cells in columns.items() if any(cells) or name in ("figure", "value")}
    return Table(
        "Figures",
        tuple(kept),
        tuple(zip(*kept.values(), strict=True)),
        numbers=("value", "95 % interval", "trivial guess"),
        below=(LEGEND,) if mark else (),
    )


def draw_table(draws: Sequence[Mapping[str, float]], mark: str = "") -> Table:
    """Return a row for each draw of pairs."""
    names = list(dict.fromkeys(name for draw in draws for name in draw))
    rows = (
        (f"{n:,}", *(number(draw[name]) + mark if name in draw else UNKNOWN for name in names))
        for n, draw in enumerate(draws, start=1)
    )
    columns = ("draw", *map(one_line, names))
    return Table("Draws", columns, tuple(rows), numbers=columns)


def class_table(name: str, rows: Sequence[ClassRow], mark: str = "", most_rows: int | None = MOST_ROWS) -> Table:
    """Return the classification report: the classes with the most items first."""
    shown, below = _most(sorted(rows, key=lambda row: -row.n), most_rows, "classes")
    cells = tuple(
        (value_text(row.value), f"{row.n:,}", *(number(x) + mark for x in (row.precision, row.recall, row.f1)))
        for row in shown
    )
    columns = (one_line(name), "items", "precision", "recall", "F1")
    return Table(f"Classes of {one_line(name)}", columns, cells, numbers=columns[1:], below=below)


def confusion_table(name: str, confusion: Confusion) -> Table:
    """Return what was taken for what, a row for each true class."""
    names = tuple(map(value_text, confusion.classes))
    rows = ((value, *(f"{n:,}" for n in counts)) for value, counts in zip(names, confusion.counts, strict=True))
    columns = ("is", *(f"taken for {value}" for value in names))
    return Table(f"Confusion of {one_line(name)}", columns, tuple(rows), numbers=columns[1:])


def group_table(name: str, groups: Sequence[Group], mark: str = "", most_rows: int | None = MOST_ROWS) -> Table:
    """Return the figures by value of an attribute, most queries first; the first figure with its interval."""
    names = list(dict.fromkeys(figure for group in groups for figure in group.figures))[:SCORES]
    shown, below = _most(sorted(groups, key=lambda group: -group.n_queries), most_rows, "values")
    has = [figure for group in groups for figure in (group.figures.get(names[0]) if names else None,) if figure]
    with_interval, with_guess = any(map(has_interval, has)), any(figure.guess is not None for figure in has)
    columns = [one_line(name), "queries", *map(one_line, names)]
    at = 3
    if with_interval:
        columns.insert(at, "95 % interval")
        at += 1
    if with_guess:
        columns.insert(at, "trivial guess")

    def cells(group: Group) -> Iterator[str]:
        yield value_text(group.value)
        yield f"{group.n_queries:,}"
        for n, figure_name in enumerate(names):
            figure = group.figures.get(figure_name)
            yield UNKNOWN if figure is None else number(figure.value) + mark
            if n == 0 and with_interval:
                yield "" if figure is None else interval(figure)
            if n == 0 and with_guess:
                yield "" if figure is None or figure.guess is None else number(figure.guess)

    rows = tuple(tuple(cells(group)) for group in shown)
    return Table(f"By {one_line(name)}", tuple(columns), rows, numbers=tuple(columns[1:]), below=below)


def filter_table(filters: Sequence[FilterRow], mark: str = "") -> Table:
    """Return index against exact search, the filter that leaves the most items first."""
    rows = tuple(
        (
            value_text(row.filter),
            number(row.share),
            f"{row.n_matching:,}",
            number(row.recall.value) + mark,
            interval(row.recall),
            *map(number, (row.index_ms, row.index_p99_ms, row.exact_ms, row.exact_p99_ms)),
        )
        for row in sorted(filters, key=lambda row: -row.share)
    )
    columns = ("filter", "share", "items", "recall", "95 % interval", "index ms", "index p99", "exact ms", "exact p99")
    return Table("Index against exact search", columns, rows, numbers=columns[1:])


def leak_table(leaks: Sequence[Leak], most_rows: int | None = MOST_ROWS) -> Table:
    """Return examples of items that stand on both sides."""
    shown, below = _most(leaks, most_rows, "examples")
    rows = tuple(
        (
            value_text(leak.item),
            leak.kind,
            value_text(leak.other),
            value_text(leak.side),
            value_text(leak.label) if leak.label is not None else "",
            number(leak.difference) if leak.difference is not None else "",
        )
        for leak in shown
    )
    columns = ("tested item", "leaks by", "other item", "which is", "label", "difference")
    return Table("Examples of leaks", columns, rows, numbers=columns[-1:], below=below)


def value_text(value: str) -> str:
    """Return a value of an attribute, short enough for a table or an axis."""
    return shorten(value, MOST_CHARACTERS) or "(empty)"


def _most(rows: Sequence[Row], most: int | None, noun: str) -> tuple[Sequence[Row], tuple[str, ...]]:
    if most is None or len(rows) <= most:
        return rows, ()
    return rows[:most], (f"and {len(rows) - most:,} more {noun} in report.json",)
