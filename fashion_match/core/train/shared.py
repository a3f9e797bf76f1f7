"""What many short runs over the same items have in common, so that each need not do it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from fashion_match.core.model.artifact import RANDOM
from fashion_match.core.train.data import RunData
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.option import TrainOptions
from fashion_match.core.train.photo_shelf import PhotoShelf


@dataclass
class Shared:
    """Given to a `fashion_match.core.train.run.Run` that is tried out."""

    data: RunData
    """Read and split once: what is held out does not depend on the seed of a run."""
    split_seed: int
    """By which it was split."""
    most_views: int = 1
    """Augmented views of each item that must find their own, at most; without any, the last epoch is kept."""
    oracle_ks: tuple[int, ...] = (1, 5)
    shelf: PhotoShelf = field(default_factory=PhotoShelf)

    def settled(self, options: TrainOptions, request: TrainRequest) -> TrainOptions:
        """Return the options of a run: norms that a method would freeze are measured first where weights are random.

        As they come they normalise nothing, see `fashion_match.core.train.norm_statistic.measure_norms`.
        """
        if request.weights == RANDOM and options.batch_norm == "frozen" and not request.options.get("batch_norm"):
            return options.model_copy(update={"batch_norm": "measured"})
        return options
