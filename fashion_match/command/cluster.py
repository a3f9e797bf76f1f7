"""``fm cluster``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import open_catalogue
from fashion_match.command.stage_bar import stage_bar
from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    from fashion_match.core.cluster import Clustering

STAGES = {"read": "reading vectors", "cluster": "clustering", "write": "writing attributes", "draw": "drawing sheets"}


def cluster(
    context: typer.Context,
    k: Annotated[str, typer.Option("-k", "--k", metavar="auto|N", help="Number of clusters.")] = "auto",
    k_range: Annotated[
        str, typer.Option(metavar="LOW..HIGH", help="Numbers of clusters that `auto` chooses from.")
    ] = "2..20",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="Write item, cluster and distance: .jsonl, .csv or .parquet."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the clusters into the collection, as the attribute `cluster`.")
    ] = False,
    sheets: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a contact sheet of each cluster, nearest to the centre first."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the clusters and of what is drawn by chance.")] = 0,
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
    """Put the items of a collection, or those that match a filter, into clusters by K-means.

    `-k auto` takes the number of clusters whose silhouette is highest. The same items and seed give the same clusters.
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
    n_clusters, tried = parse_k(k), parse_range(k_range)
    from fashion_match.command.neighbors import check_places

    out = check_places(out, None, "clusters")
    with open_catalogue(context, store, collection) as catalogue, stage_bar(STAGES) as tell:
        from fashion_match.core.cluster import cluster, write_attribute, write_clusters
        from fashion_match.core.cluster_sheets import write_cluster_sheets
        from fashion_match.core.store.check import check_where

        checked = check_where(wanted, catalogue.store)
        found = cluster(catalogue.store, k=n_clusters, where=checked, k_range=tried, seed=seed, on_progress=tell)
        if out is not None:
            write_clusters(out, found)
        if sheets is not None:
            write_cluster_sheets(
                catalogue.store, found, sheets, on_progress=lambda done, total: tell("draw", done, total)
            )
        if write:
            write_attribute(catalogue.store, found, on_progress=tell)
    if json:
        show.as_json(_as_object(found))
    else:
        _print(found)
    if out is not None:
        show.say(f"Clusters: {out}")
    if sheets is not None:
        show.say(f"Contact sheets: {found.k} in {sheets}")
    if write:
        show.say("Written as the attribute cluster: `fm query --where cluster=1`. The next ingest takes it off again.")


def parse_k(text: str) -> int | None:
    """Return the number that ``-k`` means, ``None`` for ``auto``. Raises UsageError where it is neither."""
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"-k {text}: that is no number of clusters.", "Give 2 or more, or `auto`.") from None


def parse_range(text: str) -> tuple[int, int]:
    """Return both ends of ``LOW..HIGH``. Raises UsageError where it is no range of whole numbers."""
    low, dots, high = text.partition("..")
    try:
        if dots:
            return int(low), int(high)
    except ValueError:
        pass
    raise UsageError(f"--k-range {text}: that is no range.", "Write --k-range 2..20.")


def _print(found: Clustering) -> None:
    n = len(found.gathered)
    sampled = f", measured on {found.n_measured:,} of them drawn by chance" if found.n_measured < n else ""
    show.tell(f"{found.k} clusters of {show.plural(n, 'item')}; silhouette {found.silhouette:.3f} (-1..1){sampled}")
    if len(found.tried) > 1:
        show.tell("silhouette by k: " + ", ".join(f"{k} {score:.3f}" for k, score in found.tried.items()))
    rows = [
        [one.number, f"{len(one):,}", found.gathered.members[one.rows[0]].id, ", ".join(map(str, one.typical))]
        for one in found.clusters
    ]
    show.table(
        ["cluster", "items", "middle", "typical (share, x lift)"], rows, numbers=("cluster", "items"), whole=("middle",)
    )


def _as_object(found: Clustering) -> dict[str, object]:
    return {
        "n_items": len(found.gathered),
        "k": found.k,
        "silhouette": round(found.silhouette, 6),
        "n_measured": found.n_measured,
        "tried": [[k, round(score, 6)] for k, score in found.tried.items()],
        "clusters": [
            {
                "cluster": one.number,
                "n_items": len(one),
                "middle": found.gathered.members[one.rows[0]].id,
                "typical": [
                    {"attribute": t.attribute, "value": t.value, "share": t.share, "lift": t.lift} for t in one.typical
                ],
            }
            for one in found.clusters
        ],
    }
