"""The cells of a study as a table: before and after for each backbone and weights, tested, and said in a sentence."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from fashion_match.core.evaluate.study_statistic import (
    LEVEL,
    MeanInterval,
    WelchTest,
    holm,
    mean_interval,
    relative_improvement,
    welch,
)

if TYPE_CHECKING:
    from fashion_match.core.train.study_cell import StudyCell

WAYS = {"kept": "the label-free stop", "oracle": "the oracle"}
"""How the epoch is chosen that stands for "after"."""


@dataclass(frozen=True)
class After:
    """The errors at the epochs that were chosen in one way, beside those before."""

    error: MeanInterval
    improvement: float | None
    """Mean over repeats of (before - after) / before."""
    test: WelchTest
    p: float | None = None
    """Of the test, corrected over the rows of the study."""


@dataclass(frozen=True)
class StudyRow:
    """All repeats of a backbone with its weights."""

    backbone: str
    weights: str
    n_done: int
    n_failed: int
    reason: str = ""
    """Why cells failed, the first of them."""
    before: MeanInterval | None = None
    kept: After | None = None
    oracle: After | None = None
    last: MeanInterval | None = None
    n_kept_start: int = 0
    """Repeats in which no epoch was chosen rather than the start."""
    seconds: float | None = None
    """Of a cell; the median."""


def summarize(cells: Sequence[StudyCell]) -> list[StudyRow]:
    """Return a row for each backbone and weights, in the order in which they come first, with corrected tests."""
    groups: dict[tuple[str, str], list[StudyCell]] = {}
    for cell in cells:
        groups.setdefault((cell.backbone, cell.weights), []).append(cell)
    rows = [_row(*name, group) for name, group in groups.items()]
    for way in WAYS:
        found: list[After | None] = [getattr(row, way) for row in rows]
        corrected = holm([after.test.p if after is not None else None for after in found])
        rows = [
            row if after is None else replace(row, **{way: replace(after, p=p)})  # type: ignore[arg-type]
            for row, after, p in zip(rows, found, corrected, strict=True)
        ]
    return rows


def _row(backbone: str, weights: str, cells: Sequence[StudyCell]) -> StudyRow:
    done = [cell for cell in cells if cell.state == "done"]
    failed = [cell for cell in cells if cell.state == "failed"]
    row = StudyRow(backbone, weights, len(done), len(failed), failed[0].reason if failed else "")
    if not done:
        return row
    before = [cell.errors[0] for cell in done]
    return replace(
        row,
        before=mean_interval(before),
        kept=_after(before, [cell.errors[cell.kept] for cell in done]),
        oracle=_after(before, [cell.errors[cell.oracle] for cell in done]),
        last=mean_interval([cell.errors[-1] for cell in done]),
        n_kept_start=sum(cell.kept == 0 for cell in done),
        seconds=round(median(cell.seconds for cell in done), 3),
    )


def _after(before: Sequence[float], after: Sequence[float]) -> After:
    return After(mean_interval(after), relative_improvement(before, after), welch(before, after))


def sentences(rows: Sequence[StudyRow], *, by_labels: bool) -> list[str]:
    """Say in plain words what the tests found.

    Args:
        by_labels: the epochs that a run keeps are chosen with the labels of held-out items.
    """
    lines = []
    for way, name in WAYS.items():
        if way == "kept" and by_labels:
            name = "the run's own choice (by the labels of held-out items)"
        found = [(row, after) for row in rows if (after := getattr(row, way)) is not None]
        tested = [(row, after) for row, after in found if after.p is not None]
        sure = [(row, after) for row, after in tested if after.p < 1 - LEVEL]
        better = [row for row, after in sure if row.before is not None and after.error.mean < row.before.mean]
        worse = [row for row, after in sure if row.before is not None and after.error.mean > row.before.mean]
        line = (
            f"After {name}, {len(better)} of {len(found)} rows are better than before{_names(better)}, {len(worse)} "
            f"worse{_names(worse)} (Welch's t-test, p < {1 - LEVEL:.2g} after Holm's correction over {len(tested)})."
        )
        untested = [(row, after) for row, after in found if after.p is None]
        if untested:
            row, after = untested[0]
            line += f" No test of {len(untested)}: {_name(row)}, {after.test.remark}."
        if way == "oracle":
            line += " The oracle picks the best epoch with the answers in hand: it cannot be worse, and is optimistic."
        lines.append(line)
    return lines


def _name(row: StudyRow) -> str:
    return f"{row.backbone} {row.weights}"


def _names(rows: Sequence[StudyRow]) -> str:
    return f" ({', '.join(map(_name, rows))})" if rows else ""


def as_data(rows: Sequence[StudyRow]) -> list[dict[str, Any]]:
    """Return rows as JSON can hold them: what is not a number is ``None``."""
    return [_finite(asdict(row)) for row in rows]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_csv(rows: Sequence[StudyRow]) -> str:
    """Return the table with a column for every number, such as ``kept.error.mean``."""
    flat = [_flat(row) for row in as_data(rows)]
    columns = dict.fromkeys(name for row in flat for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, [name for name in columns if name not in WAYS], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def _flat(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return flat
