"""``fm collections``: what a store holds."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue

app = typer.Typer(help="List, describe and delete collections.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("list")
def list_collections(context: typer.Context, store: option.StoreOption = None, json: option.JsonOption = False) -> None:
    """List the collections of a store."""
    from fashion_match.core.model.choice import describe_origin

    with open_catalogue(context, store) as catalogue:
        specs = {name: catalogue.location.spec(name) for name in catalogue.location.names()}
        address = catalogue.location.address
    if json:
        show.as_json_lines({"name": name, **spec.model_dump()} for name, spec in specs.items())
    elif specs:
        show.table(
            ["name", "width", "model", "attributes", "created"],
            [[n, s.dim, describe_origin(s.model), ", ".join(s.kinds), s.created] for n, s in specs.items()],
            numbers=("width",),
            whole=("name",),
            wrapped=("model", "attributes"),
        )
    else:
        show.say(f"{address} has no collections yet. Make one: fm ingest SOURCE")


@app.command("show")
def show_collection(
    context: typer.Context, name: Name, store: option.StoreOption = None, json: option.JsonOption = False
) -> None:
    """Describe a collection: its model, its attributes, how many items it holds."""
    from fashion_match.core.model.choice import describe_origin

    with open_catalogue(context, store, name) as catalogue:
        spec, n = catalogue.store.spec, catalogue.store.count()
        address = catalogue.location.address
    if json:
        show.as_json({"name": name, "n_items": n, **spec.model_dump()})
        return
    rows: list[tuple[str, Any]] = [("collection", name), ("store", address), ("items", f"{n:,}")]
    rows += [("model", describe_origin(spec.model)), ("fingerprint", spec.fingerprint), ("width", spec.dim)]
    rows += [("created", spec.created)]
    rows += [
        (f"attribute {name}", kind + (" with confidence" if name in spec.scored else ""))
        for name, kind in spec.kinds.items()
    ]
    show.table(["what", "value"], rows, wrapped=("value",))


@app.command("delete")
def delete_collection(
    context: typer.Context,
    name: Name,
    yes: option.YesOption = False,
    store: option.StoreOption = None,
    json: option.JsonOption = False,
) -> None:
    """Delete a collection with everything in it. The photos themselves stay."""
    with open_catalogue(context, store, name) as catalogue:
        n = catalogue.store.count()
        if not yes and not typer.confirm(f"Delete the collection {name} with {show.plural(n, 'item')}?", err=True):
            raise typer.Exit(2)
        catalogue.drop()
    if json:
        show.as_json({"name": name, "n_deleted": n})
    else:
        show.tell(f"{name} deleted, with {show.plural(n, 'item')}")
