"""``fm compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import plugins_of
from fashion_match.command.evaluate import parse_names, progress
from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    from fashion_match.core.comparison import Comparison

COMPARE = "Models"


def compare(
    context: typer.Context,
    evaluations: Annotated[
        list[Path], typer.Argument(metavar="A B...", help="Folders of evaluations; or of models, with --source.")
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="[fm-evals/compare-...]")] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Evaluate the models on it first.", rich_help_panel=COMPARE),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option("--protocol", "-p", metavar="NAME", help="As of `fm eval`.", rich_help_panel=COMPARE),
    ] = None,
    reader: Annotated[
        str | None, typer.Option(metavar="NAME", help="How to read SOURCE. [guessed]", rich_help_panel=COMPARE)
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Of the reader; protocol.KEY=VALUE of the protocol: protocol.n_pairs=1000.",
            rich_help_panel=COMPARE,
        ),
    ] = None,
    label_by: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Attributes that together are the label.", rich_help_panel=COMPARE),
    ] = None,
    split: Annotated[str, typer.Option(metavar="PART", help="As of `fm eval`.", rich_help_panel=COMPARE)] = "auto",
    allow_leaks: Annotated[
        bool, typer.Option("--allow-leaks", help="Go on, and mark every figure.", rich_help_panel=COMPARE)
    ] = False,
    drop_leaks: Annotated[
        bool, typer.Option("--drop-leaks", help="Leave out what is on both sides.", rich_help_panel=COMPARE)
    ] = False,
    resamples: Annotated[int, typer.Option(min=2, metavar="N", help="For the intervals.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of resampling, and of evaluating models.")] = 0,
    json: option.JsonOption = False,
) -> None:
    """Compare evaluations, each with the first, on the queries that all of them have.

    Each difference has a 95 % interval from resampling labels for all alike, and the probability that the second is
    better. With --source and --protocol the arguments are models, which are evaluated first.
    """
    from fashion_match.core.comparing import compare as compare_folders
    from fashion_match.core.comparing import evaluate_models
    from fashion_match.core.evaluation_folder import check_new, new_folder

    if (source is None) != (protocol is None):
        raise UsageError("models are compared on a source, by a protocol.", "Give --source and --protocol.")
    if source is None and (reader or settings or label_by or allow_leaks or drop_leaks or split != "auto"):
        raise UsageError("these are evaluated already.", "To evaluate models, give --source and --protocol too.")
    if allow_leaks and drop_leaks:
        raise UsageError("--allow-leaks and --drop-leaks exclude each other.", "Give one of them.")
    folder = out or new_folder("compare")
    check_new(folder)
    folders = evaluations
    if source is not None and protocol is not None:
        from fashion_match.core.compute import Compute
        from fashion_match.core.evaluation_request import EvalRequest
        from fashion_match.core.settings import load_settings

        reader_options = option.parse_settings(settings)
        request = EvalRequest(
            source=source,
            protocol=protocol,
            options=reader_options.pop("protocol", {}),
            reader=reader,
            reader_options=reader_options,
            label_by=parse_names(label_by),
            part=split,  # type: ignore[arg-type]  # which checks it
            leaks="allow" if allow_leaks else "drop" if drop_leaks else "refuse",
            seed=seed,
        )
        with progress() as on_progress:
            folders = evaluate_models(
                plugins_of(context),
                evaluations,
                request,
                folder.with_name(f"{folder.name}-evals"),
                compute=Compute(max_pixels=load_settings().max_pixels),
                notify=show.say,
                tell=on_progress,
            )
    found = compare_folders(folders, out=folder, n_resamples=resamples, seed=seed)
    if json:
        show.as_json(found)
    else:
        print_comparison(found, folder)


def print_comparison(found: Comparison, folder: Path) -> None:
    """Print what was found, for people."""
    from fashion_match.core.report.comparison import comparison_head, comparison_tables

    show.report(comparison_head(found), comparison_tables(found))
    show.tell()
    show.tell(f"Report: {folder / 'comparison.html'} (with a plot and comparison.json beside it)")
