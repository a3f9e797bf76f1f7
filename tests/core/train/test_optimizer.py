"""Each layer learns at its own part of the rate, and only what should decays."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from fashion_match import Preprocess, UsageError
from fashion_match.core.model.network import Classifier, Network
from fashion_match.core.train.optimizer import frozen_names, make_optimizer, set_rate
from fashion_match.core.train.option import TrainOptions


class Backbone(nn.Module):
    """A stem, then three layers in a row, then a norm, as torchvision's networks are built."""

    dim = 4

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.features = nn.Sequential(*(nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)) for _ in range(3)))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.norm = nn.LayerNorm(4)


class Head(nn.Module):
    dim = 5

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 5)


def network(*, head: bool = True, classes: bool = True) -> Network:
    classifier = Classifier(5, {"color": ("a", "b")}) if classes else None
    return Network(Backbone(), Head() if head else None, Preprocess(), classifier)


def terms() -> nn.ModuleDict:
    term = nn.Module()
    term.proxies = nn.Parameter(torch.zeros(3, 5))
    return nn.ModuleDict({"term": term})


def groups(made: Network, proxies: nn.Module | None = None, **given: Any) -> dict[str, dict[str, Any]]:
    """The group of each parameter, by its name."""
    proxies = proxies or nn.ModuleDict()
    optimizer = make_optimizer(made, proxies, TrainOptions(**given))
    names = {id(p): n for n, p in [*made.named_parameters(), *proxies.named_parameters(prefix="terms")]}
    found = [(names[id(p)], group) for group in optimizer.param_groups for p in group["params"]]
    assert len(found) == len(dict(found)), "each is in one group"
    return dict(found)


def test_the_rate_falls_layer_by_layer_from_the_head_to_the_first() -> None:
    found = groups(network(), layer_decay=0.5)
    factors = {name: group["factor"] for name, group in found.items()}
    expected = {
        "head.layer": 1,
        "classifier.layers.0": 1,
        "backbone.norm": 0.5,
        "backbone.features.2.0": 0.25,
        "backbone.features.2.1": 0.25,
        "backbone.features.1.0": 0.125,
        "backbone.features.0.1": 0.0625,
        "backbone.stem": 0.03125,
    }
    for layer, factor in expected.items():
        assert factors[f"{layer}.weight"] == factors[f"{layer}.bias"] == pytest.approx(factor), layer


def test_without_a_head_the_last_layer_has_the_whole_rate() -> None:
    found = groups(network(head=False, classes=False), layer_decay=0.5, backbone_lr=0.1)
    assert found["backbone.norm.weight"]["factor"] == pytest.approx(0.1)
    assert found["backbone.features.2.0.weight"]["factor"] == pytest.approx(0.05)


def test_backbone_head_and_losses_have_their_parts_of_the_rate() -> None:
    found = groups(network(), terms(), backbone_lr=0.1, loss_lr=20)
    parts = {name.partition(".")[0]: group["factor"] for name, group in found.items()}
    assert parts == {"backbone": 0.1, "head": 1, "classifier": 1, "terms": 20}


def test_norms_and_biases_do_not_decay() -> None:
    found = groups(network(), terms(), weight_decay=0.3)
    decaying = {name for name, group in found.items() if group["weight_decay"] == 0.3}
    assert decaying == {
        "backbone.stem.weight",
        *(f"backbone.features.{n}.0.weight" for n in range(3)),
        "head.layer.weight",
        "classifier.layers.0.weight",
        "terms.term.proxies",
    }
    assert {group["weight_decay"] for group in found.values()} == {0.3, 0.0}
    assert "classifier.log_scale" in found


def test_frozen_layers_are_in_no_group_and_get_no_gradient() -> None:
    made = network()
    found = groups(made, freeze=("stem", "features.1"))
    left_out = {name for name, _ in made.named_parameters()} - set(found)
    assert left_out == {
        "backbone.stem.weight",
        "backbone.stem.bias",
        *(f"backbone.features.1.{n}.{kind}" for n in (0, 1) for kind in ("weight", "bias")),
    }
    assert {name for name, p in made.named_parameters() if not p.requires_grad} == left_out


def test_a_whole_backbone_can_be_frozen() -> None:
    assert {name.partition(".")[0] for name in groups(network(), backbone_lr=0)} == {"head", "classifier"}
    with pytest.raises(UsageError, match="nothing is left to train"):
        groups(network(head=False, classes=False), backbone_lr=0)


def test_a_name_is_the_beginning_of_others_only_at_a_dot() -> None:
    backbone = nn.Sequential(*(nn.Linear(1, 1) for _ in range(12)))
    assert frozen_names(backbone, ["1"]) == {"1.weight", "1.bias"}
    assert frozen_names(backbone, ["1.bias"]) == {"1.bias"}
    assert frozen_names(backbone, []) == set()


def test_a_layer_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"freeze = 'feature\.1': the backbone has no layer") as caught:
        groups(network(), freeze=("stem", "feature.1"))
    assert "'features.1'" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)]
)
def test_the_optimizer_is_the_one_asked_for(name: str, kind: type) -> None:
    optimizer = make_optimizer(network(), nn.ModuleDict(), TrainOptions(optimizer=name))
    assert type(optimizer) is kind
    assert name != "sgd" or all(group["momentum"] == 0.9 and group["nesterov"] for group in optimizer.param_groups)


def test_setting_the_rate_gives_every_group_its_part() -> None:
    made = network()
    optimizer = make_optimizer(made, terms(), TrainOptions(layer_decay=0.5, loss_lr=3))
    for rate in (0.2, 0.01):
        set_rate(optimizer, rate)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx(
            [rate * group["factor"] for group in optimizer.param_groups]
        )
        assert len({group["lr"] for group in optimizer.param_groups}) == 7
