"""A backbone of milliseconds, and the options of runs with it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from fashion_match import Options, Plugins, Preprocess, hookimpl


class TinyOptions(Options):
    image_size_px: int = 32


def make_tiny(options: TinyOptions, *, weights: str) -> Any:
    from torch import nn

    network: Any = nn.Sequential(
        nn.Conv2d(3, 16, 5, stride=3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
    )
    network.dim = 128
    network.preprocess = Preprocess(resize_px=options.image_size_px + 4, crop_px=options.image_size_px)
    return network.eval()


def make_nan(options: Options, *, dim: int, n_labels: int) -> Any:
    return lambda embeddings, labels: embeddings.sum() * float("nan")


class Plugin:
    @hookimpl
    def fm_register_backbones(self, backbones: Any) -> None:
        backbones.register("tiny", make_tiny, options=TinyOptions)

    @hookimpl
    def fm_register_losses(self, losses: Any) -> None:
        losses.register("nan", make_nan)


plugin = Plugin()
ENTRY = EntryPoint("tiny", "tests.tiny:plugin", "fashion_match")
RUN: dict[str, Any] = {
    "backbone": "tiny",
    "weights": "none",
    "batch_size": 24,
    "lr": 3e-3,
    "workers": 0,
    "device": "cpu",
}
"""Of `fashion_match.train`."""


def tiny_plugins() -> Plugins:
    return Plugins(installed=[ENTRY])
