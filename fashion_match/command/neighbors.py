"""``fm neighbors``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.command.stage_bar import stage_bar
from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    from fashion_match.core.catalogue import Catalogue
    from fashion_match.core.neighbors import AllNeighbors, Neighborhood
    from fashion_match.core.where import Where

STAGES = {"read": "reading vectors", "compare": "comparing", "draw": "drawing sheets"}


def neighbors(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Items whose neighbours are wanted.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="The neighbours of every item that matches.")] = False,
    k: Annotated[int, typer.Option("-k", "--k", help="Number of neighbours.")] = 10,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="Write them, as its name says: .jsonl, .csv or .parquet."),
    ] = None,
    sheets: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a contact sheet for an item, the item top left.")
    ] = None,
    strips: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png|FILE.html", help="Write items and their neighbours as rows of photos."),
    ] = None,
    pictures: Annotated[
        int, typer.Option(min=1, help="Most items on sheets and strips; drawn by chance where there are more.")
    ] = 25,
    right_by: Annotated[
        str,
        typer.Option(
            metavar="ATTRIBUTE", help="What right neighbours share with an item; marked on sheets and strips."
        ),
    ] = "label",
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Instead: photos that the collection has twice, in groups.")
    ] = False,
    by: Annotated[
        Literal["look", "cosine"], typer.Option(help="How duplicates are told: by the photos, or by the vectors.")
    ] = "look",
    limit: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER", help="Largest difference of looks [0.22], or least cosine [0.99], of duplicates."
        ),
    ] = None,
    delete_list: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the ids of duplicates that could go, one a line.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn by chance.")] = 0,
    color: option.ColorOption = None,
    season: option.SeasonOption = None,
    pattern: option.PatternOption = None,
    category: option.CategoryOption = None,
    gender: option.GenderOption = None,
    brand: option.BrandOption = None,
    usage: option.UsageOption = None,
    price: option.PriceOption = None,
    where: option.WhereOption = None,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    json: option.JsonOption = False,
) -> None:
    """Find the nearest items of the items ID..., or of --all, by the vectors that are stored; or --duplicates.

    A filter leaves out neighbours, and with --all the items themselves too. Every item is compared with every other:
    the neighbours are exact. Killed, the same command with --all and --out goes on where it stopped.
    """
    wanted = option.build_filter(
        where,
        price,
        color=color,
        season=season,
        pattern=pattern,
        category=category,
        gender=gender,
        brand=brand,
        usage=usage,
    )
    if duplicates:
        if ids or everyone or strips is not None:
            raise UsageError(
                "--duplicates looks at the whole collection, and draws no strips.",
                "Leave out ID..., --all and --strips; a filter narrows it down.",
            )
        from fashion_match.command.duplicates import find_and_show

        find_and_show(
            context,
            wanted,
            by=by,
            limit=limit,
            out=out,
            sheets=sheets,
            pictures=pictures,
            delete_list=delete_list,
            collection=collection,
            store=store,
            json=json,
        )
        return
    if delete_list is not None or limit is not None:
        raise UsageError("--delete-list and --limit are about duplicates.", "Add --duplicates.")
    if bool(ids) == everyone:
        raise UsageError("it is not clear whose neighbours are wanted.", "Give either IDs or --all.")
    if everyone and out is None and strips is None and sheets is None and not json:
        raise UsageError("the neighbours of all items are too many to be shown.", "Give --out FILE, or --json.")
    out = check_places(out, strips, "neighbors")
    with open_catalogue(context, store, collection) as catalogue:
        from fashion_match.core.store.check import check_key, check_where

        attribute = check_key(right_by, catalogue.store)
        checked = check_where(wanted, catalogue.store)
        found = _found(catalogue, ids or [], everyone, checked, k, attribute, out)
        if sheets is not None or strips is not None:
            _draw(catalogue, found, checked, attribute, sheets, strips, pictures, seed)
    if json and out is None:
        show.as_json_lines(_as_row(hood) for hood in found)
    elif json:
        show.as_json({"n_items": len(found), "k": max((len(hood.neighbors) for hood in found[:1]), default=0)})
    elif not everyone:
        for hood in found:
            _print(hood)
    if out is not None and not json:
        show.tell(f"{show.plural(len(found), 'item')} with their neighbours -> {out}")


def check_places(out: Path | None, strips: Path | None, name: str) -> Path | None:
    """Return the file that ``out`` means, in a folder one that is called ``name``.

    Raises UsageError where a file could not be written, before any work is done for it.
    """
    from fashion_match.core.neighbor_sheets import STRIP_FORMATS
    from fashion_match.core.output import check_output
    from fashion_match.core.table_file import TABLE_FORMATS

    if out is not None:
        out = out / f"{name}.jsonl" if out.is_dir() else out
        check_output(out, TABLE_FORMATS)
    if strips is not None:
        check_output(strips, STRIP_FORMATS)
    return out


def _found(
    catalogue: Catalogue, ids: Sequence[str], everyone: bool, where: Where, k: int, attribute: str, out: Path | None
) -> Sequence[Neighborhood]:
    from fashion_match.core.neighbors import all_neighbors, neighbors_of, write_all_neighbors, write_neighbors

    if not everyone:
        some = neighbors_of(catalogue.store, ids, where=where, k=k, attribute=attribute)
        if out is not None:
            write_neighbors(out, some)
        return some
    with stage_bar(STAGES) as tell:
        found: AllNeighbors
        if out is None:
            found = all_neighbors(catalogue.store, where=where, k=k, attribute=attribute, on_progress=tell)
        else:
            found = write_all_neighbors(
                catalogue.store, out, where=where, k=k, attribute=attribute, notify=show.say, on_progress=tell
            )
    if found.rows.shape[1] < k:
        show.say(f"Each item has only {show.plural(found.rows.shape[1], 'neighbour')}: no more others match.")
    return found


def _draw(
    catalogue: Catalogue,
    found: Sequence[Neighborhood],
    where: Where,
    attribute: str,
    sheets: Path | None,
    strips: Path | None,
    pictures: int,
    seed: int,
) -> None:
    from fashion_match.core.gather import make_member
    from fashion_match.core.neighbor_sheets import Judge, draw_by_chance, write_sheets, write_strips
    from fashion_match.core.neighbors import AllNeighbors

    if isinstance(found, AllNeighbors):
        everyone = found.gathered.members
    else:
        everyone = [make_member(stored.item, attribute) for stored in catalogue.store.scan(where)]
    judge = Judge(everyone)
    shown = draw_by_chance(found, pictures, seed)
    note = f"{len(shown)} of {len(found):,} items, drawn by chance" if len(shown) < len(found) else ""
    if note:
        show.say(f"Shown: {note}; --pictures {len(found)} shows all.")
    if sheets is not None:
        with stage_bar(STAGES) as tell:
            write_sheets(
                catalogue.store, shown, sheets, judge, on_progress=lambda done, total: tell("draw", done, total)
            )
        show.say(f"Contact sheets: {len(shown)} in {sheets}")
    if strips is not None:
        heading = f"Neighbours in {catalogue.collection}" + (f" with {where}" if where else "")
        if attribute != "label":
            heading += f", right where {attribute} is the same"
        write_strips(catalogue.store, shown, judge, heading=heading, out=strips, note=note)
        show.say(f"Strips: {strips}")


def _print(hood: Neighborhood) -> None:
    show.tell(f"next to {hood.id}")
    rows = [[rank, f"{near.score:.3f}", near.id, near.member.label] for rank, near in enumerate(hood.neighbors, 1)]
    show.table(["rank", "score", "id", "label"], rows, numbers=("rank", "score"), whole=("id",))


def _as_row(hood: Neighborhood) -> dict[str, object]:
    return {"id": hood.id, "neighbors": [{"id": near.id, "score": near.score} for near in hood.neighbors]}
