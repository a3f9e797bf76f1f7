"""Built-in recommenders."""

from __future__ import annotations

from functools import partial

from fashion_match import Recommender, Registry, hookimpl


@hookimpl
def fm_register_recommenders(recommenders: Registry[Recommender]) -> None:
    from .attributes import AttributeRecommender
    from .color import ColorOptions, ColorRecommender
    from .ensemble import EnsembleOptions, EnsembleRecommender
    from .outfit import OutfitOptions, OutfitRecommender
    from .season import SeasonOptions, SeasonRecommender
    from .similar import SimilarOptions, SimilarRecommender

    recommenders.register(
        "similar", SimilarRecommender, options=SimilarOptions, summary="nearest to the anchor, within the filter"
    )
    recommenders.register(
        "attributes", AttributeRecommender, summary="by the filter alone: most confident, else most typical, first"
    )
    recommenders.register(
        "season", SeasonRecommender, options=SeasonOptions, summary="what suits a season, known or by its neighbours"
    )
    recommenders.register(
        "color", ColorRecommender, options=ColorOptions, summary="coordinated in colour with a garment"
    )
    recommenders.register(
        "outfit", OutfitRecommender, options=OutfitOptions, summary="completes a garment to whole outfits"
    )
    recommenders.register(
        "ensemble",
        partial(EnsembleRecommender, recommenders=recommenders),
        options=EnsembleOptions,
        summary="several recommenders at once, each with its weight",
    )
