"""Parameters in groups, each with its part of the learning rate; and the optimizer over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.model.network import Network
from fashion_match.core.train.option import TrainOptions


def make_optimizer(network: Network, terms: nn.Module, options: TrainOptions) -> torch.optim.Optimizer:
    """Return the optimizer; each of its groups has a ``factor`` that the rate of the run is multiplied with.

    Norms and biases do not decay: pulling them towards zero only makes the network forget its scale.

    Raises:
        UsageError: there is no layer to freeze of that name, or nothing is left to train.
    """
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for factor, name, parameter in _with_factors(network, terms, options):
        decays = parameter.ndim > 1 and not name.endswith("log_scale")
        groups.setdefault((factor, decays), []).append(parameter)
    if not groups:
        raise UsageError(
            "nothing is left to train: every layer is frozen.", "Freeze less, or use a method with a head."
        )
    settings: list[dict[str, Any]] = [
        {"params": parameters, "factor": factor, "weight_decay": options.weight_decay if decays else 0.0}
        for (factor, decays), parameters in groups.items()
    ]
    if options.optimizer == "sgd":
        return torch.optim.SGD(settings, lr=options.lr, momentum=0.9, nesterov=True)
    kind = torch.optim.AdamW if options.optimizer == "adamw" else torch.optim.Adam
    return kind(settings, lr=options.lr, fused=True)  # a quarter of the time, over many small tensors


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its part of ``rate``."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]


def _with_factors(
    network: Network, terms: nn.Module, options: TrainOptions
) -> Iterator[tuple[float, str, nn.Parameter]]:
    blocks = _blocks(network.backbone)
    depth = {id(p): n for n, (_, block) in enumerate(blocks) for p in block.parameters()}
    frozen = frozen_names(network.backbone, options.freeze)
    for name, parameter in network.backbone.named_parameters():
        if name in frozen or options.backbone_lr == 0:
            parameter.requires_grad_(False)
            continue
        below = len(blocks) - 1 - depth.get(id(parameter), len(blocks) - 1)
        yield (
            options.backbone_lr * options.layer_decay ** (below + 1 if network.head is not None else below),
            name,
            parameter,
        )
    for part in (network.head, network.classifier):
        if part is not None:
            yield from ((1.0, name, parameter) for name, parameter in part.named_parameters())
    yield from ((options.loss_lr, name, parameter) for name, parameter in terms.named_parameters())


def _blocks(backbone: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the backbone's layers from first to last, those of a sequence one by one."""
    blocks: list[tuple[str, nn.Module]] = []
    for name, child in backbone.named_children():
        if isinstance(child, nn.Sequential):
            blocks += [(f"{name}.{inner}", module) for inner, module in child.named_children()]
        else:
            blocks.append((name, child))
    return [(name, block) for name, block in blocks if any(True for _ in block.parameters())]


def frozen_names(backbone: nn.Module, prefixes: Sequence[str]) -> set[str]:
    """Return the names of the parameters that begin with one of ``prefixes``.

    Raises:
        UsageError: none begins with one of them.
    """
    names = [name for name, _ in backbone.named_parameters()]
    frozen: set[str] = set()
    for prefix in prefixes:
        found = {name for name in names if name == prefix or name.startswith(f"{prefix}.")}
        if not found:
            layers = [name for name, _ in _blocks(backbone)]
            raise UsageError(
                f"freeze = {prefix!r}: the backbone has no layer of that name.",
                did_you_mean(prefix, layers, what="layers"),
            )
        frozen |= found
    return frozen
