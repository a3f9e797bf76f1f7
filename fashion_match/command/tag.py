"""``fm tag``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue

if TYPE_CHECKING:
    from fashion_match.core.tag import Tagged


def tag(
    context: typer.Context,
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos of one garment each.")],
    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="A saved model, or a run. [the collection's]")
    ] = None,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    device: option.DeviceOption = "auto",
    engine: option.EngineOption = "auto",
    json: option.JsonOption = False,
) -> None:
    """Tell the attributes of photos by a model of `--plugin classifier`, each with its confidence.

    Exit code 3 says that some photos could not be used.
    """
    from fashion_match.core.compute import Compute

    with open_catalogue(context, store, collection) as catalogue:
        compute = Compute(engine=engine, device=device, max_pixels=catalogue.settings.max_pixels)
        found = list(catalogue.tag(photos, model=model, compute=compute, notify=show.say))
    if json:
        show.as_json_lines(found)
    else:
        names = list(dict.fromkeys(name for tagged in found for name in tagged.attributes))
        rows = [[tagged.image, *(_cell(tagged, name) for name in names)] for tagged in found]
        show.table(["photo", *names], rows, whole=("photo",))
        for tagged in found:
            if tagged.failure:
                show.say(f"{tagged.image} cannot be used: {tagged.failure}.")
    if any(tagged.failure for tagged in found):
        raise typer.Exit(3)


def _cell(tagged: Tagged, name: str) -> str:
    found = tagged.attributes.get(name)
    return f"{found.value} {found.confidence:.0%}" if found is not None else ""
