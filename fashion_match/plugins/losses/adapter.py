"""Holds a loss of pytorch-metric-learning to the contract that all losses keep."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from fashion_match import PluginError

from .repaired import CrossBatchMemory


class LibraryLoss(nn.Module):
    """A loss of the library with its miner and its memory of past batches. Its proxies are its parameters.

    Args:
        loss: of ``pytorch_metric_learning.losses``.
        miner: of ``pytorch_metric_learning.miners``.
        memory: rows of past batches to compare with; 0 for none.
        dim: E, the width of the embeddings; only a memory needs it.
    """

    def __init__(self, loss: Any, miner: Any = None, *, memory: int = 0, dim: int = 0) -> None:
        super().__init__()
        self.miner = miner
        self.memory = memory
        self.loss = CrossBatchMemory(loss, dim, memory, miner) if memory else loss
        loss.reducer.register_forward_pre_hook(_take_empty_as_zero)
        _keep_tensors_as_buffers(loss)

    def forward(self, embeddings: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the scalar for embeddings (B x E) and labels (B).

        Raises:
            PluginError: the memory is smaller than the batch.
        """
        if self.memory:
            if len(embeddings) > self.memory:
                raise PluginError(
                    f"memory={self.memory} is smaller than a batch of {len(embeddings)} rows.",
                    "Choose a larger memory, or 0 for none.",
                )
            value = self.loss(embeddings, labels)
        else:
            mined = None if self.miner is None else self.miner(embeddings, labels)
            value = self.loss(embeddings, labels, mined)
        return torch.reshape(value, ())

    @property
    def last_mined(self) -> int | None:
        """How many triplets, or pairs, the miner found in the last batch; ``None`` where there is no miner."""
        if self.miner is None:
            return None
        return sum(getattr(self.miner, name, 0) for name in ("num_triplets", "num_pos_pairs", "num_neg_pairs"))

    def try_out(self, dim: int, n_labels: int) -> None:
        """Call a copy of it, because some options that do not go together are only found out then.

        Twice, because a memory has rows of another batch only at the second time.
        """
        trial = copy.deepcopy(self)
        n = min(4, self.memory or 4)
        with torch.random.fork_rng(devices=[]):
            for _ in range(2):
                rows = nn.functional.normalize(torch.randn(n, dim)).requires_grad_()
                trial(rows, torch.arange(n) // 2 % n_labels).backward()


def _take_empty_as_zero(reducer: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Say that a loss of no rows is zero, in the library's own way: the mean of nothing would not be a number."""
    parts, *rest = arguments
    parts = {
        name: {**part, "losses": 0} if torch.is_tensor(part["losses"]) and not part["losses"].numel() else part
        for name, part in parts.items()
    }
    return (parts, *rest)


def _keep_tensors_as_buffers(loss: nn.Module) -> None:
    """Let the constants that the library keeps as plain attributes move to a device along with the loss."""
    for name, value in list(vars(loss).items()):
        if torch.is_tensor(value):
            delattr(loss, name)
            loss.register_buffer(name, value, persistent=False)
