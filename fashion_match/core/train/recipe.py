"""What a training method says about a run: its data, its head, its loss terms. One loop does the rest.

Letters for shapes: B batch, D backbone width, E embedding width, A width of encoded attributes, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

    from fashion_match.core.model.encoding import Encoding
    from fashion_match.core.protocol import Loss


@dataclass(frozen=True)
class AttributeSummary:
    """What the items to train on say about one attribute."""

    counts: Mapping[str, int]
    """How often each value occurs, most frequent first."""
    n_items: int
    """Items that have it."""
    numbers: tuple[float, float] | None = None
    """Mean and deviation, where its values are numbers."""


class MakeLoss(Protocol):
    """Makes a registered loss: ``make_loss("multi_similarity", {"alpha": 2}, dim=128)``."""

    def __call__(self, name: str, options: Mapping[str, Any] | None = None, *, dim: int) -> Loss:
        """Return the loss over embeddings of width ``dim``. Raises PluginError for an unknown name or option."""
        ...


@dataclass(frozen=True)
class TrainingContext:
    """What a method is told about the data and the network before it says how to train."""

    dim: int
    """D, the width of the backbone's features."""
    n_items: int
    label_counts: Mapping[str, int]
    """Items of each label; empty where there are no labels."""
    attributes: Mapping[str, AttributeSummary]
    make_loss: MakeLoss


@dataclass
class Step:
    """One batch on its way through the network, as a loss term sees it."""

    embeddings: torch.Tensor
    """B x E, unit rows."""
    raw: torch.Tensor
    """B x E, the same before they are scaled to unit length."""
    features: torch.Tensor
    """B x D, of the backbone."""
    labels: torch.Tensor
    """B, whole numbers; -1 where an item has no label."""
    items: torch.Tensor
    """B, the number of the item: views of one photo have the same."""
    targets: Mapping[str, torch.Tensor]
    """B for each attribute of `Recipe.classes`: the class, -1 where the item does not say."""
    logits: Mapping[str, torch.Tensor]
    """B x K for each attribute of `Recipe.classes`."""
    progress: float = 0.0
    """How much of the run is done, 0..1."""
    log: Callable[[str, float | torch.Tensor], None] = lambda name, value: None
    """Notes a figure of this step; the mean over the epoch is written down under the term's name."""
    say: Callable[[str], None] = lambda line: None
    """Tells the user something in one line."""

    def labelled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return embeddings and labels of the items that have a label."""
        known = self.labels >= 0
        return self.embeddings[known], self.labels[known]


class Term(Protocol):
    """One named part of the loss. As a ``torch.nn.Module`` it may have parameters and buffers of its own, which are
    trained and checkpointed but are no part of the model.

    A term with a method ``begin_epoch(embed, n_batches)`` is called at the start of each epoch; ``embed()`` yields the
    unit rows (B x E, without gradient) of everything that this epoch will see.
    """

    def __call__(self, step: Step) -> torch.Tensor:
        """Return a scalar; where the batch gives nothing to learn, a zero that keeps the graph."""
        ...


@dataclass(frozen=True)
class Batches:
    """How items come together in a batch."""

    photos_per_label: int | None = None
    """K of P x K batches, of which every label has at least two; ``None`` for a plain shuffle."""
    views: int = 1
    """How often each photo is in the batch, each time augmented anew."""
    one_step: bool = False
    """The whole epoch is one step: gradients of all batches are added up."""


@dataclass(frozen=True)
class Recipe:
    """How to train on the data that the context described."""

    terms: Mapping[str, Term]
    """Parts of the loss by name."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Factor of a term; 1 where it is not named."""
    head_options: Mapping[str, Any] = field(default_factory=dict)
    """What ``make_head`` is called with, now and whenever the model is loaded; plain values that JSON can hold."""
    encoding: Encoding | None = None
    """How the attributes are encoded that the head looks at; ``None`` for a head that looks at the photo alone."""
    leave_out: tuple[float, float] = (0.0, 0.0)
    """Chance that the photo, and that each attribute, of an item with both is left out in training."""
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Attributes that the model is to predict from its embedding, and the classes of each."""
    batches: Batches = field(default_factory=Batches)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Options of the run (`TrainOptions`) that this method would rather have; the user's own win."""


def join_recipes(recipes: Mapping[str, Recipe]) -> Recipe:
    """Return one recipe with the terms of several methods; what only one can decide is decided by the first.

    The first one's head makes the embedding, and its wishes about the run win. Batches serve all of them: grouped by
    label where one asks for it, with as many views as the most demanding one.
    """
    if len(recipes) == 1:
        return next(iter(recipes.values()))
    first = next(iter(recipes.values()))
    named = {f"{method}/{name}": term for method, recipe in recipes.items() for name, term in recipe.terms.items()}
    weights = {f"{method}/{name}": w for method, recipe in recipes.items() for name, w in recipe.weights.items()}
    return Recipe(
        terms=named,
        weights=weights,
        head_options=first.head_options,
        encoding=first.encoding,
        leave_out=first.leave_out,
        classes=_merged(recipe.classes for recipe in recipes.values()),
        batches=Batches(
            photos_per_label=next(
                (r.batches.photos_per_label for r in recipes.values() if r.batches.photos_per_label), None
            ),
            views=max(recipe.batches.views for recipe in recipes.values()),
            one_step=first.batches.one_step,
        ),
        defaults=_merged(recipe.defaults for recipe in recipes.values()),
    )


def _merged(mappings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for mapping in mappings:
        merged = {**mapping, **merged}
    return merged
