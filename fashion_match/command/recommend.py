"""``fm recommend``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.command.query import check_outputs, headline
from fashion_match.command.recommendation import print_outfits, print_recommendations


def recommend(
    context: typer.Context,
    picture: Annotated[Path | None, typer.Argument(help="A photo of the garment to recommend for.")] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="similar, attributes, season, color, outfit, ensemble, or a plugin's. [similar, or attributes]",
        ),
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An item of the catalogue to recommend for; repeatable.")
    ] = None,
    unlike: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An item whose like is not wanted; repeatable.")
    ] = None,
    describe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="An attribute of the garment in the PICTURE, or of one without a photo."
        ),
    ] = None,
    for_season: Annotated[
        str | None, typer.Option(metavar="SEASON", help="What to dress for; with season, outfit and ensemble.")
    ] = None,
    diversity: Annotated[
        float | None, typer.Option(metavar="0..1", help="Hits unlike each other; with similar. [0]")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Most that a whole outfit may cost; with outfit.")
    ] = None,
    one_per_product: Annotated[
        bool, typer.Option("--one-per-product/--no-one-per-product", help="One hit of each label, or all.")
    ] = True,
    color: option.ColorOption = None,
    season: option.SeasonOption = None,
    pattern: option.PatternOption = None,
    category: option.CategoryOption = None,
    gender: option.GenderOption = None,
    brand: option.BrandOption = None,
    usage: option.UsageOption = None,
    price: option.PriceOption = None,
    where: option.WhereOption = None,
    k: Annotated[int, typer.Option("-k", "--k", help="Number of hits; with outfit, of outfits.")] = 10,
    offset: Annotated[int, typer.Option(help="Skip this many hits.")] = 0,
    min_score: Annotated[float | None, typer.Option(metavar="SCORE", help="Leave out hits that score less.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with every vector instead of asking the index.")
    ] = False,
    settings: option.SetOption = None,
    sheet: option.SheetOption = None,
    html: option.HtmlOption = None,
    collection: option.CollectionOption = None,
    store: option.StoreOption = None,
    device: option.DeviceOption = "auto",
    engine: option.EngineOption = "auto",
    json: option.JsonOption = False,
) -> None:
    """Recommend garments for a PICTURE, for items of the catalogue, for a season, or within a filter, and say why.

    What is recommended meets all conditions, as in `fm query`; outfits meet them with every item.
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
    own: dict[str, Any] = {"season": for_season, "diversity": diversity, "budget": budget}
    options = {name: value for name, value in own.items() if value is not None} | option.parse_settings(settings)
    described = option.parse_description(describe)
    check_outputs(sheet, html)
    with open_catalogue(context, store, collection) as catalogue:
        answer = catalogue.recommend(
            picture,
            strategy=strategy,
            like=like or (),
            unlike=unlike or (),
            describe=described,
            where=wanted,
            k=k,
            offset=offset,
            min_score=min_score,
            exact=exact,
            one_per_product=one_per_product,
            strategy_options=options,
            compute=Compute(engine=engine, device=device, max_pixels=catalogue.settings.max_pixels),
            notify=show.say,
        )
        given = [picture] if picture else []
        given += [stored.item.image for stored in catalogue.store.fetch(like or ()) if stored.item.image is not None]
    outfits = any(hit.outfit for hit in answer)
    asked = headline(answer, picture, like or [], unlike or [], "like" if strategy in (None, "similar") else "for")
    heading = f"{show.plural(len(answer), 'outfit' if outfits else 'hit')} {asked}".replace(" ,", ",")
    if json:
        show.say(heading)
        show.as_json_lines(answer.hits)
    elif outfits:
        print_outfits(answer, heading)
    else:
        print_recommendations(answer, heading)
    if answer.note:
        show.say(answer.note[:1].upper() + answer.note[1:])
    if sheet is not None:
        from fashion_match.core.report.recommendation_sheet import recommendation_sheet

        filtered = [condition.key for condition in answer.where.conditions]
        recommendation_sheet(answer.hits, given=given, heading=heading, out=sheet, filtered=filtered)
        show.say(f"Contact sheet: {sheet}")
    if html is not None:
        from fashion_match.core.report.page import html_page

        filters = [str(condition) for condition in answer.where.conditions]
        command = shlex.join(["fm", *sys.argv[1:]])
        html_page(
            answer.hits,
            query=given[0] if given else None,
            heading=asked[:1].upper() + asked[1:],
            filters=filters,
            out=html,
            command=command,
        )
        show.say(f"Page: {html}")
