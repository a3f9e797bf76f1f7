"""Built-in recommenders."""

from __future__ import annotations

from fashion_match import Recommender, Registry, hookimpl


@hookimpl
def fm_register_recommenders(recommenders: Registry[Recommender]) -> None:
    from .attributes import AttributeRecommender
    from .similar import SimilarRecommender

    recommenders.register("similar", SimilarRecommender, summary="nearest to the anchor, within the filter")
    recommenders.register(
        "attributes", AttributeRecommender, summary="by the filter alone: most confident, else most typical, first"
    )
