"""Cross entropy over one attribute as a term of a recipe. Importing it imports torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from fashion_match import Step


class AttributeTerm(nn.Module):
    """Mean cross entropy over the items that have the attribute; zero where none has.

    Args:
        attribute: one of `Recipe.classes`.
        class_weights: K, or ``None`` for 1 throughout.
        label_smoothing: part of the probability that is spread over all classes.
    """

    class_weights: torch.Tensor | None

    def __init__(self, attribute: str, class_weights: Sequence[float] | None, label_smoothing: float) -> None:
        super().__init__()
        self.attribute = attribute
        self.label_smoothing = label_smoothing
        # Not persistent: the data says what they are.
        weights = None if class_weights is None else torch.tensor(class_weights)
        self.register_buffer("class_weights", weights, persistent=False)

    def forward(self, step: Step) -> torch.Tensor:
        logits, targets = step.logits[self.attribute], step.targets[self.attribute]
        known = targets >= 0
        if not known.any():
            return logits.sum() * 0
        step.log("accuracy", (logits.detach()[known].argmax(1) == targets[known]).float().mean())
        return F.cross_entropy(
            logits[known], targets[known], weight=self.class_weights, label_smoothing=self.label_smoothing
        )
