"""The table of what each query scored: how figures are made of it, and how it is kept.

Columns of ``pairs``: a, b, label_a, label_b, same, score, draw, threshold. Of ``classify``: item, label, and for each
attribute ``NAME:truth``, ``NAME:taken for``, ``NAME:in top 5``. Of the others: item, label, and a column for each
figure.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.error import UsageError
from fashion_match.core.evaluate.outcome import Table
from fashion_match.core.evaluate.sample import number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.evaluate.bootstrap import Figures

ITEM, LABEL = "item", "label"
TRUTH, TAKEN, TOP = ":truth", ":taken for", ":in top 5"
PAIR = ("draw", "a", "b")


def make_figures(protocol: str, table: Table) -> tuple[Figures, list[str]]:
    """Return the figures of a table as a function of how often each label counts, and the labels."""
    if protocol == "pairs":
        return _of_pairs(table)
    if protocol == "classify":
        return _of_classes(table)
    return _of_means(table)


def keys_of(protocol: str, table: Table) -> list[Any]:
    """Return what names the rows: the item, or both photos of a pair and its draw."""
    if protocol == "pairs":
        return list(zip(*(table[name] for name in PAIR), strict=True))
    return list(table[ITEM])


def take_rows(table: Table, rows: list[int]) -> Table:
    """Return some rows of a table."""
    return {name: [column[n] for n in rows] for name, column in table.items()}


def write_table(table: Table, out: Path) -> None:
    """Write a table as Parquet, whole or not at all. Raises UsageError where that fails."""
    import io

    import pyarrow as pa
    from pyarrow import parquet

    from fashion_match.core.output import write_whole

    buffer = io.BytesIO()
    parquet.write_table(pa.table({name: pa.array(list(column)) for name, column in table.items()}), buffer)
    write_whole(out, buffer.getvalue())


def read_table(file: Path) -> Table:
    """Read a table that `write_table` wrote. Raises UsageError where it cannot be read."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_table as read

    try:
        columns: Table = read(file, partitioning=None).to_pydict()
    except (OSError, ArrowException) as error:
        raise UsageError(
            f"{file} cannot be read: {str(error).splitlines()[0]}.", "Evaluate again: fm eval writes it."
        ) from None
    return columns


def _of_means(table: Table) -> tuple[Figures, list[str]]:
    import numpy as np

    from fashion_match.core.evaluate.mean_figure import MeanFigures

    (labels,), names = number(table[LABEL])
    scores = {name: np.asarray(table[name], np.float64) for name in table if name not in (ITEM, LABEL)}
    return MeanFigures(scores, labels, len(names)), names


def _of_pairs(table: Table) -> tuple[Figures, list[str]]:
    import numpy as np

    from fashion_match.core.evaluate.pair_figure import PairFigures

    both, names = number(table["label_a"], table["label_b"])
    threshold = next(iter(table["threshold"]), None)
    figures = PairFigures(
        np.asarray(table["score"], np.float64), np.asarray(table["same"], bool), np.stack(both, axis=1), threshold
    )
    return figures, names


def _of_classes(table: Table) -> tuple[Figures, list[str]]:
    import numpy as np

    from fashion_match.core.evaluate.class_figure import ClassFigures

    (labels,), names = number(table[LABEL])
    parts: dict[str, ClassFigures] = {}
    for name in attributes_of(table):
        (truth, taken), _ = number(table[name + TRUTH], table[name + TAKEN])
        known = truth >= 0
        top = np.asarray([bool(value) for value in table[name + TOP]])
        parts[name] = ClassFigures(truth[known], taken[known], top[known], labels[known], len(names))
    single = len(parts) == 1

    def figures(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {
            figure if single else f"{figure}:{name}": values
            for name, part in parts.items()
            for figure, values in part(weights).items()
        }

    return figures, names


def attributes_of(table: Table) -> list[str]:
    """Return the attributes of a table of ``classify``."""
    return [name.removesuffix(TRUTH) for name in table if name.endswith(TRUTH)]
