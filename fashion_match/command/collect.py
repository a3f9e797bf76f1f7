"""``fm collect``."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_match.command import option, show
from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fashion_match.core.collect.record import CollectReport
    from fashion_match.core.collect.request import CollectProgress
    from fashion_match.core.collecting import Collecting


def collect(
    source: Annotated[
        str | None,
        typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet or JSON lines with a web address in each row."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder of the data set; the same one goes on.")
    ] = None,
    page: Annotated[
        str | None, typer.Option(metavar="ADDRESS|FILE", help="A page of products, in place of a table.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column with the addresses. [told by its name]")
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="What relative addresses of a saved page start from.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="What the columns are: options of the reader `table`."),
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="MAIL|ADDRESS", help="How sites reach you; sent with every request.")
    ] = None,
    rate: Annotated[float, typer.Option(metavar="N", help="Requests to one host in a second, at most.")] = 1.0,
    workers: Annotated[
        int, typer.Option(min=1, max=32, metavar="N", help="Downloads at once, at most two of one host.")
    ] = 4,
    retries: Annotated[
        int, typer.Option(min=0, max=10, metavar="N", help="After an answer that may be another one later.")
    ] = 3,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="For a whole answer.")] = 60.0,
    max_mb: Annotated[float, typer.Option(metavar="N", help="Of one photo, in millions of bytes.")] = 20.0,
    min_px: Annotated[
        int, typer.Option(min=1, metavar="N", help="What the shorter side of a photo has at least.")
    ] = 64,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Ask hosts of the own network, and this computer, too.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Pictures to ask for in this run.")] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again for what failed or was refused before.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be asked for, and stop.")] = False,
    json: option.JsonOption = False,
) -> None:
    """Collect photos from the web, from a table of addresses or from a page, into a folder that `fm ingest` reads.

    Sites are asked slowly, and only for what their robots.txt permits. Killed, the same command goes on from there.
    Exit code 3 says that some pictures could not be had: the report names the file that lists them with their reasons.
    """
    from fashion_match.core.collect.request import CollectRequest
    from fashion_match.core.collecting import Collecting
    from fashion_match.core.settings import load_settings
    from fashion_match.core.web.request import Patience

    if source is not None and _is_page(source):
        raise UsageError(f"{source!r} is a page, not a table.", f"Say --page {source}.")
    if out is None:
        raise UsageError("it is not said where to collect to.", "Say --out DIR.")
    request = CollectRequest(
        out=out,
        table=source,
        page=page,
        column=column,
        table_options=option.parse_settings(settings),
        base=base,
        contact=contact,
        rate=rate,
        workers=workers,
        retries=retries,
        patience=Patience(total_s=timeout),
        max_bytes=round(max_mb * 1_000_000) if 0 < max_mb < 10_000 else 0,
        max_pixels=load_settings().max_pixels,
        min_px=min_px,
        allow_private=allow_private,
        limit=limit,
        retry_failed=retry_failed,
    )
    if dry_run:
        _list(Collecting(request, notify=show.say), json)
        return
    progress: AbstractContextManager[Callable[[CollectProgress], None]] = nullcontext(lambda _: None)
    if show.is_terminal():
        from fashion_match.command.collect_progress import CollectBar

        progress = CollectBar(request)
    with progress as on_progress:
        report = Collecting(request, notify=show.say, on_progress=on_progress).run()
    if json:
        show.as_json(report)
    else:
        print_report(report)
    if report.n_refused or report.n_failed:
        raise typer.Exit(3)


def print_report(report: CollectReport) -> None:
    """Print the report for people: what became of every picture, and what to do about those that are missing."""
    unchanged = f"{report.n_unchanged:,} unchanged"
    if report.n_updated:
        unchanged += f" ({report.n_updated:,} described anew)"
    show.tell(
        f"{report.source} -> {report.out}: {show.plural(report.n_seen, 'picture')} seen = {report.n_stored:,} stored "
        f"+ {report.n_duplicate:,} duplicate + {unchanged} + {report.n_refused:,} refused + {report.n_failed:,} failed"
    )
    show.tell(f"{report.n_bytes / 1e6:,.1f} MB in {report.seconds:,.1f} s")
    if report.skipped:
        show.tell("skipped: " + ", ".join(f"{n:,} {what}" for what, n in report.skipped.items()))
    if report.items_file is not None:
        n_items = show.plural(report.n_items, "item")
        show.tell(f"{report.items_file} describes {n_items}; `fm ingest {report.out}` reads it.")
    if report.reasons:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in report.reasons.items())
        show.say(f"Missing: {reasons}. Each is listed in {report.failures_file}; --retry-failed asks again.")


def _is_page(source: str) -> bool:
    return source.lower().startswith(("http:", "https:")) or source.lower().endswith((".html", ".htm", ".xhtml"))


def _list(collecting: Collecting, json: bool) -> None:
    from fashion_match.core.collect_plan import plan

    planned = plan(collecting)
    if json:
        show.as_json_lines(one.model_dump(mode="json", exclude_none=True) for one in planned)
        return
    n_by_kind: dict[str, int] = {}
    for one in planned:
        n_by_kind[one.would] = n_by_kind.get(one.would, 0) + 1
        said = ", ".join(f"{name} {value}" for name, value in one.attributes.items())
        more = f": {one.reason}, {one.detail}" if one.reason else f" ({said})" if said else ""
        show.tell(f"{one.would:<7}{one.address or one.where}{more}")
    counts = ", ".join(f"{n:,} to {would}" for would, n in n_by_kind.items())
    show.say(f"{counts}. Nothing was asked for or written.")
