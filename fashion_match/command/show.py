"""Printing: results on standard output, everything else that is for people on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import typer
from pydantic import BaseModel

from fashion_match.core.report.table import plain_table, width

if TYPE_CHECKING:
    from fashion_match.core.report.table import Table


def say(line: str) -> None:
    """Tell people something that is not the result."""
    typer.echo(line, err=True)


def tell(line: str = "") -> None:
    """Print a line of the result."""
    typer.echo(line)


def as_json(result: Any) -> None:
    """Print one JSON object on one line."""
    if isinstance(result, BaseModel):
        typer.echo(result.model_dump_json())
    else:
        typer.echo(json.dumps(result, ensure_ascii=False, default=str))


def as_json_lines(results: Iterable[Any]) -> None:
    """Print one JSON object a line, as they come."""
    for result in results:
        as_json(result)


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[str] = (),
    whole: Sequence[str] = (),
    wrapped: Sequence[str] = (),
) -> None:
    """Print a table, fitted to the terminal; with all its text on one line a row where the output is not one.

    Args:
        numbers: columns that are aligned to the right.
        whole: columns that are never shortened, such as an id that is to be copied.
        wrapped: columns that run over several lines instead of being shortened.
    """
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _fitted(columns, texts, numbers, whole, wrapped)
    else:
        # Without rich, which takes a tenth of a query by attributes to import.
        for line in plain_table(columns, texts, numbers):
            tell(line)


def _fitted(
    columns: Sequence[str], rows: list[list[str]], numbers: Sequence[str], whole: Sequence[str], wrapped: Sequence[str]
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False)
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    widths = [max(map(width, column)) for column in zip(columns, *rows, strict=True)]
    if not wrapped:
        _shorten(widths, console.width - 3 * (len(columns) - 1), [n for n, c in enumerate(columns) if c not in whole])
    for name, room in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if name in numbers else "left"
        if name in wrapped:
            grid.add_column(name, justify=justify, overflow="fold")
        else:
            grid.add_column(name, justify=justify, overflow="ellipsis", no_wrap=True, width=room)
    for row in rows:
        # Text, not str: a cell that looks like rich's markup, such as "[red]", must come out as it is.
        grid.add_row(*map(Text, row))
    console.print(grid)


def _shorten(widths: list[int], room: int, columns: list[int]) -> None:
    """Make the widest of ``columns`` narrower until all fit into ``room``, but none narrower than a short word."""
    while sum(widths) > room:
        widest = max(columns, key=lambda n: widths[n], default=None)
        if widest is None or widths[widest] <= SHORT:
            return
        widths[widest] -= 1


SHORT = 6
"""Characters below which a shortened cell says nothing any more."""


def report(head: Iterable[str], tables: Iterable[Table]) -> None:
    """Print the lines above and the tables of a report, each under its title."""
    for line in head:
        tell(line)
    for one in tables:
        tell()
        tell(one.title)
        table(one.columns, one.rows, numbers=one.numbers, whole=one.numbers)  # half a number says something else
        for line in one.below:
            tell(line)


def plural(n: int, noun: str) -> str:
    """Return ``1 item``, ``8,000 items``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def is_terminal() -> bool:
    """Whether a person watches standard error, and so would like a progress bar."""
    return sys.stderr.isatty()
