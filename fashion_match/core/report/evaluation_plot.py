"""All diagrams of an evaluation. What there is to draw decides, not the protocol: a plugin's is drawn too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fashion_match.core.evaluation import Evaluation
from fashion_match.core.report.bar_plot import class_plot, group_plot
from fashion_match.core.report.confusion_plot import confusion_plot
from fashion_match.core.report.filter_plot import latency_plot, recall_plot
from fashion_match.core.report.pair_plot import det_plot, roc_plot, score_plot
from fashion_match.core.report.plot import Plot, write_plots
from fashion_match.core.report.rank_plot import GUESS, other_plot, rank_plot

OF_PAIRS = ("roc", "det", "same", "different")
NAME_CHARACTERS = 60
"""Of a file's name; some systems take no more than 143 bytes."""


def evaluation_plots(evaluation: Evaluation) -> dict[str, Plot]:
    """Return the diagrams by the names of their files, in the order in which they are best looked at."""
    plots: dict[str, Plot] = {}
    for stem, plot in _plots(evaluation):
        if plot is not None:
            plots[_free(f"{_safe(stem)}.png", plots)] = plot
    return plots


def write_evaluation_plots(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Draw an evaluation into ``folder``, each diagram as a PNG file of its own; return the files.

    Raises:
        UsageError: the folder cannot be written.
    """
    return write_plots(evaluation_plots(evaluation), folder)


def _plots(evaluation: Evaluation) -> Iterator[tuple[str, Plot | None]]:
    yield "roc", roc_plot(evaluation)
    yield "det", det_plot(evaluation)
    yield "scores", score_plot(evaluation)
    for name, curve in evaluation.curves.items():
        if re.search(r"\bk\b", name) and not name.endswith(GUESS):
            yield name, rank_plot(name, curve, evaluation)
        elif name not in OF_PAIRS and not name.endswith(GUESS):
            yield f"curve {name}", other_plot(name, curve, evaluation)
    for name, confusion in evaluation.confusion.items():
        yield f"confusion {name}", confusion_plot(name, confusion, evaluation)
    for name, rows in evaluation.classes.items():
        yield f"classes {name}", class_plot(name, rows, evaluation)
    for name, groups in evaluation.groups.items():
        yield f"by {name}", group_plot(name, groups, evaluation)
    yield "filter recall", recall_plot(evaluation)
    yield "filter time", latency_plot(evaluation)


def _safe(stem: str) -> str:
    """Return ``stem`` with nothing in it that a shell, a browser or another system's files would trip over."""
    return re.sub(r"[^\w@.]+", "-", stem, flags=re.ASCII).strip("-.")[:NAME_CHARACTERS].lower()


def _free(name: str, taken: dict[str, Plot]) -> str:
    """Return ``name``, or where another has it already the same with a number."""
    stem = name.removesuffix(".png")
    names = (name, *(f"{stem}-{n}.png" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
