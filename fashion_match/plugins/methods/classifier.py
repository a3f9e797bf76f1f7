"""Method ``classifier``: tells one or several attributes from the photo; the embedding is the layer before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from fashion_match import Encoding, PluginError, Recipe, TrainingContext, did_you_mean
from fashion_match.plugins.methods.head import HeadOptions, photo_head

if TYPE_CHECKING:
    from torch import nn

USUAL = ("category", "color", "pattern", "season", "gender", "usage")
"""Attributes that are learned where nothing is said, as far as there are any."""
MOST_CLASSES = 1000


class ClassifierOptions(HeadOptions):
    """Options of ``classifier``."""

    attributes: list[str] = Field(
        [], description=f"what to tell; by default those of {', '.join(USUAL)} that there are"
    )
    weights: list[float] = Field([], description="weight of each attribute in the loss, in their order; by default 1")
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="Szegedy et al. 2016")
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced gives every class the same weight, however rare it is"
    )
    min_count: int = Field(2, ge=1, description="photos that a value must have to be a class")
    dim: int = Field(256, ge=1, description="width of the embedding")
    hidden: list[int] = Field([], description="widths of the layers before it")
    dropout: float = Field(0.2, ge=0, lt=1, description="after each hidden layer")


class Classifier:
    """Cross entropy over each attribute; what an item does not say is left out of the loss."""

    needs = frozenset({"attributes"})
    label_by: tuple[str, ...] = ()
    validation: Literal["labels", "attributes", "views"] = "attributes"
    trains_on: Literal["all", "gallery"] = "all"

    def __init__(self, options: ClassifierOptions) -> None:
        self.options = options

    def recipe(self, context: TrainingContext) -> Recipe:
        from fashion_match.plugins.methods.attribute_term import AttributeTerm

        options = self.options
        classes = self._classes(context)
        weights = options.weights or [1.0] * len(classes)
        if len(weights) != len(classes):
            raise PluginError(f"classifier: {len(weights)} weights are given for {len(classes)} attributes.")
        return Recipe(
            terms={
                name: AttributeTerm(name, self._class_weights(context, name, values), options.label_smoothing)
                for name, values in classes.items()
            },
            weights=dict(zip(classes, weights, strict=True)),
            head_options=options.head_options(),
            classes=classes,
            defaults={"lr": 2e-3},
        )

    def _classes(self, context: TrainingContext) -> dict[str, tuple[str, ...]]:
        wanted = self.options.attributes or [name for name in USUAL if name in context.attributes]
        classes: dict[str, tuple[str, ...]] = {}
        for name in wanted:
            if name not in context.attributes:
                raise PluginError(
                    f"classifier: no item has the attribute {name!r}.",
                    did_you_mean(name, context.attributes, what="attributes"),
                )
            counts = context.attributes[name].counts
            values = tuple(sorted(value for value, n in counts.items() if n >= self.options.min_count))
            if 1 < len(values) <= MOST_CLASSES:
                classes[name] = values
            elif self.options.attributes:
                found = f"{len(values)} values" if values else f"no value that {self.options.min_count} items have"
                raise PluginError(
                    f"classifier: {name} has {found}, so there are no classes to tell apart.",
                    f"2 to {MOST_CLASSES} are needed; see --set min_count.",
                )
        if not classes:
            raise PluginError(
                f"classifier: none of {', '.join(USUAL)} has two values or more.",
                f"Name what to learn: --set attributes={','.join(list(context.attributes)[:2])}.",
            )
        return classes

    def _class_weights(self, context: TrainingContext, name: str, values: tuple[str, ...]) -> list[float] | None:
        """Return weights inverse to the frequency of the classes, 1 on the average item."""
        if self.options.class_weights == "none":
            return None
        counts = [context.attributes[name].counts[value] for value in values]
        return [sum(counts) / (len(counts) * n) for n in counts]

    def make_head(self, dim: int, options: Mapping[str, Any], encoding: Encoding | None) -> nn.Module:
        return photo_head(dim, options)
