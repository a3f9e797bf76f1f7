"""``fm items``: look at what a collection holds, take it out, remove it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.core.error import UsageError

app = typer.Typer(help="List, show, count, export and delete items.", no_args_is_help=True)


@app.command("list")
def list_items(
    context: typer.Context,
    where: option.WhereOption = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="Number of items.")] = 20,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    json: option.JsonOption = False,
) -> None:
    """List items, in a random order that does not change."""
    with open_catalogue(context, store, collection) as catalogue:
        n = catalogue.count(where or ())
        items = [item for item, _ in zip(catalogue.items(where or ()), range(limit), strict=False)]
    if json:
        show.as_json_lines(items)
        return
    if items:
        names = [name for name in option.SHOWN if any(name in item.attributes for item in items)]
        show.table(
            ["id", "label", *names],
            [[item.id, item.label, *map(item.attributes.get, names)] for item in items],
            numbers=("price", "year"),
            whole=("id",),
        )
    show.tell(f"{len(items):,} of {show.plural(n, 'item')}")


@app.command("show")
def show_items(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...")],
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    json: option.JsonOption = False,
) -> None:
    """Show everything that is known about items."""
    with open_catalogue(context, store, collection) as catalogue:
        found = catalogue.store.fetch(ids)
        missing = [item_id for item_id in ids if item_id not in {stored.item.id for stored in found}]
        if missing:
            raise UsageError(
                f"the collection {catalogue.collection} has no item {missing[0]!r}.", "`fm items list` lists some."
            )
    if json:
        show.as_json_lines(stored.item for stored in found)
        return
    for stored in found:
        item = stored.item
        fields: dict[str, object] = {
            "id": item.id,
            "image": item.image,
            "label": item.label,
            "role": item.role,
            "split": item.split,
        }
        rows: list[list[object]] = [
            [name, value, None]
            for name, value in {**fields, "box": item.box, "source": stored.source}.items()
            if value is not None
        ]
        for name, value in item.attributes.items():
            rows.append([name, ", ".join(value) if isinstance(value, list) else value, item.scores.get(name)])
        columns = ["", "value", "confidence"] if item.scores else ["", "value"]
        show.table(columns, [row[: len(columns)] for row in rows], wrapped=("value",))


@app.command("count")
def count_items(
    context: typer.Context,
    attributes: Annotated[
        list[str] | None, typer.Argument(metavar="ATTRIBUTE...", help="[all text attributes]")
    ] = None,
    where: option.WhereOption = None,
    top: Annotated[int, typer.Option(min=1, help="Values shown per attribute.")] = 10,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    json: option.JsonOption = False,
) -> None:
    """Count items, and how often each value of an attribute occurs among them."""
    with open_catalogue(context, store, collection) as catalogue:
        n = catalogue.count(where or ())
        kinds = catalogue.store.spec.kinds
        names = attributes or [name for name, kind in kinds.items() if kind == "keyword" and name != "name"]
        facets = {name: catalogue.facet(name, where or ()) for name in names}
    if json:
        # Pairs, not an object: a value may be a number, and the order (most frequent first) belongs to the answer.
        show.as_json({"n_items": n, "facets": {name: list(counts.items()) for name, counts in facets.items()}})
        return
    show.tell(show.plural(n, "item"))
    for name, counts in facets.items():
        rest = len(counts) - top
        rows = [(value, f"{many:,}") for value, many in list(counts.items())[:top]]
        show.table([f"{name} ({len(counts)})", "items"], rows, numbers=("items",))
        if rest > 0:
            show.tell(f"... and {rest:,} more; --top {len(counts)} shows them")


@app.command("export")
def export_items(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="FILE.jsonl|FILE.parquet")],
    vectors: Annotated[bool, typer.Option("--vectors", help="With the vectors.")] = False,
    where: option.WhereOption = None,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    json: option.JsonOption = False,
) -> None:
    """Write items to a file that `fm ingest` and other tools read."""
    from fashion_match.core.export import export
    from fashion_match.core.store.check import check_where

    with open_catalogue(context, store, collection) as catalogue:
        checked = check_where(option.build_filter(where), catalogue.store)
        n = export(catalogue.store, out, where=checked, with_vectors=vectors)
    if json:
        show.as_json({"n_items": n, "file": str(out)})
    else:
        show.tell(f"{show.plural(n, 'item')} -> {out}")


@app.command("delete")
def delete_items(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...")] = None,
    where: option.WhereOption = None,
    yes: option.YesOption = False,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    json: option.JsonOption = False,
) -> None:
    """Delete items by ID, or all that match --where. The photos themselves stay."""
    if bool(ids) == bool(where):
        raise UsageError("it is not clear what to delete.", "Give either IDs or --where CONDITION.")
    with open_catalogue(context, store, collection) as catalogue:
        if ids:
            gone = [stored.item.id for stored in catalogue.store.fetch(ids)]
            if missing := sorted(set(ids) - set(gone)):
                raise UsageError(
                    f"the collection {catalogue.collection} has no item {missing[0]!r}.", "Nothing was deleted."
                )
        else:
            gone = [item.id for item in catalogue.items(where or ())]
        if not yes and not typer.confirm(f"Delete {show.plural(len(gone), 'item')}?", err=True):
            raise typer.Exit(2)
        catalogue.delete(gone)
    if json:
        show.as_json({"n_deleted": len(gone)})
    else:
        show.tell(f"{show.plural(len(gone), 'item')} deleted")
