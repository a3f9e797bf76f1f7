"""The head that the built-in methods put on a backbone: layers, normalised and dropped out, down to the embedding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from fashion_match import Options

if TYPE_CHECKING:
    from torch import nn


class HeadOptions(Options):
    """Layers between the features of the backbone and the embedding."""

    dim: int = Field(128, ge=1, description="width of the embedding")
    hidden: list[int] = Field([512], description="widths of the layers before it; say hidden= for none")
    norm: Literal["batch", "layer", "none"] = Field("batch", description="normalisation after each hidden layer")
    dropout: float = Field(0.3, ge=0, lt=1, description="after each hidden layer")
    last: Literal["linear", "relu"] = Field("linear", description="relu makes the embedding a layer like the others")

    def head_options(self) -> dict[str, Any]:
        """Return what a card keeps of them."""
        return {name: getattr(self, name) for name in HeadOptions.model_fields}


def make_mlp(width: int, options: Mapping[str, Any]) -> nn.Module:
    """Return layers from B x ``width`` to B x E, with E as ``dim`` of what is returned."""
    from torch import nn

    layers: list[nn.Module] = []
    for hidden in options["hidden"]:
        layers.append(nn.Linear(width, hidden))
        if options["norm"] != "none":
            layers.append(nn.BatchNorm1d(hidden) if options["norm"] == "batch" else nn.LayerNorm(hidden))
        layers += [nn.ReLU(), nn.Dropout(options["dropout"])]
        width = hidden
    layers.append(nn.Linear(width, options["dim"]))
    if options["last"] == "relu":
        layers += [nn.ReLU(), nn.Dropout(options["dropout"])]
    made = nn.Sequential(*layers)
    made.dim = options["dim"]
    return made


def photo_head(dim: int, options: Mapping[str, Any]) -> nn.Module:
    """Return such layers as a head that looks at the photo alone."""
    from fashion_match.plugins.methods.photo_head import PhotoHead

    return PhotoHead(make_mlp(dim, options))
