"""``fm neighbors --duplicates``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fashion_match.command import show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.command.stage_bar import stage_bar

if TYPE_CHECKING:
    from fashion_match.core.duplicates import By, Duplicates
    from fashion_match.core.where import Where

STAGES = {"read": "reading photos", "compare": "comparing", "draw": "drawing sheets"}
SHOWN_GROUPS, SHOWN_OTHERS = 20, 5
TYPED_IDS = 20
"""Ids that still fit into a command that a person copies."""


def find_and_show(
    context: typer.Context,
    where: Where,
    *,
    by: By,
    limit: float | None,
    out: Path | None,
    sheets: Path | None,
    pictures: int,
    delete_list: Path | None,
    collection: str | None,
    store: str | None,
    json: bool,
) -> None:
    """Find near duplicates, write what is wanted of them, and say how the others of each group are deleted."""
    from fashion_match.command.neighbors import check_places
    from fashion_match.core.duplicate_sheets import write_duplicate_sheets
    from fashion_match.core.duplicates import find_duplicates, write_duplicates, write_ids
    from fashion_match.core.store.check import check_where

    out = check_places(out, None, "duplicates")
    with open_catalogue(context, store, collection) as catalogue, stage_bar(STAGES) as tell:
        found = find_duplicates(
            catalogue.store,
            where=check_where(where, catalogue.store),
            by=by,
            limit=limit,
            max_pixels=catalogue.settings.max_pixels,
            on_progress=tell,
        )
        if out is not None:
            write_duplicates(out, found)
        shown = found.groups[:pictures]
        if sheets is not None:
            write_duplicate_sheets(shown, sheets, by, on_progress=lambda done, total: tell("draw", done, total))
    ids = found.to_delete()
    if delete_list is not None:
        write_ids(delete_list, ids)
    if json:
        if out is None:
            show.as_json_lines(_as_object(found))
        else:
            show.as_json({"n_items": found.n_items, "n_groups": len(found.groups), "n_could_go": len(ids)})
    else:
        _print(found, ids)
    for line in found.unknown:
        show.say(line[:1].upper() + line[1:])
    if out is not None:
        show.say(f"Groups: {out}")
    if sheets is not None:
        more = f" of the largest {len(shown)} groups; --pictures {len(found.groups)} draws all"
        show.say(f"Contact sheets: {len(shown)} in {sheets}" + (more if len(shown) < len(found.groups) else ""))
    if ids:
        show.say(_remedy(ids, delete_list, collection, store))


def _print(found: Duplicates, ids: list[str]) -> None:
    least = "differ by at most" if found.by == "look" else "have a cosine of at least"
    show.tell(
        f"{show.plural(len(found.groups), 'group')} of near duplicates among {show.plural(found.n_items, 'item')}: "
        f"{show.plural(len(ids), 'item')} could go. All of a group {least} {found.limit:g} "
        f"{'from' if found.by == 'look' else 'to'} the one to keep."
    )
    if not found.groups:
        return
    rows = []
    for number, group in enumerate(found.groups[:SHOWN_GROUPS], 1):
        others = ", ".join(f"{one.id} ({one.apart:.4f})" for one in group.others[:SHOWN_OTHERS])
        if len(group.others) > SHOWN_OTHERS:
            others += f" and {len(group.others) - SHOWN_OTHERS:,} more"
        rows.append([number, group.kept.id, f"{group.kept.n_pixels:,}", others])
    apart = "difference" if found.by == "look" else "cosine"
    show.table(["group", "keep", "pixels", f"others ({apart})"], rows, numbers=("group", "pixels"), whole=("keep",))
    if len(found.groups) > SHOWN_GROUPS:
        show.tell(f"... and {len(found.groups) - SHOWN_GROUPS:,} more; --out FILE has them all")


def _as_object(found: Duplicates) -> list[dict[str, object]]:
    return [
        {
            "group": number,
            "keep": group.kept.id,
            "others": [{"id": one.id, found.by: one.apart} for one in group.others],
        }
        for number, group in enumerate(found.groups, 1)
    ]


def _remedy(ids: list[str], listed: Path | None, collection: str | None, store: str | None) -> str:
    """Return how to delete these items: nothing is deleted by looking for them."""
    places = [*(["--collection", collection] if collection else []), *(["--store", store] if store else [])]
    command = ["fm", "items", "delete", *places]
    if listed is not None:
        return f"To delete them: xargs -d '\\n' {shlex.join([*command, '--yes', '--'])} < {shlex.quote(str(listed))}"
    if len(ids) <= TYPED_IDS:
        return f"To delete them: {shlex.join([*command, '--', *ids])}"
    return f"To delete them, write the {len(ids):,} ids into a file with --delete-list FILE."
