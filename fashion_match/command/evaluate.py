"""``fm eval``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.command.stage_bar import stage_bar
from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    from fashion_match.core.evaluation import Evaluation
    from fashion_match.core.evaluation_request import EvalProgress

DATA, PAIRS, SEARCH, CLASSES = "Data", "Pairs", "Search", "Classes"
STAGES = {"read": "reading photos", "compare": "looking for leaks", "embed": "embedding", "rank": "measuring"}


def evaluate(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Folder, table or JSON file, as for `fm ingest`.")],
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", metavar="NAME", help="pairs, retrieval, match, classify or filtered.")
    ],
    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="A saved model, or a run. [the collection's]")
    ] = None,
    backbone: Annotated[str | None, typer.Option(metavar="NAME", help="A backbone as it is, in its place.")] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="pretrained|none|FILE", help="Of the backbone. [pretrained]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="[fm-evals/...]")] = None,
    reader: option.ReaderOption = None,
    settings: option.SetOption = None,
    label_by: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Attributes that together are the label.", rich_help_panel=DATA),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="PART",
            help="auto, all, held-out, train, val or test. [test, else what the model was not trained on]",
            rich_help_panel=DATA,
        ),
    ] = "auto",
    gallery: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="What is searched.", rich_help_panel=DATA)
    ] = None,
    trained_on: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE", help="What the model was trained on, if it does not say.", rich_help_panel=DATA),
    ] = None,
    allow_leaks: Annotated[
        bool, typer.Option("--allow-leaks", help="Go on, and mark every figure.", rich_help_panel=DATA)
    ] = False,
    drop_leaks: Annotated[
        bool, typer.Option("--drop-leaks", help="Leave out what is on both sides.", rich_help_panel=DATA)
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Attributes for figures by value.", rich_help_panel=DATA),
    ] = None,
    n_pairs: Annotated[
        int | None, typer.Option("--pairs", metavar="N", help="Of a draw. [10000]", rich_help_panel=PAIRS)
    ] = None,
    draws: Annotated[int | None, typer.Option(metavar="N", help="[5]", rich_help_panel=PAIRS)] = None,
    threshold: Annotated[
        str | None,
        typer.Option(metavar="COSINE|model|fit|none", help="[the model's, else fit on others]", rich_help_panel=PAIRS),
    ] = None,
    negatives: Annotated[
        str | None, typer.Option(metavar="random|hard", help="Hard: same category.", rich_help_panel=PAIRS)
    ] = None,
    hard_by: Annotated[
        str | None, typer.Option(metavar="NAME", help="What hard pairs share. [category]", rich_help_panel=PAIRS)
    ] = None,
    k: Annotated[
        list[int] | None,
        typer.Option("-k", metavar="K", help="Repeat it for several. [1 5 10 50]", rich_help_panel=SEARCH),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(metavar="NAME", help="cosine, l2 or l1. [cosine]", rich_help_panel=SEARCH)
    ] = None,
    by_product: Annotated[
        bool, typer.Option("--by-product", help="The photos of one style are one answer.", rich_help_panel=SEARCH)
    ] = False,
    n_queries: Annotated[
        int | None, typer.Option("--queries", metavar="N", help="Of filtered. [200]", rich_help_panel=SEARCH)
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="To be told; A,B for both together. [what the model tells]", rich_help_panel=CLASSES
        ),
    ] = None,
    knn: Annotated[
        int | None,
        typer.Option(metavar="K", help="Let K neighbours tell, not the model.", rich_help_panel=CLASSES),
    ] = None,
    resamples: Annotated[int, typer.Option(min=2, metavar="N", help="For the intervals.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of pairs, parts and resampling.")] = 0,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    device: option.DeviceOption = "auto",
    engine: option.EngineOption = "auto",
    precision: option.PrecisionOption = "fp32",
    json: option.JsonOption = False,
) -> None:
    """Measure what a model is worth on the items of SOURCE: figures with their uncertainty, plots, a page.

    Items that are on both sides of a split (the same photo, the same style, near duplicates) are looked for first;
    where there are any, nothing is measured and the exit code is 3, unless --allow-leaks or --drop-leaks is given.
    """
    from fashion_match.core.compute import Compute
    from fashion_match.core.evaluating import Evaluating
    from fashion_match.core.evaluation_folder import new_folder
    from fashion_match.core.evaluation_request import EvalRequest

    if allow_leaks and drop_leaks:
        raise UsageError("--allow-leaks and --drop-leaks exclude each other.", "Give one of them.")
    given: dict[str, Any] = {
        "n_pairs": n_pairs,
        "draws": draws,
        "threshold": threshold,
        "negatives": negatives,
        "hard_by": hard_by,
        "metric": metric,
        "by_product": by_product or None,
        "n_queries": n_queries,
        "attributes": attribute or None,
        "knn": knn,
    }
    if k:
        given |= {"k": k[0]} if protocol == "filtered" else {"ks": tuple(k)}
    request = EvalRequest(
        source=source,
        protocol=protocol,
        options={name: value for name, value in given.items() if value is not None},
        reader=reader,
        reader_options=option.parse_settings(settings),
        label_by=parse_names(label_by),
        part=split,  # type: ignore[arg-type]  # which checks it
        gallery=gallery,
        trained_on=tuple(trained_on or ()),
        by=parse_names(by) if by is not None else None,
        leaks="allow" if allow_leaks else "drop" if drop_leaks else "refuse",
        n_resamples=resamples,
        seed=seed,
    )
    with open_catalogue(context, store, collection) as catalogue:
        folder, named = catalogue.find_model(model, backbone=backbone, weights=weights)
        evaluating = Evaluating(
            catalogue.plugins,
            request,
            folder,
            named,
            out or new_folder(protocol),
            compute=Compute(
                engine=engine, device=device, precision=precision, max_pixels=catalogue.settings.max_pixels
            ),
            notify=show.say,
        )
        with progress() as on_progress:
            evaluating.tell = on_progress
            found = evaluating.run()
    if json:
        show.as_json(found)
    else:
        print_evaluation(found, evaluating.folder)


def print_evaluation(found: Evaluation, folder: Path) -> None:
    """Print what was found, for people."""
    from fashion_match.core.report.evaluation_text import evaluation_head, evaluation_tables

    show.report(evaluation_head(found), evaluation_tables(found))
    show.tell()
    show.tell(f"Report: {folder / 'report.html'} (with plots and report.json beside it)")


def parse_names(text: str | None) -> tuple[str, ...]:
    """Return ``"a, b"`` as names."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


@contextmanager
def progress() -> Iterator[Callable[[EvalProgress], None]]:
    """Give a bar, where a person watches."""
    with stage_bar(STAGES) as bar:
        yield lambda told: bar(told.stage, told.done, told.total)
