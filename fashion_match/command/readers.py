"""``fm readers``: what a source holds, before any model is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import plugins_of

if TYPE_CHECKING:
    from fashion_match.core.source_check import Examples, SourceCheck

app = typer.Typer(help="Say what a source holds.", no_args_is_help=True)


@app.command("list")
def list_readers(context: typer.Context, json: option.JsonOption = False) -> None:
    """List the readers."""
    readers = list(plugins_of(context).readers)
    if json:
        show.as_json_lines({"name": e.name, "from": e.provider, "summary": e.summary} for e in readers)
    else:
        show.table(["reader", "from", "reads"], [[e.name, e.provider, e.summary] for e in readers], wrapped=("reads",))


@app.command("check")
def check_source(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    reader: option.ReaderOption = None,
    settings: option.SetOption = None,
    top: Annotated[int, typer.Option(min=1, help="Values shown per attribute.")] = 8,
    json: option.JsonOption = False,
) -> None:
    """Say what `fm ingest SOURCE` would read: counts, and what is missing or double.

    Exit code 3 if some records could not be stored.
    """
    from fashion_match.core.source_check import check_source as check

    plugins = plugins_of(context)
    name = reader or plugins.guess_reader(source)
    found = check(plugins.readers[name].make(option.parse_settings(settings)), source)
    if json:
        show.as_json({"reader": name, **found.model_dump(mode="json"), "n_problems": found.n_problems})
    else:
        print_check(found, name, top)
    if found.n_problems:
        raise typer.Exit(3)


def print_check(found: SourceCheck, reader: str, top: int) -> None:
    """Print what a source holds: counts first, then what is wrong with it, each with a few examples."""
    show.tell(f"{found.source} ({reader}): {show.plural(found.n_items, 'item')}")
    labels = found.labels
    if labels is not None:
        show.tell(
            f"{show.plural(labels.n_labels, 'label')} on {show.plural(labels.n_items, 'item')}: "
            f"{labels.min} to {labels.max} items each, median {labels.median:g}; {labels.n_single:,} with a single one"
        )
    for what, counts in (("split", found.splits), ("role", found.roles)):
        shown = {str(value): n for value, n in counts.items() if value}
        if len(shown) > 1 or (shown and what == "split"):
            show.tell(f"{what}: " + ", ".join(f"{value} {n:,}" for value, n in shown.items()))
    if found.skipped:
        show.tell("skipped: " + ", ".join(f"{n:,} {what}" for what, n in found.skipped.items()))
    if found.attributes:
        show.table(
            ["attribute", "items", "values", "most frequent"],
            [
                [name, f"{count.n_items:,}", f"{count.n_distinct:,}", _most_frequent(count.top, top)]
                for name, count in found.attributes.items()
            ],
            numbers=("items", "values"),
            wrapped=("most frequent",),
        )
    problems: dict[str, Examples] = {str(reason): examples for reason, examples in found.failures.items()}
    problems |= {
        "missing files": found.missing_files,
        "empty files": found.empty_files,
        "duplicate ids": found.duplicate_ids,
        "same file twice": found.duplicate_files,
        "same content twice": found.duplicate_contents,
    }
    rows = [[name, f"{e.n:,}", "\n".join(e.first[:3])] for name, e in problems.items() if e.n]
    if found.n_without_photo:
        rows.append(["no photo", f"{found.n_without_photo:,}", "the source gives attributes alone"])
    if rows:
        show.table(["look at", "items", "such as"], rows, numbers=("items",), wrapped=("such as",))
    show.tell(
        f"{show.plural(found.n_problems, 'item')} would not be stored." if found.n_problems else "All can be stored."
    )


def _most_frequent(counts: dict[str, int], top: int) -> str:
    shown = ", ".join(f"{value} {n:,}" for value, n in list(counts.items())[:top])
    return shown + (", ..." if len(counts) > top else "")
