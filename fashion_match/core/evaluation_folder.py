"""The folder of an evaluation: report, table of queries, text, plots, page; there when all of them are."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.evaluation import QUERIES, REPORT, Evaluation

if TYPE_CHECKING:
    from fashion_match.core.evaluate.outcome import Table
    from fashion_match.core.evaluation import Leak

EVALUATIONS = Path("fm-evals")
"""Where evaluations go that nobody named a folder for."""
TEXT, PAGE, LEAKS = "report.txt", "report.html", "leaks.csv"


def new_folder(name: str, parent: Path = EVALUATIONS) -> Path:
    """Return a folder that nobody named: after what it holds and the minute."""
    stem = f"{name}-{datetime.now():%Y%m%d-%H%M}"
    names = [stem, *(f"{stem}-{n}" for n in range(2, 1000))]
    return next(parent / name for name in names if not (parent / name).exists())


def check_new(folder: Path) -> None:
    """Raise UsageError unless results can be put into ``folder``."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already.", "Name another folder with --out.")


def fill_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write into a folder that becomes ``folder`` when it is complete.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror}.", "Name another folder with --out.") from None
    try:
        fill(made)
        made.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror}.", "Name another folder with --out.") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_evaluation(evaluation: Evaluation, table: Table, leaks: Sequence[Leak], folder: Path) -> None:
    """Write an evaluation.

    Args:
        table: a row for each query, see `fashion_match.core.evaluate.table`.

    Raises:
        UsageError: the folder cannot be written.
    """
    from fashion_match.core.evaluate.leak import write_leaks
    from fashion_match.core.evaluate.table import write_table
    from fashion_match.core.output import write_whole
    from fashion_match.core.report.evaluation_page import evaluation_page
    from fashion_match.core.report.evaluation_plot import evaluation_plots
    from fashion_match.core.report.evaluation_text import evaluation_text
    from fashion_match.core.report.plot import write_plots

    def fill(made: Path) -> None:
        plots = evaluation_plots(evaluation)
        write_plots(plots, made)
        evaluation_page(evaluation, made / PAGE, plots=plots)
        write_whole(made / TEXT, evaluation_text(evaluation).encode())
        write_table(table, made / QUERIES)
        if leaks:
            write_leaks(leaks, made / LEAKS)
        write_whole(made / REPORT, (evaluation.model_dump_json(indent=1) + "\n").encode())

    fill_folder(folder, fill)


def read_evaluation(folder: Path) -> Evaluation:
    """Read the report of an evaluation.

    Raises:
        UsageError: the folder holds none, or it cannot be read.
    """
    file = folder / REPORT
    try:
        return Evaluation.model_validate_json(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{folder} is no evaluation: it has no {REPORT}.", "`fm eval` writes one.") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {str(error).splitlines()[0]}.", "Evaluate again.") from None
