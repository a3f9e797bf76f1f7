"""``fm doctor``."""

from __future__ import annotations

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue


def doctor(
    context: typer.Context,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    json: option.JsonOption = False,
) -> None:
    """Look at versions, device, disk, weights, store and models, and say how to mend what is amiss.

    Exit code 5 if anything is.
    """
    from fashion_match.core.doctor import examine

    with open_catalogue(context, store, collection) as catalogue:
        findings = list(examine(catalogue))
    if json:
        show.as_json_lines(findings)
    else:
        show.table(
            ["", "check", "found", "what to do"],
            [[MARKS[f.state], f.check, f.found, f.remedy] for f in findings],
            wrapped=("found", "what to do"),
        )
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(5)


MARKS = {"ok": "ok", "note": "note", "wrong": "WRONG"}
