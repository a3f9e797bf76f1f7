"""``fm query``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.core.where import Where

if TYPE_CHECKING:
    from fashion_match.core.query import Answer


def query(
    context: typer.Context,
    picture: Annotated[Path | None, typer.Argument(help="A photo to find the like of.")] = None,
    describe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="An attribute of the garment to find the like of, for a model that looks at attributes.",
        ),
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An item of the catalogue to find the like of.")
    ] = None,
    color: option.ColorOption = None,
    season: option.SeasonOption = None,
    pattern: option.PatternOption = None,
    category: option.CategoryOption = None,
    gender: option.GenderOption = None,
    brand: option.BrandOption = None,
    usage: option.UsageOption = None,
    price: option.PriceOption = None,
    where: option.WhereOption = None,
    k: Annotated[int, typer.Option("-k", "--k", help="Number of hits.")] = 10,
    offset: Annotated[int, typer.Option(help="Skip this many hits.")] = 0,
    min_score: Annotated[float | None, typer.Option(metavar="SCORE", help="Leave out hits that score less.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with every vector instead of asking the index.")
    ] = False,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="A recommender, as of `fm recommend`. [similar, or attributes]")
    ] = None,
    settings: option.SetOption = None,
    sheet: option.SheetOption = None,
    html: option.HtmlOption = None,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    device: option.DeviceOption = "auto",
    engine: option.EngineOption = "auto",
    json: option.JsonOption = False,
) -> None:
    """Find garments by a PICTURE, by an item of the catalogue, by attributes, or by any mix of them.

    Conditions on different attributes must all hold; several values of one attribute mean any of them. What is given
    as --describe is no condition: with the PICTURE, or without one, it makes the garment to find the like of.
    """
    from fashion_match.core.compute import Compute

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
    described = option.parse_description(describe)
    check_outputs(sheet, html)
    with open_catalogue(context, store, collection) as catalogue:
        answer = catalogue.query(
            picture,
            describe=described,
            like=like or (),
            where=wanted,
            k=k,
            offset=offset,
            min_score=min_score,
            exact=exact,
            strategy=strategy,
            strategy_options=option.parse_settings(settings),
            compute=Compute(engine=engine, device=device, max_pixels=catalogue.settings.max_pixels),
            notify=show.say,
        )
        shown = picture or (catalogue.store.fetch(like[:1])[0].item.image if like else None)
    asked = headline(answer, picture, like or [])
    heading = f"{show.plural(len(answer), 'hit')} {asked}"
    if json:
        show.say(heading)
        show.as_json_lines(answer.hits)
    else:
        print_answer(answer, heading)
    if answer.note:
        show.say(answer.note[:1].upper() + answer.note[1:])
    if sheet is not None:
        from fashion_match.core.report.sheet import contact_sheet

        contact_sheet(answer.hits, query=shown, heading=asked[:1].upper() + asked[1:], out=sheet)
        show.say(f"Contact sheet: {sheet}")
    if html is not None:
        from fashion_match.core.report.page import html_page

        filters = [str(condition) for condition in answer.where.conditions]
        command = shlex.join(["fm", *sys.argv[1:]])
        html_page(
            answer.hits, query=shown, heading=asked[:1].upper() + asked[1:], filters=filters, out=html, command=command
        )
        show.say(f"Page: {html}")


def check_outputs(sheet: Path | None, html: Path | None) -> None:
    """Raise UsageError where a report could not be written, before any work is done for it."""
    if sheet is None and html is None:
        return
    from fashion_match.core.output import check_output
    from fashion_match.core.report.page import PAGE_FORMATS
    from fashion_match.core.report.sheet import SHEET_FORMATS

    for out, formats in ((sheet, SHEET_FORMATS), (html, PAGE_FORMATS)):
        if out is not None:
            check_output(out, formats)


def headline(
    answer: Answer, picture: Path | None, like: list[str], unlike: Sequence[str] = (), relation: str = "like"
) -> str:
    """Return what was asked and how the hits are ranked: ``"like a.jpg with color=Blue, by cosine to the anchor"``.

    Args:
        relation: of the hits to what was given: ``"like"``, or ``"for"``.
    """
    described = " ".join(str(Where.equal(name, value)) for name, value in answer.described.items())
    anchors = [*filter(None, (str(picture or ""), described)), *(f"item {item_id}" for item_id in like)]
    asked = [f"{relation} {' and '.join(anchors)}"] if anchors else []
    if unlike:
        asked.append(f"and unlike {' and '.join(f'item {item_id}' for item_id in unlike)}")
    if answer.where:
        asked.append(f"with {answer.where}")
    return " ".join(asked) + (f", by {answer.ranked_by}" if answer.hits else "")


def print_answer(answer: Answer, heading: str) -> None:
    """Print the hits as a table under their heading."""
    show.tell(heading)
    if not answer.hits:
        return
    columns = [name for name in option.SHOWN if any(name in hit.attributes for hit in answer.hits)]
    # That a hit meets the filter goes without saying; what it shares with the anchor is worth a column.
    filtered = {condition.key for condition in answer.where.conditions}
    agreed = [
        ", ".join(name for name in (why.partition(":")[0] for why in hit.why) if name not in filtered)
        for hit in answer.hits
    ]
    if any(agreed):
        columns.append("same")
    likely = ["" if hit.p_same is None else f"{100 * hit.p_same:.0f} %" for hit in answer.hits]
    first = ["score", "same style", "id"] if any(likely) else ["score", "id"]
    rows = []
    for hit, shared, share in zip(answer.hits, agreed, likely, strict=True):
        cells = {**hit.attributes, "score": f"{hit.score:.3f}", "same style": share, "id": hit.id, "same": shared}
        rows.append([cells.get(name) for name in (*first, *columns)])
    show.table([*first, *columns], rows, numbers=("score", "same style", "price"), whole=first)
