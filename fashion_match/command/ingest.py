"""``fm ingest``."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from fashion_match.core.ingest_option import Progress
    from fashion_match.core.item import IngestReport


def ingest(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Folder, table or JSON file; or drawn:FOLDER for a drawn catalogue.")],
    reader: option.ReaderOption = None,
    model: Annotated[Path | None, typer.Option("--model", metavar="DIR", help="A saved model.")] = None,
    backbone: Annotated[str | None, typer.Option(metavar="NAME", help="[efficientnet_b0]")] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="pretrained|none|FILE", help="Weights of the backbone. [pretrained]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random weights that `--weights none` gives.")] = 0,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    settings: option.SetOption = None,
    update: Annotated[
        bool, typer.Option("--update/--no-update", help="Re-embed changed photos and rewrite changed attributes.")
    ] = True,
    prune: Annotated[bool, typer.Option("--prune", help="Remove items of this source that it no longer has.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Take only what failed in the last ingest of the collection.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first failure.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every photo again instead of trusting its size and time.")
    ] = False,
    prefix: Annotated[str, typer.Option(metavar="TEXT", help="Put before every item id.")] = "",
    device: option.DeviceOption = "auto",
    engine: option.EngineOption = "auto",
    precision: option.PrecisionOption = "fp32",
    batch_size: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Halved by itself when memory runs out.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Decoding threads.")] = None,
    json: option.JsonOption = False,
) -> None:
    """Embed the photos of SOURCE and store them with their attributes; what is stored unchanged is skipped.

    Exit code 3 says that some items failed: the report names the file that lists them with their reasons.
    `--set KEY=VALUE` sets an option of the reader, `--set backbone.KEY=VALUE` one of the backbone.
    """
    from fashion_match.core.compute import Compute
    from fashion_match.core.ingest_option import IngestOptions

    reader_options = option.parse_settings(settings)
    backbone_options = reader_options.pop("backbone", {})
    with open_catalogue(context, store, collection) as catalogue:
        name = reader or catalogue.plugins.guess_reader(source)
        progress: AbstractContextManager[Callable[[Progress], None]] = nullcontext(lambda _: None)
        if show.is_terminal():
            from fashion_match.command.progress import IngestProgress

            progress = IngestProgress(catalogue.plugins.readers[name].make(reader_options), source)
        with progress as on_progress:
            report = catalogue.ingest(
                source,
                reader=name,
                reader_options=reader_options,
                model=model,
                backbone=backbone,
                weights=weights,
                backbone_options=backbone_options,
                seed=seed,
                compute=Compute(
                    engine=engine,
                    device=device,
                    precision=precision,
                    batch_size=batch_size,
                    workers=workers,
                    max_pixels=catalogue.settings.max_pixels,
                ),
                options=IngestOptions(
                    update=update,
                    prune=prune,
                    retry_failed=retry_failed,
                    strict=strict,
                    verify=verify,
                    prefix=prefix,
                ),
                notify=show.say,
                on_progress=on_progress,
            )
    if json:
        show.as_json(report)
    else:
        print_report(report)
    if report.n_failed:
        raise typer.Exit(3)


def print_report(report: IngestReport) -> None:
    """Print the report for people: what became of every record, and what to do about failures."""
    show.tell(
        f"{report.source} ({report.reader}) -> collection {report.collection}: "
        f"{show.plural(report.n_seen, 'item')} seen = {report.n_stored:,} stored "
        f"+ {report.n_unchanged:,} unchanged + {report.n_failed:,} failed"
        + (f"; {report.n_pruned:,} pruned" if report.n_pruned else "")
    )
    show.tell(
        f"{show.plural(report.n_embedded, 'item')} embedded in {report.seconds:.1f} s"
        + (f", {report.images_per_s:,.0f} items/s" if report.n_embedded else "")
    )
    if report.n_failed:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in report.failures_by_reason.items())
        show.say(f"Failed: {reasons}. Each is listed in {report.failures_file}; once mended, run with --retry-failed.")
