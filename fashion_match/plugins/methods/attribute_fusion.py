"""Method ``attribute-fusion``: photo and attributes as one vector; a photo alone or attributes alone have one too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from fashion_match import (
    AttributeSummary,
    Batches,
    Choice,
    Encoding,
    PluginError,
    Recipe,
    TrainingContext,
    did_you_mean,
)
from fashion_match.plugins.methods.head import HeadOptions
from fashion_match.plugins.methods.loss_option import usually

if TYPE_CHECKING:
    from torch import nn

USUAL = ("category", "color", "pattern", "season", "gender", "usage", "brand", "price")
"""Attributes that are looked at where nothing is said, as far as there are any."""
MOST_VALUES = 2000
TRIPLET_MARGIN = Choice(name="triplet_margin", options={"margin": 0.2})


class AttributeFusionOptions(HeadOptions):
    """Options of ``attribute-fusion``."""

    attributes: list[str] = Field([], description=f"what to look at; by default those of {', '.join(USUAL)} that exist")
    group_by: list[str] = Field(
        ["category", "color"], description="items that agree in these are alike, where they have no label"
    )
    loss: Annotated[Choice, usually(TRIPLET_MARGIN)] = Field(
        TRIPLET_MARGIN, description="any registered loss; options as loss.KEY"
    )
    photos_per_label: int = Field(4, ge=2, description="K of P x K batches")
    leave_out_photo: float = Field(0.25, ge=0, lt=1, description="chance that attributes must do without their photo")
    leave_out_attribute: float = Field(0.5, ge=0, lt=1, description="chance that an attribute is not told")
    min_count: int = Field(2, ge=1, description="items that a value must have to be known by name")


class AttributeFusion:
    """A branch for the photo, one for the encoded attributes, and layers over both (late fusion)."""

    needs = frozenset({"attributes"})
    validation: Literal["labels", "attributes", "views"] = "labels"
    trains_on: Literal["all", "gallery"] = "all"

    def __init__(self, options: AttributeFusionOptions) -> None:
        self.options = options
        self.label_by = tuple(options.group_by)

    def recipe(self, context: TrainingContext) -> Recipe:
        from fashion_match.plugins.methods.metric_term import MetricTerm

        options = self.options
        if not context.label_counts:
            raise PluginError(
                f"attribute-fusion: no item has all of {', '.join(options.group_by)}, and none has a label.",
                f"Say --set group_by={','.join(list(context.attributes)[:2])}: what makes items alike.",
            )
        return Recipe(
            terms={"triplet": MetricTerm(context.make_loss(options.loss.name, options.loss.options, dim=options.dim))},
            head_options=options.head_options(),
            encoding=self._encoding(context),
            leave_out=(options.leave_out_photo, options.leave_out_attribute),
            batches=Batches(photos_per_label=options.photos_per_label),
            defaults={"lr": 1e-3},
        )

    def _encoding(self, context: TrainingContext) -> Encoding:
        wanted = self.options.attributes or [name for name in USUAL if name in context.attributes]
        vocabularies: dict[str, tuple[str, ...]] = {}
        numbers: dict[str, tuple[float, float]] = {}
        for name in wanted or list(context.attributes):
            summary = context.attributes.get(name)
            if summary is None:
                raise PluginError(
                    f"attribute-fusion: no item has the attribute {name!r}.",
                    did_you_mean(name, context.attributes, what="attributes"),
                )
            if summary.numbers is not None:
                numbers[name] = summary.numbers
            else:
                vocabularies[name] = self._vocabulary(summary)
        return Encoding(vocabularies=vocabularies, numbers=numbers)

    def _vocabulary(self, summary: AttributeSummary) -> tuple[str, ...]:
        """Return the values that are known by name: the most frequent ones; the others are "something else"."""
        frequent = [value for value, n in summary.counts.items() if n >= self.options.min_count][:MOST_VALUES]
        return tuple(sorted(frequent))

    def make_head(self, dim: int, options: Mapping[str, Any], encoding: Encoding | None) -> nn.Module:
        from fashion_match.plugins.methods.fusion_head import FusionHead

        if encoding is None:
            raise PluginError("attribute-fusion: a head without an encoding of attributes cannot be made.")
        return FusionHead(dim, encoding.width, options)
