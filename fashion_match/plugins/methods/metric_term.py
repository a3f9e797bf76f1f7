"""A loss over labelled embeddings as a term of a recipe, with an eye on collapse. Importing it imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from fashion_match import Step

COLLAPSED, SPREAD = 0.95, 0.8
"""Mean cosine of photos of different labels above which embeddings count as all alike, and below which no longer."""
STEPS = 20
"""Steps that it must last, so that an odd batch is no collapse."""
FIGURES = ("violations", "anchors", "mined")
"""What a loss may tell about its last batch, as ``last_violations`` and so on."""


class MetricTerm(nn.Module):
    """Gives a loss the rows that have a label, and writes down what it mined.

    Batch-hard mining can pull all embeddings into one point, where every triplet costs just the margin and no
    gradient leads out (Hermans et al. 2017, section 3.2; Schroff et al. 2015 mine semihard for that reason). So the
    mean cosine of different labels is watched: once it stays above `COLLAPSED`, that is said, and a loss that mines the
    hardest negatives mines semihard ones until embeddings have spread again.

    Args:
        loss: called with embeddings (B x E) and labels (B).
        soften: whether to counter collapse.
        hard_from: part of the run (0..1) from which on a loss that mines the hardest negatives does so; semihard
            ones before.
    """

    n_alike: torch.Tensor
    softened: torch.Tensor

    def __init__(self, loss: Any, *, soften: bool = True, hard_from: float = 0.0) -> None:
        super().__init__()
        self.loss = loss
        self._mines_hard = getattr(loss, "mining", None) == "hard"
        self._counters = soften and self._mines_hard
        self._hard_from = hard_from
        self.register_buffer("n_alike", torch.zeros((), dtype=torch.int64))
        self.register_buffer("softened", torch.zeros((), dtype=torch.bool))

    def forward(self, step: Step) -> torch.Tensor:
        embeddings, labels = step.labelled()
        if len(embeddings) == 0:
            return step.embeddings.sum() * 0
        self._watch(step, embeddings.detach(), labels)
        if self._mines_hard:
            self.loss.mining = "semihard" if self.softened or step.progress < self._hard_from else "hard"
        value: torch.Tensor = self.loss(embeddings, labels)
        for figure in FIGURES:
            found = getattr(self.loss, f"last_{figure}", None)
            if found is not None:
                step.log(figure, found)
        return value

    def _watch(self, step: Step, rows: torch.Tensor, labels: torch.Tensor) -> None:
        """Count the steps in a row in which embeddings are all alike."""
        cosine = mean_cosine_across(rows, labels)
        if cosine is None:
            return
        step.log("likeness", cosine)
        if self.softened and cosine < SPREAD:
            self.softened.fill_(False)
            self.n_alike.zero_()
            step.say("Embeddings have spread again: back to the hardest negatives.")
        elif cosine > COLLAPSED:
            self.n_alike += 1
        else:
            self.n_alike.zero_()
        if int(self.n_alike) == STEPS and not self.softened:
            remedy = "a lower --lr or another loss may help"
            if self._counters:
                self.softened.fill_(True)
                remedy = "going on with semihard negatives until they spread"
            step.say(f"Collapse: all embeddings are alike (mean cosine {float(cosine):.2f} across labels); {remedy}.")


def mean_cosine_across(rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor | None:
    """Return the mean cosine of unit rows (B x E) of different labels, in time linear in B; ``None`` without a pair.

    The sum over all pairs is the squared length of the sum of the rows; pairs of one label are taken off label by
    label.
    """
    _, place, counts = labels.unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    n = len(rows) ** 2 - int((counts**2).sum())
    if n == 0:
        return None
    sums = torch.zeros(len(counts), rows.shape[1], dtype=rows.dtype, device=rows.device).index_add_(0, place, rows)
    return (sums.sum(0).square().sum() - sums.square().sum()) / n
