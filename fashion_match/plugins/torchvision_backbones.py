"""Every classification network of torchvision, by its own name, without its classifier.

The features are what the classifier would have seen: of its layers those before the first linear or convolutional one
remain (normalisation, pooling), and features that are still a map are averaged over it (``alexnet`` 256 wide,
``vgg16`` and ``squeezenet1_1`` 512).
"""

from __future__ import annotations

import contextlib
import io
import socket
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from fashion_match import Backbone, ModelError, Options, Preprocess, Registry, hookimpl

if TYPE_CHECKING:
    import torch
    from torch import nn

# Written down, because asking torchvision would import torch whenever plugins are listed. A test compares the two.
# fmt: off
NAMES = (
    "alexnet", "convnext_base", "convnext_large", "convnext_small", "convnext_tiny", "densenet121", "densenet161",
    "densenet169", "densenet201", "efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3",
    "efficientnet_b4", "efficientnet_b5", "efficientnet_b6", "efficientnet_b7", "efficientnet_v2_l",
    "efficientnet_v2_m", "efficientnet_v2_s", "googlenet", "inception_v3", "maxvit_t", "mnasnet0_5", "mnasnet0_75",
    "mnasnet1_0", "mnasnet1_3", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "regnet_x_16gf",
    "regnet_x_1_6gf", "regnet_x_32gf", "regnet_x_3_2gf", "regnet_x_400mf", "regnet_x_800mf", "regnet_x_8gf",
    "regnet_y_128gf", "regnet_y_16gf", "regnet_y_1_6gf", "regnet_y_32gf", "regnet_y_3_2gf", "regnet_y_400mf",
    "regnet_y_800mf", "regnet_y_8gf", "resnet101", "resnet152", "resnet18", "resnet34", "resnet50",
    "resnext101_32x8d", "resnext101_64x4d", "resnext50_32x4d", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5", "shufflenet_v2_x2_0", "squeezenet1_0", "squeezenet1_1", "swin_b", "swin_s", "swin_t",
    "swin_v2_b", "swin_v2_s", "swin_v2_t", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19",
    "vgg19_bn", "vit_b_16", "vit_b_32", "vit_h_14", "vit_l_16", "vit_l_32", "wide_resnet101_2", "wide_resnet50_2",
)
# fmt: on

CLASSIFIERS = ("fc", "classifier", "head", "heads")
"""Under one of these names every network keeps its classifier."""
AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")
"""Further classifiers, of training alone."""
TIMEOUT_S = 10.0
"""How long a download may stand still before it is given up."""


class TorchvisionOptions(Options):
    image_size_px: int | None = Field(default=None, ge=32, le=4096)
    """Side of the square that the network looks at; by default the one that its published weights were made for."""


@hookimpl
def fm_register_backbones(backbones: Registry[Backbone]) -> None:
    for name in NAMES:
        backbones.register(
            name, partial(make_backbone, name), options=TorchvisionOptions, summary=f"torchvision's {name}"
        )


def make_backbone(name: str, options: TorchvisionOptions, *, weights: str = "none") -> Any:
    """Return the network called ``name``, mapping pixels (B x 3 x H x W) to features (B x D), in evaluation mode.

    Args:
        weights: ``"pretrained"``, ``"none"`` (random), or the path of a weights file (``.pth`` or ``.safetensors``).

    Raises:
        ModelError: the weights cannot be downloaded or read, or do not fit the network.
    """
    published = _published(name)
    # Fetched first: building a large network only to find that there are no weights for it takes long.
    state = None if weights == "none" else _download(name, published) if weights == "pretrained" else _read(weights)
    preprocess = _preprocess(name, published, options)
    network = _build(name, preprocess.crop_px, random=state is None)
    network.dim = _remove_classifier(network)
    network.preprocess = preprocess
    if state is not None:
        _load(network, state, name, weights)
    return network.eval()


def _published(name: str) -> Any:
    from torchvision.models import get_model_weights

    return get_model_weights(name).DEFAULT


def _build(name: str, side_px: int, *, random: bool) -> Any:
    from torchvision.models import get_model_builder

    settings: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        settings |= {"aux_logits": False, "transform_input": False, "init_weights": random}
    # These two are built for one size; the others take any. It is that of the photos, published weights included:
    # those of vit_h_14, say, are for 518 px.
    if name.startswith("vit"):
        settings["image_size"] = side_px
    if name.startswith("maxvit"):
        settings["input_size"] = (side_px, side_px)
    try:
        return get_model_builder(name)(weights=None, progress=False, **settings)
    except (ValueError, RuntimeError) as error:
        raise ModelError(
            f"{name} cannot be built for photos of {side_px} px: {_one_line(error)}.",
            "Leave image_size_px out, or choose a multiple of 224.",
        ) from None


