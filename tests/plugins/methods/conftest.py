"""A hand-made catalogue as a method is told about it, and a step as a term sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from fashion_match import AttributeSummary, Plugins, Step, TrainingContext

ATTRIBUTES = {
    "color": AttributeSummary({"Red": 6, "Blue": 3, "Mauve": 1}, 10),
    "category": AttributeSummary({"Shirts": 7, "Jeans": 3}, 10),
    "season": AttributeSummary({"Fall": 8}, 8),
    "price": AttributeSummary({"10": 4, "30": 4}, 8, (20.0, 10.0)),
    "sleeve": AttributeSummary({"long": 5, "short": 5}, 10),
}


@pytest.fixture
def context(plugins: Plugins) -> TrainingContext:
    def make_loss(name: str, options: Any = None, *, dim: int) -> Any:
        return plugins.losses[name].make(options, dim=dim, n_labels=4)

    return TrainingContext(
        dim=12, n_items=10, label_counts={"a": 4, "b": 3, "c": 2, "d": 1}, attributes=ATTRIBUTES, make_loss=make_loss
    )


@pytest.fixture
def make_step() -> Callable[..., Step]:
    """Make a step of embeddings; what it logs and says is in its lists ``logged`` and ``said``."""

    def make(rows: torch.Tensor, labels: list[int] | None = None, **given: Any) -> Step:
        n = len(rows)
        step = Step(
            embeddings=rows,
            raw=rows * 2,
            features=rows,
            labels=torch.tensor(labels if labels is not None else [-1] * n, dtype=torch.int64),
            items=torch.tensor(given.pop("items", range(n))),
            targets={name: torch.tensor(values) for name, values in given.pop("targets", {}).items()},
            logits=given.pop("logits", {}),
            **given,
        )
        step.logged, step.said = [], []  # type: ignore[attr-defined]
        step.log = lambda name, value: step.logged.append((name, float(value)))  # type: ignore[attr-defined]
        step.say = step.said.append  # type: ignore[attr-defined]
        return step

    return make


@pytest.fixture
def draw() -> Callable[..., torch.Tensor]:
    """Draw unit rows."""

    def rows(n: int, seed: int = 0, dim: int = 6) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return F.normalize(torch.randn(n, dim, generator=generator, dtype=torch.float64), dim=1).requires_grad_()

    return rows
