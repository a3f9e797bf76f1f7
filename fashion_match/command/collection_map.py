"""``fm map``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.command.stage_bar import stage_bar
from fashion_match.core.error import UsageError

STAGES = {"read": "reading vectors", "place": "placing", "draw": "adding photos"}


def draw_map(
    context: typer.Context,
    png: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Write the map as a picture.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write it as a page in which a point shows its photo.")
    ] = None,
    method: Annotated[
        Literal["pca", "tsne", "umap"],
        typer.Option(help="How the points are placed. umap needs `pip install 'fashion-match[umap]'`."),
    ] = "tsne",
    by: Annotated[
        str | None, typer.Option(metavar="ATTRIBUTE", help="What the points are coloured by. [category, else label]")
    ] = None,
    points: Annotated[int, typer.Option(min=2, help="Most items shown; drawn by chance where there are more.")] = 1500,
    seed: Annotated[int, typer.Option(min=0, help="Of the places and of what is drawn by chance.")] = 0,
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
    """Draw a collection, or what matches a filter, as a map on which alike items lie near each other."""
    from fashion_match.core.output import check_output

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
    if png is None and html is None and not json:
        raise UsageError("the map has nowhere to go.", "Give --png FILE.png, --html FILE.html, or --json.")
    if png is not None:
        check_output(png, (".png",))
    if html is not None:
        check_output(html, (".html", ".htm"))
    with open_catalogue(context, store, collection) as catalogue, stage_bar(STAGES) as tell:
        from fashion_match.core.collection_map import make_map
        from fashion_match.core.store.check import check_key, check_where

        shown = make_map(
            catalogue.store,
            attribute=None if by is None else check_key(by, catalogue.store),
            method=method,
            where=check_where(wanted, catalogue.store),
            n_points=points,
            seed=seed,
            on_progress=tell,
        )
        if png is not None:
            from fashion_match.core.report.map_plot import map_picture

            map_picture(shown, out=png)
        if html is not None:
            from fashion_match.core.report.map_page import map_page

            map_page(shown, out=html, on_progress=lambda done, total: tell("draw", done, total))
    if json:
        show.as_json_lines({"id": p.id, "x": round(p.x, 5), "y": round(p.y, 5), "value": p.value} for p in shown.points)
        say = show.say
    else:
        say = show.tell
    say(f"{shown.heading}: " + " ".join(shown.notes))
    for name, file in (("Picture", png), ("Page", html)):
        if file is not None:
            show.say(f"{name}: {file}")
