"""``fm compare``: which of several evaluations is better on the queries that they share, and whether it means anything.

Labels are resampled for all of them alike (a paired bootstrap), so what is hard for all does not blur the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.comparison import Comparison, Difference, Verdict
from fashion_match.core.error import UsageError
from fashion_match.core.evaluation import QUERIES, Estimate, Evaluation
from fashion_match.core.evaluation_folder import fill_folder, read_evaluation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.compute import Compute
    from fashion_match.core.evaluate.outcome import Table
    from fashion_match.core.evaluation_request import EvalRequest, Tell
    from fashion_match.core.plugin.loader import Plugins

COMPARISON, TEXT, PAGE = "comparison.json", "comparison.txt", "comparison.html"
LOWER_IS_BETTER = ("error", "eer", "fnmr", "fmr")
NOTHING: Verdict = "no difference that these queries can show"


def compare(
    evaluations: Sequence[str | Path],
    *,
    out: str | Path | None = None,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare evaluations, each with the first, and write what was found.

    Args:
        evaluations: folders of two or more evaluations of one protocol.
        out: new folder for the table, the plot and the page; ``None`` to write nothing.

    Raises:
        UsageError: they are not of one protocol, or share no queries.
    """
    folders = [Path(folder) for folder in evaluations]
    if len(folders) < 2:
        raise UsageError("there is nothing to compare with.", "Give two evaluations or more.")
    read = [(read_evaluation(folder), _read_table(folder)) for folder in folders]
    found = compare_tables(dict(zip(_names(folders), read, strict=True)), n_resamples=n_resamples, seed=seed)
    if out is not None:
        write_comparison(found, Path(out))
    return found


def evaluate_models(
    plugins: Plugins,
    models: Sequence[Path],
    request: EvalRequest,
    folder: Path,
    *,
    compute: Compute,
    notify: Callable[[str], None] = lambda _: None,
    tell: Tell = lambda _: None,
) -> list[Path]:
    """Evaluate each model as ``request`` says, into folders of their own within ``folder``, which are returned.

    Raises:
        FashionMatchError: as `fashion_match.core.evaluating.Evaluating.run` does.
    """
    from fashion_match.core.evaluating import Evaluating
    from fashion_match.core.model.artifact import model_in

    folders = [folder / name.replace("/", "-") for name in _names(models)]
    # All are made before one is run, so that a model that is none is told at once.
    evaluations = [
        Evaluating(plugins, request, model_in(model), str(model), out, compute=compute, notify=notify, on_progress=tell)
        for model, out in zip(models, folders, strict=True)
    ]
    for evaluation in evaluations:
        notify(f"{evaluation.named}: {request.protocol} on {request.source}")
        evaluation.run()
    return folders


