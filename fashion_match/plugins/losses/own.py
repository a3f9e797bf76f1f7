"""Options and factories of our own losses. Nothing here imports torch before a loss is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from fashion_match import Options

if TYPE_CHECKING:
    from .batch_hard import BatchHard
    from .orthogonal import Orthogonal


class BatchHardOptions(Options):
    margin: float = Field(
        default=0.5, ge=0, allow_inf_nan=False, description="how much farther the negative is to be than the positive"
    )
    soft: bool = Field(default=False, description="softplus in place of the margin")
    mining: Literal["hard", "semihard"] = Field(
        default="hard",
        description="the closest negative, or the closest farther than the positive (if there is none, the farthest)",
    )
    distance: Literal["l2", "squared_l2", "cosine"] = Field(
        default="l2", description="how far apart two rows are; cosine is 1 - cos"
    )
    memory: int = Field(default=0, ge=0, description="mine among that many rows of past batches, too")


class OrthogonalOptions(Options):
    mean: bool = Field(default=False, description="divide by the number of pairs")


def make_batch_hard(options: BatchHardOptions, *, dim: int, n_labels: int) -> BatchHard:
    """Return the batch-hard triplet loss over embeddings of width ``dim``."""
    from .batch_hard import BatchHard

    return BatchHard(
        margin=None if options.soft else options.margin,
        mining=options.mining,
        distance=options.distance,
        memory=options.memory,
        dim=dim,
    )


def make_orthogonal(options: OrthogonalOptions, *, dim: int, n_labels: int) -> Orthogonal:
    """Return the orthogonality loss; it takes any width."""
    from .orthogonal import Orthogonal

    return Orthogonal(mean=options.mean)
