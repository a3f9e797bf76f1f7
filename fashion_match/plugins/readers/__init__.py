"""The built-in readers. A hook imports what it needs when it fires, so that a query pays for none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fashion_match import hookimpl

if TYPE_CHECKING:
    from fashion_match import Reader, Registry


@hookimpl
def fm_register_readers(readers: Registry[Reader]) -> None:
    from fashion_match.plugins.readers import (
        deepfashion,
        drawn,
        fashion_analysis,
        folders,
        kaggle_fashion,
        outfits,
        queries_targets,
        style_id,
        table,
    )

    readers.register(
        "folders",
        folders.FoldersReader,
        options=folders.FoldersOptions,
        summary="Folders of photos: CLASS/PHOTO, SPLIT/CLASS/PHOTO, or photos alone.",
    )
    readers.register(
        "style-id",
        style_id.StyleIdReader,
        options=style_id.StyleIdOptions,
        summary="One folder of photos named STYLE_ANYTHING.jpg.",
    )
    readers.register(
        "table",
        table.TableReader,
        options=table.TableOptions,
        summary="A CSV, TSV, Parquet or JSON lines table, one row per photo.",
    )
    readers.register(
        "kaggle-fashion",
        kaggle_fashion.KaggleFashionReader,
        options=kaggle_fashion.KaggleFashionOptions,
        summary="Fashion Product Images: styles.csv and images/ID.jpg.",
    )
    readers.register(
        "fashion-analysis",
        fashion_analysis.FashionAnalysisReader,
        options=fashion_analysis.FashionAnalysisOptions,
        summary="fashion_analysis_*.json: detected garments with boxes, attributes and confidences.",
    )
    readers.register(
        "outfits",
        outfits.OutfitsReader,
        options=outfits.OutfitsOptions,
        summary="JSON of outfit items: attributes, and photos where there are any.",
    )
    readers.register(
        "deepfashion-category",
        deepfashion.CategoryReader,
        options=deepfashion.DeepFashionOptions,
        summary="DeepFashion Category and Attribute Prediction: categories, boxes, splits.",
    )
    readers.register(
        "deepfashion-landmark",
        deepfashion.LandmarkReader,
        options=deepfashion.DeepFashionOptions,
        summary="DeepFashion Fashion Landmark Detection: clothes types, boxes, splits.",
    )
    readers.register(
        "deepfashion-inshop",
        deepfashion.InShopReader,
        options=deepfashion.DeepFashionOptions,
        summary="DeepFashion In-shop Clothes Retrieval: products, queries and gallery.",
    )
    readers.register(
        "queries-targets",
        queries_targets.QueriesTargetsReader,
        options=queries_targets.QueriesTargetsOptions,
        summary="Query photos and the product photos that they show.",
    )
    readers.register(
        "drawn",
        drawn.DrawnReader,
        options=drawn.DrawnOptions,
        summary="Draws a catalogue of garments of its own: drawn, or drawn:FOLDER.",
    )


@hookimpl(trylast=True)
def fm_guess_reader(source: str) -> str | None:
    from fashion_match.plugins.readers.guess import guess_reader

    return guess_reader(source)
