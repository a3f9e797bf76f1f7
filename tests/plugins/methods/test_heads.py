"""Heads: layers as the options say, from any width, the same again from options that JSON has held."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import nn

from fashion_match import Encoding, PluginError, Plugins
from fashion_match.plugins.methods.head import HeadOptions

DIM, B = 20, 7
ENCODING = Encoding(vocabularies={"color": ("Blue", "Red")}, numbers={"price": (0.0, 1.0)})
METHODS = ("triplet", "classifier", "instance", "attribute-fusion")
OPTIONS: list[dict[str, Any]] = [
    {},
    {"dim": 8, "hidden": [], "dropout": 0.0},
    {"dim": 8, "hidden": [5, 9], "norm": "layer", "last": "relu"},
    {"dim": 8, "hidden": [5], "norm": "none", "dropout": 0.1},
]


def make(plugins: Plugins, method: str, options: dict[str, Any]) -> nn.Module:
    made: Any = plugins.methods[method].make(options)
    parsed = made.options.head_options()
    head = made.make_head(DIM, parsed, ENCODING if method == "attribute-fusion" else None)
    assert head.dim == parsed["dim"]
    return head


def inputs(method: str) -> tuple[torch.Tensor, torch.Tensor | None]:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(B, DIM, generator=generator)
    if method != "attribute-fusion":
        return features, None
    codes = torch.randn(B, ENCODING.width, generator=generator)
    codes[:, 0] = 1
    return features, codes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("options", OPTIONS)
def test_embeddings_have_their_width_and_every_parameter_its_gradient(
    method: str, options: dict[str, Any], plugins: Plugins
) -> None:
    torch.manual_seed(0)
    head = make(plugins, method, options)
    features, codes = inputs(method)
    embeddings = head(features, codes)
    assert embeddings.shape == (B, head.dim)
    (embeddings * torch.arange(1, B + 1).view(-1, 1)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in head.parameters())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("options", OPTIONS)
def test_options_that_json_has_held_make_the_same_head(method: str, options: dict[str, Any], plugins: Plugins) -> None:
    made: Any = plugins.methods[method].make(options)
    held = json.loads(json.dumps(made.options.head_options()))
    assert held == made.options.head_options()
    encoding = ENCODING if method == "attribute-fusion" else None
    torch.manual_seed(3)
    head = make(plugins, method, options).eval()
    torch.manual_seed(3)
    # As a model is loaded: by the method's name, without the options of the run.
    again: Any = plugins.methods[method].make().make_head(DIM, held, encoding)
    again.eval()
    assert {n: t.shape for n, t in head.state_dict().items()} == {n: t.shape for n, t in again.state_dict().items()}
    assert torch.equal(head(*inputs(method)), again(*inputs(method)))
    again.load_state_dict(head.state_dict())


def layers(plugins: Plugins, **options: Any) -> list[str]:
    head: Any = make(plugins, "triplet", options)
    return [
        f"{layer.in_features}-{layer.out_features}" if isinstance(layer, nn.Linear) else type(layer).__name__
        for layer in head.layers
    ]


def test_layers_are_those_of_the_options(plugins: Plugins) -> None:
    assert layers(plugins, hidden=[], dim=3) == ["20-3"]
    assert layers(plugins, hidden=[5, 9], dim=3) == [
        "20-5",
        "BatchNorm1d",
        "ReLU",
        "Dropout",
        "5-9",
        "BatchNorm1d",
        "ReLU",
        "Dropout",
        "9-3",
    ]
    assert layers(plugins, hidden=[5], dim=3, norm="layer") == ["20-5", "LayerNorm", "ReLU", "Dropout", "5-3"]
    assert layers(plugins, hidden="", dim=3, norm="none", last="relu") == ["20-3", "ReLU", "Dropout"]


def test_dropout_is_as_asked(plugins: Plugins) -> None:
    head: Any = make(plugins, "triplet", {"dropout": 0.25, "hidden": [5, 5], "last": "relu"})
    assert [layer.p for layer in head.layers if isinstance(layer, nn.Dropout)] == [0.25] * 3


@pytest.mark.parametrize("method", METHODS)
def test_what_no_head_can_be_is_refused(method: str, plugins: Plugins) -> None:
    for wrong in ({"dim": 0}, {"norm": "group"}, {"dropout": 1.0}, {"last": "tanh"}, {"hidden": "a"}):
        with pytest.raises(PluginError, match=next(iter(wrong))):
            plugins.methods[method].make(wrong)


def test_a_head_on_the_photo_does_not_look_at_codes(plugins: Plugins) -> None:
    head = make(plugins, "classifier", {}).eval()
    features = inputs("classifier")[0]
    assert torch.equal(head(features, torch.ones(B, 3)), head(features, None))


def test_card_options_are_those_of_the_head_alone(plugins: Plugins) -> None:
    made: Any = plugins.methods["attribute-fusion"].make({"min_count": 5})
    assert set(made.options.head_options()) == set(HeadOptions.model_fields)
