"""A table as words: what the terminal, the text file and the page have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import combining, east_asian_width

from fashion_match.core.report.caption import one_line


@dataclass(frozen=True)
class Table:
    """Cells that are texts already. Every row has a cell for each column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()
    """Columns that are aligned to the right."""
    below: tuple[str, ...] = ()
    """Lines to print beneath: what a sign means, how many rows were left out."""


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()) -> list[str]:
    """Return the lines of a table with whole cells under each other, each row on one line.

    Args:
        numbers: columns that are aligned to the right.
    """
    lines = [list(columns), *(["; ".join(cell.splitlines()) for cell in row] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * wide for wide in widths])
    right = [name in numbers for name in columns]
    return ["  ".join(map(_pad, line, widths, right)).rstrip() for line in lines]


def width(text: str) -> int:
    """Return how many places of a terminal ``text`` takes: Chinese, Japanese and Korean characters take two."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def plain_text(head: Sequence[str], tables: Sequence[Table]) -> Iterator[str]:
    """Yield the lines of a text file: a head, then each table under its title."""
    yield from head
    for table in tables:
        yield ""
        yield table.title
        yield ""
        yield from plain_table(table.columns, table.rows, table.numbers)
        yield from table.below


def facts_text(heading: str, facts: Sequence[tuple[str, str]], notes: Sequence[str]) -> list[str]:
    """Return the head of a text file: what it is about, facts under each other, and what must be known.

    Args:
        facts: names and values, all on one line; a name may be empty where a value goes on.
    """
    wide = max((len(name) for name, _ in facts), default=0)
    lines = [one_line(heading), "", *(f"{name:<{wide}}  {value}".rstrip() for name, value in facts)]
    return [*lines, "", *(f"Note: {one_line(note)}" for note in notes)] if notes else lines


def _pad(cell: str, wide: int, to_the_right: bool) -> str:
    room = " " * (wide - width(cell))
    return room + cell if to_the_right else cell + room
