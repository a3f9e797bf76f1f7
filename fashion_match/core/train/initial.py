"""Where a run begins: pretrained or random weights, a file of weights, or a model that was trained before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from fashion_match.core.error import ModelError, UsageError
from fashion_match.core.model.artifact import CARD, RANDOM, build, model_in, read_card, read_weights
from fashion_match.core.model.card import ModelCard
from fashion_match.core.model.encoding import Encoding
from fashion_match.core.model.network import Network
from fashion_match.core.model.preprocess import Preprocess
from fashion_match.core.plugin.loader import Plugins

LEAST_MATCH = 0.5
"""Part of the backbone's weights that a file must have for it to be a file of that network at all."""
N_SHOWN = 3
MOMENTUM = 0.1
"""Least momentum of the statistics of random networks; torch's own default. Some are built for runs of 100,000 steps
(0.01 for mobilenet_v3), and after a short one would still be those of noise."""


@dataclass
class Initial:
    """The backbone to start from, and what else the model had that it comes from."""

    name: str
    """Registered name of the backbone."""
    options: dict[str, Any]
    module: Any
    preprocess: Preprocess
    provenance: dict[str, Any]
    card: ModelCard | None = None
    """Of the model it comes from."""
    state: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """All weights of that model."""


def make_initial(
    plugins: Plugins,
    *,
    backbone: str,
    backbone_options: Mapping[str, Any],
    weights: str,
    init: str | None,
    image_size_px: int | None,
    seed: int,
    notify: Callable[[str], None] = lambda _: None,
) -> Initial:
    """Return the backbone with its weights.

    Args:
        init: folder of a model or of a run, or a file of weights of which as many are taken as fit.

    Raises:
        ModelError: the weights cannot be had, or fit nothing.
        PluginError: there is no such backbone, or it has no such option.
    """
    folder = model_in(Path(init)) if init is not None and Path(init).is_dir() else None
    if folder is not None:
        return _from_model(plugins, folder, image_size_px)
    entry = plugins.backbones[backbone]
    sized = image_size_px is not None and "image_size_px" in entry.options.model_fields
    given = {**backbone_options, **({"image_size_px": image_size_px} if sized else {})}
    parsed = entry.parse(given)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module: Any = entry.factory(parsed, weights=RANDOM if init is not None else weights)
    if weights == RANDOM and init is None:
        for layer in module.modules():
            if isinstance(layer, _BatchNorm) and layer.momentum is not None:
                layer.momentum = max(layer.momentum, MOMENTUM)
    provenance: dict[str, Any] = {"weights": weights, "seed": seed}
    if init is not None:
        provenance = {"init": str(init)}
        _fill_from_file(module, Path(init), backbone, notify)
    return Initial(
        backbone,
        parsed.model_dump(exclude_defaults=True),
        module,
        resized(module.preprocess, None if sized else image_size_px),
        provenance,
    )


def resized(preprocess: Preprocess, side_px: int | None) -> Preprocess:
    """Return the preprocessing for photos of another side, everything else in proportion."""
    if side_px is None or side_px == preprocess.crop_px:
        return preprocess
    return preprocess.model_copy(
        update={
            "crop_px": side_px,
            "resize_px": max(side_px, round(preprocess.resize_px * side_px / preprocess.crop_px)),
        }
    )


def _from_model(plugins: Plugins, folder: Path, image_size_px: int | None) -> Initial:
    card = read_card(folder)
    entry = plugins.backbones[card.backbone]
    options = dict(card.backbone_options)
    if image_size_px is not None and "image_size_px" in entry.options.model_fields:
        options["image_size_px"] = image_size_px
    module: Any = entry.make(options, weights=RANDOM)
    state = read_weights(folder)
    _copy(
        module, {name.removeprefix("backbone."): t for name, t in state.items() if name.startswith("backbone.")}, folder
    )
    return Initial(
        card.backbone,
        options,
        module,
        resized(card.preprocess, image_size_px),
        {"init": card.fingerprint},
        card,
        state,
    )


def _copy(module: nn.Module, given: Mapping[str, torch.Tensor], source: Path) -> None:
    wanted = module.state_dict()
    if {name: t.shape for name, t in wanted.items()} != {name: t.shape for name, t in given.items()}:
        raise ModelError(
            f"the backbone in {source} is not the one that its card names.",
            "The installed version of that plugin may differ, or the image size may not fit this network.",
        )
    for name, tensor in wanted.items():
        tensor.copy_(given[name])


