"""Every image network of timm as a backbone: ``fm ingest SOURCE --backbone timm --set backbone.model=NAME``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from fashion_match import Backbone, ModelError, Options, Preprocess, Registry, did_you_mean, hookimpl

if TYPE_CHECKING:
    from torch import nn


class TimmOptions(Options):
    model: str = Field("mobilenetv3_small_100", description="a name of timm's, such as convnext_nano.in12k_ft_in1k")
    image_size_px: int | None = Field(
        None, ge=32, le=1024, description="side of the pictures; by default the weights' own"
    )


@hookimpl
def fm_register_backbones(backbones: Registry[Backbone]) -> None:
    backbones.register("timm", make_timm, options=TimmOptions, summary="any of timm's networks, by the option model")


def make_timm(options: TimmOptions, *, weights: str) -> nn.Module:
    """Return a network that maps pixels (B x 3 x H x W) to features (B x D). Raises ModelError as the protocol says."""
    import timm

    name = options.model
    if ":" not in name and not timm.is_model(name):
        raise ModelError(f"timm has no network {name!r}.", did_you_mean(name, timm.list_models(), what="networks"))
    settings: dict[str, Any] = {"num_classes": 0, "pretrained": weights == "pretrained"}
    config = timm.get_pretrained_cfg(name, allow_unregistered=True)
    if options.image_size_px and config is not None and config.fixed_input_size:
        settings["img_size"] = options.image_size_px
    try:
        network = timm.create_model(name, **settings)
    except Exception as error:  # the download alone knows a dozen kinds
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "Fetch the weights elsewhere and give them by --weights FILE, or take random ones by --weights none."
        raise ModelError(f"timm cannot make {name} with the weights {weights!r}: {reason[:200]}", remedy) from None
    if weights not in ("pretrained", "none"):
        _load(network, weights)
    network.dim = getattr(network, "head_hidden_size", None) or network.num_features
    network.preprocess = _preprocess(network, options.image_size_px)
    return network.eval()


def _preprocess(network: nn.Module, image_size_px: int | None) -> Preprocess:
    from timm.data import resolve_model_data_config

    config = resolve_model_data_config(network)
    crop_px = image_size_px or config["input_size"][-1]
    return Preprocess(
        resize="squash" if config["crop_mode"] == "squash" else "shortest",
        resize_px=int(crop_px / config["crop_pct"]),
        crop_px=crop_px,
        interpolation="bilinear" if config["interpolation"] == "bilinear" else "bicubic",
        mean=config["mean"],
        std=config["std"],
    )


def _load(network: nn.Module, file: str) -> None:
    from timm.models import load_state_dict

    if not Path(file).is_file():
        raise ModelError(
            f"there is no weights file {file}.", "Give a .safetensors or .pth file, `pretrained` or `none`."
        )
    try:
        state = load_state_dict(file, use_ema=False, weights_only=True)
        missing, unknown = network.load_state_dict(state, strict=False)
    except Exception as error:  # pickle, zip, safetensors and shapes that differ each raise their own
        raise ModelError(f"{file} holds no weights for this network: {' '.join(str(error).split())[:200]}") from None
    classifier = network.default_cfg["classifier"]
    classifiers = (classifier,) if isinstance(classifier, str) else tuple(classifier or ())
    unknown = [key for key in unknown if not key.startswith(classifiers)]
    if missing or unknown:
        raise ModelError(f"{file} does not fit: {len(missing)} weights are missing, {len(unknown)} unknown.")
