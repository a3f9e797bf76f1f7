"""Method ``triplet``: photos of one label come to lie nearer to each other than to any other photo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from fashion_match import Batches, Choice, Encoding, Recipe, TrainingContext
from fashion_match.plugins.methods.head import HeadOptions, photo_head
from fashion_match.plugins.methods.loss_option import usually

if TYPE_CHECKING:
    from torch import nn

BATCH_HARD = Choice(name="batch_hard")


class TripletOptions(HeadOptions):
    """Options of ``triplet``."""

    loss: Annotated[Choice, usually(BATCH_HARD)] = Field(
        BATCH_HARD, description="any registered loss; its options as loss.KEY"
    )
    photos_per_label: int = Field(4, ge=2, description="K of P x K batches")
    hard_from: float = Field(
        0.5, ge=0, le=1, description="part of the run from which on the hardest negatives are mined; semihard before"
    )
    on_collapse: Literal["soften", "warn"] = Field(
        "soften", description="what to do when all embeddings become alike: mine softer negatives, or only say so"
    )


class Triplet:
    """Batch-hard triplets by default (Hermans et al. 2017); any other loss over labels by name."""

    needs = frozenset({"label"})
    label_by: tuple[str, ...] = ()
    validation: Literal["labels", "attributes", "views"] = "labels"
    trains_on: Literal["all", "gallery"] = "all"

    def __init__(self, options: TripletOptions) -> None:
        self.options = options

    def recipe(self, context: TrainingContext) -> Recipe:
        from fashion_match.plugins.methods.metric_term import MetricTerm

        options = self.options
        loss = context.make_loss(options.loss.name, options.loss.options, dim=options.dim)
        return Recipe(
            terms={"triplet": MetricTerm(loss, soften=options.on_collapse == "soften", hard_from=options.hard_from)},
            head_options=options.head_options(),
            batches=Batches(photos_per_label=options.photos_per_label),
            defaults={"lr": 1e-3},
        )

    def make_head(self, dim: int, options: Mapping[str, Any], encoding: Encoding | None) -> nn.Module:
        return photo_head(dim, options)
