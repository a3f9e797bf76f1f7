"""What each kind of plugin must be able to do. Few methods: the plugin writes the easy part, the core the hard ones.

Letters for shapes: B batch, D backbone width, E embedding width, A width of encoded attributes, H W pixels, N items,
K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import torch
    from torch import nn

    from fashion_match.core.item import Failure, Hit, Item
    from fashion_match.core.model.encoding import Encoding
    from fashion_match.core.model.preprocess import Preprocess
    from fashion_match.core.store.protocol import VectorStore
    from fashion_match.core.train.recipe import Recipe, TrainingContext
    from fashion_match.core.where import Where


class Reader(Protocol):
    """Turns a source into items. The registered factory is called as ``factory(options)``."""

    def read(self, source: str) -> Iterator[Item | Failure]:
        """Yield the items of ``source`` one at a time, holding no more than one record in memory.

        A bad record is yielded as a `Failure` and reading goes on. An id must be the same on every reading.

        Raises:
            ReaderError: the source as a whole cannot be read; the message names the file, and the line if any.
        """
        ...


class Backbone(Protocol):
    """A ``torch.nn.Module`` without its classifier. Its factory is called as ``factory(options, weights=...)``.

    ``weights`` is ``"pretrained"``, ``"none"`` (random: the caller has seeded torch) or the path of a weights file. A
    factory raises `ModelError` where those weights cannot be had.
    """

    dim: int
    """D, the width of the features."""
    preprocess: Preprocess
    """Its own way from a photo to pixels."""

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Map normalised pixels (B x 3 x H x W, float32) to features (B x D)."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Parameters and buffers by name, as ``torch.nn.Module`` gives them."""
        ...


class Loss(Protocol):
    """A loss over a batch of embeddings. Its factory is called as ``factory(options, dim=E, n_labels=K)``.

    A loss with proxies is a ``torch.nn.Module``: its parameters are trained along, but are no part of the model.
    """

    def __call__(self, embeddings: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return a scalar for embeddings (B x E) and labels (B, 0..K-1); no valid pair gives a zero that keeps the
        graph."""
        ...


class TrainingMethod(Protocol):
    """Says what it needs, its head, its loss terms and its defaults; one loop trains all methods.

    The registered factory is called as ``factory(options)``.
    """

    needs: frozenset[str]
    """Subset of ``{"label", "attributes"}``, checked before any work."""
    label_by: tuple[str, ...]
    """Attributes whose values together serve as the label of items that have none; mostly empty."""
    trains_on: Literal["all", "gallery"]
    """``"gallery"`` leaves items whose role is ``query`` out of training."""
    validation: Literal["labels", "attributes", "views"]
    """What the checkpoint is chosen by: held-out items of one label that find each other; the same by each attribute
    that is learned; or, with nothing held out, augmented views of the items trained on that find their own item."""

    def recipe(self, context: TrainingContext) -> Recipe:
        """Return head options, loss terms, batches and defaults for this data.

        Raises:
            PluginError: an option does not fit the data.
        """
        ...

    def make_head(self, dim: int, options: Mapping[str, Any], encoding: Encoding | None) -> nn.Module | None:
        """Return the head over features of width ``dim``, or ``None`` for the features themselves.

        This is the only way a head is made, in training and in loading: everything it needs to know is in ``options``,
        which a recipe gave as ``head_options``. It is called as ``head(features, codes)`` with features (B x D, zero
        where there is no photo) and codes (B x A, as the encoding says; ``None`` without one) and returns embeddings
        (B x E), which the network scales to unit length. Its width E is ``head.dim``.
        """
        ...


@dataclass(frozen=True)
class Example:
    """A garment that was given, to find the like of or something that goes with it."""

    item: Item
    """Of the catalogue, or made for a picture or a description: with an id that the catalogue does not have, the photo
    if there is one, and the attributes that were told."""
    vector: Sequence[float] | None = None
    """E, unit length; ``None`` where the collection's model cannot embed it: words alone, for a model of photos."""


@dataclass(frozen=True)
class Request:
    """What a recommender is asked for."""

    where: Where
    """Filter; only items that match may be returned."""
    vector: Sequence[float] | None = None
    """Anchor (E, unit length), or ``None`` for a request by attributes alone. Of several examples it is the direction
    between the positive ones, away from the negative ones."""
    k: int = 10
    offset: int = 0
    min_score: float | None = None
    exact: bool = False
    """Compare with every vector instead of asking the index."""
    anchors: tuple[Item, ...] = ()
    """Items of the catalogue that the anchor was made of, for saying what a hit has in common with them."""
    exclude: frozenset[str] = field(default_factory=frozenset)
    """Item ids that must not be returned, such as the anchor's own."""
    positives: tuple[Example, ...] = ()
    """Every garment that the anchor was made of, those of the catalogue first."""
    negatives: tuple[Example, ...] = ()
    """Garments whose like is not wanted."""


class Recommender(Protocol):
    """Turns a request into ranked hits. The registered factory is called as ``factory(options)``."""

    ranked_by: str
    """What its scores mean, for the heading, after `recommend` has run: ``"cosine to the anchor"``.

    It may also have a ``note``, one line for people on what it left out and why, or how to get more; empty if nothing.
    """

    def recommend(self, request: Request, store: VectorStore) -> list[Hit]:
        """Return at most ``request.k`` hits, best first, all of which match ``request.where``.

        Raises:
            UsageError: the request lacks what the recommender needs; the remedy says how to give it.
        """
        ...
