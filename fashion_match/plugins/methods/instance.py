"""Method ``instance``: augmented views of one photo near each other, without labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from fashion_match import Batches, Choice, Encoding, Recipe, TrainingContext
from fashion_match.plugins.methods.head import HeadOptions, photo_head
from fashion_match.plugins.methods.loss_option import usually

if TYPE_CHECKING:
    from torch import nn

SUP_CON = Choice(name="sup_con")


class InstanceOptions(HeadOptions):
    """Options of ``instance``."""

    loss: Annotated[Choice, usually(SUP_CON)] = Field(
        SUP_CON, description="any registered loss; its options as loss.KEY"
    )
    views: int = Field(2, ge=2, description="of each photo in a batch")
    weight: float = Field(1.0, gt=0, description="of the term, beside those of other methods")


class Instance:
    """Every photo is a label of its own, and its views are the photos of it (Chen et al. 2020, "SimCLR")."""

    needs: frozenset[str] = frozenset()
    label_by: tuple[str, ...] = ()
    validation: Literal["labels", "attributes", "views"] = "views"
    trains_on: Literal["all", "gallery"] = "all"

    def __init__(self, options: InstanceOptions) -> None:
        self.options = options

    def recipe(self, context: TrainingContext) -> Recipe:
        from fashion_match.plugins.methods.instance_term import InstanceTerm

        options = self.options
        return Recipe(
            terms={
                "instance": InstanceTerm(context.make_loss(options.loss.name, options.loss.options, dim=options.dim))
            },
            weights={"instance": options.weight},
            head_options=options.head_options(),
            batches=Batches(views=options.views),
            defaults={"augment": "strong"},
        )

    def make_head(self, dim: int, options: Mapping[str, Any], encoding: Encoding | None) -> nn.Module:
        return photo_head(dim, options)