def take_over(
    network: Network,
    initial: Initial,
    head: str | None,
    head_options: Mapping[str, Any],
    encoding: Encoding | None = None,
) -> list[str]:
    """Copy what else fits of the initial model: its head, where it is the same, and then the layers of equal classes.

    Returns:
        What was taken over, for people.
    """
    card = initial.card
    if card is None or card.head != head:
        return []
    if head is not None and (dict(card.head_options) != dict(head_options) or card.encoding != encoding):
        return []
    wanted, taken = network.state_dict(), []
    own = {name: tensor for name, tensor in wanted.items() if name.startswith("head.")}
    if any(name not in initial.state or initial.state[name].shape != tensor.shape for name, tensor in own.items()):
        return []
    if own:
        for name, tensor in own.items():
            tensor.copy_(initial.state[name])
        taken.append("head")
    # Layers read the embedding, so they mean something over the same head alone.
    known = list(card.classes)
    for n, (name, classes) in enumerate(network.classifier.classes.items() if network.classifier is not None else ()):
        if card.classes.get(name) == classes:
            there, here = (f"classifier.layers.{number}." for number in (known.index(name), n))
            for part in ("weight", "bias"):
                wanted[here + part].copy_(initial.state[there + part])
            wanted["classifier.log_scale"][n] = initial.state["classifier.log_scale"][known.index(name)]
            taken.append(f"classes of {name}")
    return taken


def head_of(initial: Initial, plugins: Plugins) -> tuple[nn.Module | None, str | None, dict[str, Any]]:
    """Return the head that the initial model brings, with the method that makes it and its options."""
    card = initial.card
    if card is None or card.head is None:
        return None, None, {}
    network = build(card, plugins)
    assert network.head is not None
    own = network.head.state_dict()
    for name, tensor in own.items():
        tensor.copy_(initial.state[f"head.{name}"])
    return network.head, card.head, dict(card.head_options)


def _fill_from_file(module: nn.Module, file: Path, backbone: str, notify: Callable[[str], None]) -> None:
    """Copy from a file what fits by name and shape, whatever the network is called in it; say what does not."""
    state = _read_file(file)
    wanted = module.state_dict()
    prefix = max(_prefixes(state), key=lambda p: len(_matching(state, wanted, p)))
    matched = _matching(state, wanted, prefix)
    floats = [name for name in wanted if not name.endswith("num_batches_tracked")]
    missing = [name for name in floats if name not in matched]
    surplus = [name for name in state if name.removeprefix(prefix) not in matched or not name.startswith(prefix)]
    if len(matched) < LEAST_MATCH * len(floats):
        raise ModelError(
            f"the weights in {file} do not fit {backbone}: {len(matched)} of {len(floats)} match"
            f" (not in the file: {_some(missing)}; in the file alone: {_some(surplus)}).",
            "Name the network of these weights with --backbone.",
        )
    for name, tensor in matched.items():
        wanted[name].copy_(tensor)
    if missing:
        notify(f"{file}: {len(missing)} weights of {backbone} are not in it and stay random: {_some(missing)}.")
    if surplus:
        notify(f"{file}: {len(surplus)} weights in it have no place in {backbone}: {_some(surplus)}.")


def _read_file(file: Path) -> dict[str, torch.Tensor]:
    """Read named tensors without ever running what the file holds."""
    if not file.is_file():
        raise UsageError(
            f"--init {file}: there is no such file or folder.",
            "Give a model folder, a run folder, or a .pth or .safetensors file.",
        )
    if file.name == CARD:
        raise UsageError(f"--init {file} is the card of a model.", f"Give its folder: {file.parent}.")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(file))
        state: Any = torch.load(file, map_location="cpu", weights_only=True)
        for key in ("state_dict", "model", "model_state_dict"):  # as training scripts wrap it
            if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
                state = state[key]
        if not isinstance(state, Mapping):
            raise TypeError("it holds something else than named tensors")
        tensors = {str(name): tensor for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
        if not tensors:
            raise TypeError("it holds no tensors")
        return tensors
    except Exception as error:  # pickle, zip, and safetensors each raise their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"{file} is no file of weights: {reason[:200]}",
            "It must hold a state dict alone, as `torch.save(model.state_dict(), FILE)` writes it.",
        ) from None


def _prefixes(state: Mapping[str, torch.Tensor]) -> list[str]:
    """Return what may stand before the backbone's own names: nothing, ``module.``, ``model.backbone.``, ..."""
    found = {""}
    for name in state:
        parts = name.split(".")
        found |= {".".join(parts[:n]) + "." for n in range(1, min(len(parts), 4))}
    return sorted(found, key=len)


def _matching(
    state: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], prefix: str
) -> dict[str, torch.Tensor]:
    own = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    return {name: t for name, t in own.items() if name in wanted and wanted[name].shape == t.shape}


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    more = f", ... ({len(names)} in all)" if len(names) > N_SHOWN else ""
    return ", ".join(names[:N_SHOWN]) + more
