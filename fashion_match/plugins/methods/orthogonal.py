"""Method ``orthogonal``: the items of one catalogue as far apart as they can be, without labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from fashion_match import Batches, Encoding, Options, Recipe, TrainingContext

if TYPE_CHECKING:
    from torch import nn


class OrthogonalOptions(Options):
    """Options of ``orthogonal``."""

    exact: bool = Field(
        True, description="one step over the whole catalogue, by batches; false makes a step of every batch"
    )


class Orthogonal:
    """Adapts a model to the very catalogue that it will search: the pairwise dot products of the items shrink.

    It has no head of its own: the features of the backbone are pulled apart, or the embeddings of the model that a
    run begins with. Queries, where the source has them, are not trained on.
    """

    needs: frozenset[str] = frozenset()
    label_by: tuple[str, ...] = ()
    validation: Literal["labels", "attributes", "views"] = "views"
    trains_on: Literal["all", "gallery"] = "gallery"

    def __init__(self, options: OrthogonalOptions) -> None:
        self.options = options

    def recipe(self, context: TrainingContext) -> Recipe:
        from fashion_match.plugins.methods.orthogonal_term import OrthogonalTerm

        return Recipe(
            terms={"orthogonal": OrthogonalTerm(exact=self.options.exact)},
            batches=Batches(one_step=self.options.exact),
            # Of the published study: 15 steps of Adam at 5e-5, every item in every step, no augmentation.
            defaults={
                "epochs": 15,
                "lr": 5e-5,
                "optimizer": "adam",
                "weight_decay": 0.0,
                "schedule": "constant",
                "augment": "none",
                "batch_norm": "frozen",
            },
        )

    def make_head(self, dim: int, options: Mapping[str, Any], encoding: Encoding | None) -> nn.Module | None:
        return None
