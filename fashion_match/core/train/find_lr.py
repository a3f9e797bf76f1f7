"""The learning-rate finder (Smith 2017, "Cyclical Learning Rates"), by Lightning's tuner."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.tuner.tuning import Tuner

LOWEST, HIGHEST, N_STEPS = 1e-6, 1.0, 100


def find_lr(trainer: pl.Trainer, module: Any) -> dict[str, Any]:
    """Train some steps at a rising rate, and put everything back.

    Returns:
        ``rates`` and ``losses`` as they were tried, and as ``suggestion`` the rate at which the loss fell fastest, or
        ``None`` where it never fell.
    """
    trainer.limit_val_batches = 0
    module.finding_lr = True
    try:
        finder = Tuner(trainer).lr_find(
            module, min_lr=LOWEST, max_lr=HIGHEST, num_training=N_STEPS, attr_name="lr", update_attr=False
        )
    finally:
        module.finding_lr = False
    assert finder is not None
    return {
        "rates": list(finder.results["lr"]),
        "losses": list(finder.results["loss"]),
        "suggestion": finder.suggestion(),
    }