def compare_tables(evaluations: Mapping[str, tuple[Evaluation, Table]], *, n_resamples: int, seed: int) -> Comparison:
    """Compare evaluations by name, each with the first, on the queries that all of them have.

    Raises:
        UsageError: they are not of one protocol, share no queries, or do not agree on what a query's label is.
    """
    from fashion_match.core.evaluate.bootstrap import interval, observe, resample
    from fashion_match.core.evaluate.table import keys_of, make_figures, take_rows

    protocols = {found.protocol for found, _ in evaluations.values()}
    if len(protocols) > 1:
        raise UsageError(f"these are of several protocols: {', '.join(sorted(protocols))}.", "Compare like with like.")
    (protocol,) = protocols
    keys = {name: keys_of(protocol, table) for name, (_, table) in evaluations.items()}
    shared = set[Any]().union(*keys.values()).intersection(*keys.values())
    first_name, *others = evaluations
    order = [key for key in keys[first_name] if key in shared]
    if not order:
        raise UsageError("these evaluations share no query.", "Evaluate all models on the same source, with one seed.")
    tables = {}
    for name, (_, table) in evaluations.items():
        rows = {key: n for n, key in enumerate(keys[name])}
        tables[name] = take_rows(table, [rows[key] for key in order])
    made = {name: make_figures(protocol, table) for name, table in tables.items()}
    labels = made[first_name][1]
    for name in others:
        if made[name][1] != labels or not _same_truth(tables[first_name], tables[name]):
            raise UsageError(
                f"{first_name} and {name} do not agree on what belongs together.", "Evaluate with the same --label-by."
            )
    values = {name: observe(figures, len(labels)) for name, (figures, _) in made.items()}
    draws = {
        name: resample(figures, len(labels), n_draws=n_resamples, seed=seed) for name, (figures, _) in made.items()
    }

    def difference(name: str, figure: str) -> Difference:
        higher = not any(word in figure for word in LOWER_IS_BETTER)
        apart = draws[name][figure] - draws[first_name][figure]
        ends = interval(apart) if len(labels) > 1 else None
        value = values[name][figure] - values[first_name][figure]
        return Difference(
            figure=figure,
            a=first_name,
            b=name,
            value_a=values[first_name][figure],
            value_b=values[name][figure],
            difference=Estimate(value=value, low=ends[0] if ends else None, high=ends[1] if ends else None),
            p_better=_p_better(apart if higher else -apart),
            higher_is_better=higher,
            verdict=_verdict(ends, higher),
        )

    figures = [figure for figure in values[first_name] if all(_known(values[name], figure) for name in evaluations)]
    differences = [difference(name, figure) for name in others for figure in figures]
    left_out = len(set[Any]().union(*keys.values())) - len(order)
    return Comparison(
        protocol=protocol,
        names=tuple(evaluations),
        n_queries=len(order),
        n_labels=len(labels),
        n_left_out=left_out,
        resampled=f"labels, {n_resamples:,} times, the same for all",
        differences=tuple(differences),
        notes=tuple(_notes({name: found for name, (found, _) in evaluations.items()}, len(differences))),
    )


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Write a comparison as JSON, text, plot and page into a new folder. Raises UsageError where that fails."""
    from fashion_match.core.output import write_whole
    from fashion_match.core.report.comparison import comparison_page, comparison_text, write_comparison_plots

    def fill(made: Path) -> None:
        write_comparison_plots(comparison, made)
        comparison_page(comparison, made / PAGE)
        write_whole(made / TEXT, comparison_text(comparison).encode())
        write_whole(made / COMPARISON, (comparison.model_dump_json(indent=1) + "\n").encode())

    fill_folder(folder, fill)


def _read_table(folder: Path) -> Table:
    from fashion_match.core.evaluate.table import read_table

    return read_table(folder / QUERIES)


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the folders' names, or as much of their paths as tells them apart."""
    for parts in range(1, max(len(folder.absolute().parts) for folder in folders) + 1):
        names = ["/".join(folder.absolute().parts[-parts:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    raise UsageError("an evaluation is given twice.", "Give two evaluations or more.")


def _same_truth(a: Table, b: Table) -> bool:
    """Whether what is known of each row, but not what was scored, is the same."""
    told = [name for name in a if name in ("label", "label_a", "label_b", "same") or name.endswith(":truth")]
    return all(name in b and list(a[name]) == list(b[name]) for name in told)


def _known(values: Mapping[str, float], figure: str) -> bool:
    import math

    return math.isfinite(values.get(figure, math.nan))


def _p_better(apart: NDArray[np.float64]) -> float:
    """Return the share of the draws above zero; those at zero count half."""
    import numpy as np

    known = apart[np.isfinite(apart)]
    return float(((known > 0).sum() + (known == 0).sum() / 2) / len(known)) if len(known) else 0.5


def _verdict(ends: tuple[float, float] | None, higher_is_better: bool) -> Verdict:
    if ends is None or ends[0] <= 0 <= ends[1]:
        return NOTHING
    return "better" if (ends[0] > 0) == higher_is_better else "worse"


def _notes(evaluations: Mapping[str, Evaluation], n_differences: int) -> list[str]:
    notes = [f"{name} rests on items that leak." for name, found in evaluations.items() if found.leaks.marked]
    if len({found.source for found in evaluations.values()}) > 1:
        notes.append("The evaluations are of different sources; only queries with the same ids are compared.")
    if len({found.n_items for found in evaluations.values()}) > 1:
        notes.append("They searched different numbers of items, which makes a search easier or harder.")
    fitted = {name: found.options.get("threshold") for name, found in evaluations.items()}
    if len(set(map(str, fitted.values()))) > 1:
        notes.append("Their thresholds were not chosen in the same way.")
    if n_differences > 1:
        notes.append(
            f"Of {n_differences} intervals of 95 % one in twenty misses the truth by chance: look at one figure that "
            "you chose beforehand."
        )
    return notes
