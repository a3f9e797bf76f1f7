"""What was taken for what, as a matrix whose rows are the true classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashion_match.core.evaluation import Confusion, Evaluation
from fashion_match.core.report.caption import one_line, shorten
from fashion_match.core.report.figure import plain
from fashion_match.core.report.number import number
from fashion_match.core.report.plot import Plot, start, titled
from fashion_match.core.report.sheet import INK, LINE, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    Counts = list[list[int]]

MOST_CLASSES = 30
"""Others are put together."""
MOST_COUNTED = 12
"""Classes up to which the counts are written into the matrix."""
NAME_CHARACTERS = 32
LETTER_IN = 0.085
"""Width of a letter of a name, about."""
OTHER = "other"


def confusion_plot(name: str, confusion: Confusion, evaluation: Evaluation) -> Plot | None:
    """Return the matrix, each row colored by its shares, the most frequent class first."""
    if not confusion.classes:
        return None
    classes, counts = most_frequent(confusion, MOST_CLASSES)
    n = len(classes)
    written = n <= MOST_COUNTED
    side = max(2.2, (0.62 if written else 0.29) * n)
    title = "Verdicts" if name == "verdict" else f"Confusion of {one_line(name)}"
    labels = [plain(value, NAME_CHARACTERS) or "(empty)" for value in classes]
    names = LETTER_IN * max(len(label) for label in labels)
    standing = n * names > side
    figure = start(title, evaluation, side + 0.9 + (names if standing else 0), max(side + 1.9 + names, 5.2))
    axis = figure.subplots()
    shares = [[count / (sum(row) or 1) for count in row] for row in counts]
    picture = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    size = 9.5 if written else 8
    axis.set_xticks(range(n), labels, rotation=90 if standing else 0, fontsize=size, color=INK)
    axis.set_yticks(range(n), labels, fontsize=size, color=INK)
    axis.tick_params(length=0)
    axis.set_xlabel("taken for", color=MUTED)
    axis.set_ylabel("is", color=MUTED)
    _outline(axis, n)
    if written:
        for row in range(n):
            for column in range(n):
                ink = "white" if shares[row][column] > 0.55 else INK
                said = f"{counts[row][column]:,}"
                axis.text(column, row, said, ha="center", va="center", color=ink, fontsize=9.5 if n < 7 else 8.5)
    bar = figure.colorbar(picture, ax=axis, shrink=0.8, aspect=25)
    bar.set_label("share of the true class", color=MUTED)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=MUTED, labelsize=9)
    return Plot(titled(title, evaluation), _alt(title, confusion), figure, ("confusion", name))


def most_frequent(confusion: Confusion, most: int) -> tuple[list[str], Counts]:
    """Return the classes with the most items, most frequent first, and their counts; all others as one, at the end."""
    totals = [sum(row) for row in confusion.counts]
    order = sorted(range(len(totals)), key=lambda row: -totals[row])
    kept, left = order[:most], order[most:]
    groups: Sequence[Sequence[int]] = [[k] for k in kept] + ([left] if left else [])
    counts = [[sum(confusion.counts[i][j] for i in rows for j in columns) for columns in groups] for rows in groups]
    classes = [confusion.classes[k] for k in kept]
    return [*classes, f"{OTHER} ({len(left)})"] if left else classes, counts


def _outline(axis: Axes, n: int) -> None:
    axis.spines[:].set_visible(False)
    axis.set_xticks([k - 0.5 for k in range(n + 1)], minor=True)
    axis.set_yticks([k - 0.5 for k in range(n + 1)], minor=True)
    axis.grid(which="minor", color=LINE, linewidth=0.6)
    axis.tick_params(which="minor", length=0)


def _alt(title: str, confusion: Confusion) -> str:
    cells = [(count, i, j) for i, row in enumerate(confusion.counts) for j, count in enumerate(row)]
    n, right = sum(count for count, _, _ in cells), sum(count for count, i, j in cells if i == j)
    worst = sorted((cell for cell in cells if cell[1] != cell[2] and cell[0]), reverse=True)[:3]
    names = [shorten(value, 30) for value in confusion.classes]
    said = "".join(f"; {names[i]} taken for {names[j]} {count:,} times" for count, i, j in worst)
    return f"{shorten(title, 80)}: {right:,} of {n:,} right ({number(right / n if n else None)}){said}."
