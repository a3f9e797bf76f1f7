"""What every backbone promises. Checked with random weights, so that nothing is downloaded."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.error import ModelError
from fashion_match.core.model.preprocess import Preprocess
from fashion_match.testing.contract import Subject, options_refuse_what_they_do_not_know, require

if TYPE_CHECKING:
    import torch

TOLERANCE = 1e-3
"""Greatest difference between two features that are to be equal, as a part of the greatest feature."""


@dataclass
class BackboneSubject(Subject):
    def make(self, weights: str = "none", seed: int = 0) -> Any:
        import torch

        torch.manual_seed(seed)
        network = self.entry.make(self.options, weights=weights)
        return network.eval() if hasattr(network, "eval") else network

    @cached_property
    def network(self) -> Any:
        return self.make()

    @cached_property
    def pixels(self) -> torch.Tensor:
        """Two pictures (2 x 3 x H x W): one of noise, one that is half as bright."""
        import torch

        side = self.network.preprocess.crop_px
        noise = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
        return noise * torch.tensor([1.0, 0.5]).reshape(2, 1, 1, 1)

    def forward(self, pixels: torch.Tensor, network: Any = None) -> torch.Tensor:
        import torch

        with torch.no_grad():
            features: torch.Tensor = (network or self.network)(pixels)
        return features

    @cached_property
    def features(self) -> torch.Tensor:
        return self.forward(self.pixels)


def is_a_module_with_random_weights(subject: BackboneSubject) -> None:
    import torch

    found = type(subject.network).__name__
    require(isinstance(subject.network, torch.nn.Module), f"the factory must return a torch.nn.Module, not {found}")


def has_a_width_and_a_preprocessing(subject: BackboneSubject) -> None:
    dim, preprocess = getattr(subject.network, "dim", None), getattr(subject.network, "preprocess", None)
    require(type(dim) is int and dim > 0, f"dim must be a whole number above zero, but is {dim!r}")
    require(isinstance(preprocess, Preprocess), f"preprocess must be a Preprocess, but is {type(preprocess).__name__}")


def maps_pictures_to_rows_of_its_width(subject: BackboneSubject) -> None:
    import torch

    found = subject.features
    require(isinstance(found, torch.Tensor), f"it must return a tensor, but returns {type(found).__name__}")
    wanted = (2, subject.network.dim)
    require(tuple(found.shape) == wanted, f"two pictures must give {wanted}, but gave {tuple(found.shape)}")
    require(found.dtype == torch.float32, f"features must be float32, but are {found.dtype}")


def features_are_finite_and_tell_pictures_apart(subject: BackboneSubject) -> None:
    found = subject.features
    require(bool(found.isfinite().all()), "features must be finite")
    require(bool(found.norm(dim=1).min() > 0), "a row of zeros cannot become a unit vector")
    require(not bool((found[0] == found[1]).all()), "two pictures must not have the same features")


def is_deterministic(subject: BackboneSubject) -> None:
    _require_equal(subject.forward(subject.pixels), subject, "a second forward pass")


def a_picture_does_not_depend_on_its_batch(subject: BackboneSubject) -> None:
    import torch

    alone = torch.cat([subject.forward(subject.pixels[n : n + 1]) for n in range(2)])
    _require_equal(alone, subject, "a picture alone")


def its_state_can_be_saved_and_loaded(subject: BackboneSubject) -> None:
    from safetensors.torch import load, save

    saved, other = load(save(_contiguous(subject))), subject.make(seed=7)
    state = other.state_dict()
    require(state.keys() == saved.keys(), "the names in state_dict() must be the same whenever the network is made")
    for name, tensor in state.items():
        tensor.copy_(saved[name])
    _require_equal(subject.forward(subject.pixels, other), subject, "a network with the saved state")


def reads_its_own_weights_file(subject: BackboneSubject) -> None:
    from safetensors.torch import save_file

    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "weights.safetensors")
        save_file(_contiguous(subject), file)
        network = subject.make(weights=file, seed=7)
    _require_equal(subject.forward(subject.pixels, network), subject, "a network made from the weights file")


def a_missing_weights_file_is_a_model_error(subject: BackboneSubject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        missing = str(Path(folder) / "no-such-weights.safetensors")
        try:
            subject.make(weights=missing)
        except ModelError as error:
            require("no-such-weights" in str(error), f"the ModelError must name the file, but says: {error}")
            return
    raise AssertionError("a weights file that does not exist must raise ModelError")


def _contiguous(subject: BackboneSubject) -> dict[str, torch.Tensor]:
    return {name: tensor.contiguous().clone() for name, tensor in subject.network.state_dict().items()}


def _require_equal(found: torch.Tensor, subject: BackboneSubject, what: str) -> None:
    reference = subject.features
    difference = float((found - reference).abs().max() / reference.abs().max().clamp_min(1e-30))
    require(difference <= TOLERANCE, f"{what} must give the same features, but they differ by {difference:.2%}")


BACKBONE_CHECKS = (
    is_a_module_with_random_weights,
    options_refuse_what_they_do_not_know,
    has_a_width_and_a_preprocessing,
    maps_pictures_to_rows_of_its_width,
    features_are_finite_and_tell_pictures_apart,
    is_deterministic,
    a_picture_does_not_depend_on_its_batch,
    its_state_can_be_saved_and_loaded,
    reads_its_own_weights_file,
    a_missing_weights_file_is_a_model_error,
)
