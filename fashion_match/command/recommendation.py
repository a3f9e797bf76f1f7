"""How ``fm recommend`` prints its hits: every one with its reason, outfits one below the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fashion_match.command import option, show
from fashion_match.core.report.because import because

if TYPE_CHECKING:
    from fashion_match.core.item import Hit
    from fashion_match.core.query import Answer


def print_recommendations(answer: Answer, heading: str) -> None:
    """Print single garments as a table."""
    show.tell(heading)
    columns = [name for name in option.SHOWN if any(name in hit.attributes for hit in answer)]
    filtered = {condition.key for condition in answer.where.conditions}
    rows = [[f"{hit.score:.3f}", hit.id, *_cells(hit, columns), because(hit, filtered)] for hit in answer]
    if rows:
        first = ("score", "id")
        show.table((*first, *columns, "why"), rows, numbers=("score", "price"), whole=(*first, "why"))


def print_outfits(answer: Answer, heading: str) -> None:
    """Print outfits as rows of one table: first what speaks for the outfit, then its garments."""
    show.tell(heading)
    garments = [part for hit in answer for part in hit.outfit]
    columns = [name for name in option.SHOWN if any(name in part.attributes for part in garments)]
    first = ("outfit", "score", "slot", "id")
    filtered = {condition.key for condition in answer.where.conditions}
    rows = [row for n, hit in enumerate(answer, start=1) for row in _outfit_rows(n, hit, columns, filtered)]
    show.table((*first, *columns, "why"), rows, numbers=("outfit", "score", "price"), whole=(*first, "why"))


def _outfit_rows(n: int, hit: Hit, columns: list[str], filtered: set[str]) -> Iterator[list[str]]:
    yield [f"{n}", f"{hit.score:.3f}", "", "", *[""] * len(columns), because(hit, filtered)]
    for part in hit.outfit:
        yield ["", f"{part.score:.3f}", part.slot or "", part.id, *_cells(part, columns), because(part, filtered)]


def _cells(hit: Hit, columns: list[str]) -> list[str]:
    values = (hit.attributes.get(name) for name in columns)
    return [
        "" if v is None else ", ".join(v) if isinstance(v, list) else f"{v:g}" if isinstance(v, float) else str(v)
        for v in values
    ]
