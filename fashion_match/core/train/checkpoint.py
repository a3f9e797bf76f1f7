"""What a run leaves on disk while it is under way: where to go on from, and the best weights so far."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.trainer.states import TrainerFn
from safetensors.torch import load_file, save_file

LAST = "last.ckpt"
BEST = "best.safetensors"
EVERY_S = 3.0
"""Least time between two checkpoints."""


class KeepState(Checkpoint):
    """Writes, after an epoch, ``last.ckpt`` to go on from and, where a figure is the best, ``best.safetensors``.

    Each file takes the place of the one before at once, so that a kill leaves the old one or the new one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best = -math.inf
        self.best_row: dict[str, float] = {}
        self._written = -math.inf

    def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if trainer.state.fn == TrainerFn.VALIDATING:  # before the first epoch: what a run must be better than
            self._keep_best(trainer, module)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if getattr(module, "finding_lr", False):
            return
        self._keep_best(trainer, module)
        # Epochs may be short; and what a kill would lose then is short, too.
        if time.monotonic() - self._written < EVERY_S and not trainer.should_stop:
            return
        self._written = time.monotonic()
        part = self.folder / f".{LAST}.part"
        trainer.save_checkpoint(part)
        if trainer.is_global_zero:
            part.replace(self.folder / LAST)

    def _keep_best(self, trainer: pl.Trainer, module: Any) -> None:
        row = module.history[-1]
        figure = row[module.monitor] if module.monitor in row else row["epoch"]
        if figure > self.best:
            self.best, self.best_row = figure, dict(row)
            if trainer.is_global_zero:
                save_weights(module.network, self.folder / BEST)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_row": self.best_row}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.best_row = state_dict["best"], dict(state_dict["best_row"])


def save_weights(network: torch.nn.Module, file: Path) -> None:
    """Write the weights of ``network``; ``file`` is the old one or the new one, never a part."""
    part = file.with_name(f".{file.name}.part")
    # Copies, because safetensors refuses tensors that share their memory.
    save_file({name: t.detach().cpu().contiguous().clone() for name, t in network.state_dict().items()}, part)
    part.replace(file)


def load_weights(network: torch.nn.Module, file: Path) -> None:
    """Give ``network`` the weights that `save_weights` wrote."""
    own = network.state_dict()
    for name, tensor in load_file(file).items():
        own[name].copy_(tensor)