def _remove_classifier(network: Any) -> int:
    """Cut the classifier off, in place, and return D, the width of what remains."""
    from torch import nn
    from torchvision.models import VGG, AlexNet, SqueezeNet

    where = next(name for name in CLASSIFIERS if hasattr(network, name))
    classifier = getattr(network, where)
    layers = list(classifier) if isinstance(classifier, nn.Sequential) else [classifier]
    kept = list(takewhile(lambda layer: not isinstance(layer, nn.Linear | nn.Conv2d), layers))
    cut: Any = layers[len(kept)]
    dim = cut.in_features if isinstance(cut, nn.Linear) else cut.in_channels
    if isinstance(network, AlexNet | VGG):  # they flatten the whole map
        height, width = network.avgpool.output_size
        dim //= height * width
        network.avgpool = nn.AdaptiveAvgPool2d(1)
    if isinstance(network, SqueezeNet):
        kept.append(nn.AdaptiveAvgPool2d(1))
    setattr(network, where, nn.Sequential(*kept))
    return int(dim)


def _preprocess(name: str, published: Any, options: TorchvisionOptions) -> Preprocess:
    """Return the preprocessing of the published weights, in proportion where another size is asked for."""
    preset = published.transforms()
    resize_px, crop_px = preset.resize_size[0], preset.crop_size[0]
    if options.image_size_px:
        resize_px, crop_px = round(resize_px * options.image_size_px / crop_px), options.image_size_px
    mean, std = tuple(preset.mean), tuple(preset.std)
    if name in ("googlenet", "inception_v3"):  # what their `transform_input` comes down to
        mean = std = (0.5, 0.5, 0.5)
    return Preprocess(
        resize_px=resize_px, crop_px=crop_px, interpolation=preset.interpolation.value, mean=mean, std=std
    )


def _download(name: str, published: Any) -> Mapping[str, torch.Tensor]:
    from torch import hub

    folder = Path(hub.get_dir()) / "checkpoints"
    file = folder / published.url.rpartition("/")[2]
    if not file.exists():
        visible = sys.stderr.isatty()
        try:
            with _impatient(), contextlib.nullcontext() if visible else contextlib.redirect_stderr(io.StringIO()):
                folder.mkdir(parents=True, exist_ok=True)
                digest = file.stem.rpartition("-")[2]
                hub.download_url_to_file(published.url, str(file), hash_prefix=digest, progress=visible)
        except (OSError, RuntimeError) as error:  # RuntimeError: the bytes have another hash than the name says
            raise ModelError(
                f"the pretrained weights of {name} cannot be downloaded: {_one_line(error)}.",
                f"Fetch {published.url} elsewhere and give it with --weights FILE (or put it into {folder}), "
                "or take random weights with --weights none.",
            ) from None
    return _read(str(file))


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _read(file: str) -> Mapping[str, torch.Tensor]:
    """Read a weights file without ever running what it holds."""
    import torch

    path = Path(file)
    try:
        if not path.is_file():
            raise ModelError(
                f"there is no weights file {file}.", "Give a .pth or .safetensors file, or `pretrained`, or `none`."
            )
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        for key in ("state_dict", "model"):  # as training scripts wrap it
            if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
                state = state[key]
        if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
            raise TypeError("it holds something else than named tensors")
    except ModelError:
        raise
    except Exception as error:  # pickle, zip, and safetensors each raise their own
        raise ModelError(
            f"{file} is no file of weights: {_one_line(error)}.",
            "It must hold a state dict alone, as `torch.save(model.state_dict(), FILE)` writes it.",
        ) from None
    return state


def _load(network: nn.Module, state: Mapping[str, torch.Tensor], name: str, weights: str) -> None:
    wanted = network.state_dict()
    given = {_modern(key.removeprefix("module."), name): value for key, value in state.items()}
    # Files by torchvision itself may lack counters that came later; they start at zero.
    missing = sorted(key for key in wanted.keys() - given.keys() if not key.endswith("num_batches_tracked"))
    surplus = sorted(
        key for key in given.keys() - wanted.keys() if not key.startswith((*AUXILIARY, *(f"{c}." for c in CLASSIFIERS)))
    )
    misshapen = sorted(key for key in wanted.keys() & given.keys() if wanted[key].shape != given[key].shape)
    if missing or surplus or misshapen:
        kinds = (("missing", missing), ("unknown", surplus), ("of another shape", misshapen))
        found = "; ".join(f"{len(keys)} {kind} ({', '.join(keys[:3])})" for kind, keys in kinds if keys)
        raise ModelError(f"the weights {weights} do not fit {name}: {found}.", "Give the weights of this very network.")
    for key, tensor in wanted.items():
        if key in given:
            tensor.copy_(given[key])


def _modern(key: str, name: str) -> str:
    """Return the present name of a parameter: densenet's published weights still say ``norm.1`` for ``norm1``."""
    if name.startswith("densenet"):
        for layer in ("norm", "relu", "conv"):
            for n in ("1", "2"):
                key = key.replace(f".{layer}.{n}.", f".{layer}{n}.")
    return key


def _one_line(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    return (str(reason).strip() or type(error).__name__).splitlines()[0].rstrip(".")
