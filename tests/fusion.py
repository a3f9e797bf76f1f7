"""A plugin of the tests' own: a method whose head looks at attributes beside the photo, and a quick backbone for it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fashion_match import Plugins, Preprocess, hookimpl
from fashion_match.core.model import artifact
from fashion_match.core.model.card import ModelCard

SIDE = 32
VOCABULARIES = {"color": ("Blue", "Red", "Navy Blue", "Green"), "season": ("Summer", "Fall")}
NUMBERS = {"price": (40.0, 20.0)}
PACKAGE = EntryPoint("fusion", "tests.fusion", "fashion_match")


class Tiny(nn.Module):
    """A backbone that tells places and colors apart."""

    dim = 128
    preprocess = Preprocess(resize="squash", crop_px=SIDE)

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 8, stride=8), nn.ReLU(), nn.Flatten())

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.layers(pixels)


class Head(nn.Module):
    dim = 16

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.photo = nn.Linear(dim, self.dim)
        self.attributes = nn.Linear(width, self.dim)

    def forward(self, features: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        return self.photo(features) + self.attributes(codes)


class Fusion:
    def make_head(self, dim: int, options: Any, encoding: Any) -> nn.Module:
        return Head(dim, encoding.width)


@hookimpl
def fm_register_methods(methods: Any) -> None:
    methods.register("fusion", lambda options: Fusion())


@hookimpl
def fm_register_backbones(backbones: Any) -> None:
    backbones.register("tiny", lambda options, weights: Tiny())


def save_model(plugins: Plugins, folder: Path) -> Path:
    """Write a model with random weights that looks at photos and at `VOCABULARIES` and `NUMBERS`."""
    card = ModelCard(
        backbone="tiny",
        head="fusion",
        vocabularies=VOCABULARIES,
        numbers=NUMBERS,
        dim=Head.dim,
        preprocess=Tiny.preprocess,
        fingerprint="",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = artifact.build(card, plugins).state_dict()
    card = card.model_copy(update={"fingerprint": artifact.fingerprint(card, state)})
    return artifact.save(card, state, folder)
