"""Which model a command means: the one that was asked for, else the one that the collection was made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.error import ModelError
from fashion_match.core.model import artifact
from fashion_match.core.plugin.loader import Plugins

if TYPE_CHECKING:
    from fashion_match.core.store.protocol import CollectionSpec

DEFAULT_BACKBONE = "efficientnet_b0"
"""Until a model of our own ships: small, in every torchvision, and good at garments for its cost."""


@dataclass(frozen=True)
class ModelChoice:
    """What the user said about the model; nothing at all is a choice too."""

    folder: Path | None = None
    """Folder of a saved model, or of the training run that made one."""
    backbone: str | None = None
    weights: str | None = None
    """``pretrained``, ``none`` (random), or a weights file."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the backbone."""
    seed: int = 0
    """Of random weights."""

    def __bool__(self) -> bool:
        return bool(self.folder or self.backbone or self.weights or self.options)

    def origin(self) -> dict[str, Any]:
        """Return the choice as a collection keeps it. Raises ModelError where a file that it names is missing."""
        if self.folder is not None:
            folder = artifact.model_in(self.folder)
            return {"folder": str(folder.absolute()), "fingerprint": artifact.read_card(folder).fingerprint}
        return artifact.origin(
            self.backbone or DEFAULT_BACKBONE, self.weights or "pretrained", dict(self.options), self.seed
        )


def resolve_model(plugins: Plugins, library: Path, choice: ModelChoice, spec: CollectionSpec | None) -> Path:
    """Return the folder, in ``library``, of the model to use, making it there if need be.

    Args:
        spec: of the collection, or ``None`` where it is still to be made.

    Raises:
        ModelError: the model cannot be had, or is not the one that the collection was made with.
        PluginError: there is no such backbone, or it has no such option.
    """
    if choice.folder is not None and (choice.backbone or choice.weights or choice.options):
        raise ModelError(
            f"the model folder {choice.folder} brings its own backbone and weights.",
            "Give either --model, or --backbone with --weights.",
        )
    origin = choice.origin() if choice or spec is None else spec.model
    # A model that was made for the same request lies in the library, and torch stays unloaded.
    if spec is not None and origin == spec.model and (known := artifact.find(library, spec.fingerprint)):
        return known
    if spec is None and (known := _made_before(library, origin)):
        return known
    if "folder" in origin:
        folder = artifact.adopt(Path(origin["folder"]), library)
    else:
        folder = artifact.make_model(
            plugins,
            origin["backbone"],
            weights=choice.weights or origin["weights"],
            options=origin["options"],
            seed=origin["seed"],
            library=library,
        )
    if spec is not None:
        require_fit(artifact.read_card(folder).fingerprint, spec, what=describe_origin(origin))
    return folder


def _made_before(library: Path, origin: Mapping[str, Any]) -> Path | None:
    """Return the model of the library that was made for the same request, or ``None``."""
    for file in sorted(library.glob(f"*/{artifact.CARD}")):
        card = artifact.read_card(file.parent)
        if card.head is None and origin.items() <= card.provenance.items():
            return artifact.find(library, card.fingerprint)
    return None


def require_fit(fingerprint: str, spec: CollectionSpec, *, what: str) -> None:
    """Raise ModelError unless the model with ``fingerprint`` made the vectors of the collection."""
    if fingerprint != spec.fingerprint:
        raise ModelError(
            f"the collection was made with {describe_origin(spec.model)}, not with {what}: vectors of two models"
            " cannot be compared.",
            "Leave the model out to use the collection's own, or ingest into another one with --collection NAME.",
        )


def describe_origin(origin: Mapping[str, Any]) -> str:
    """Return how a model was asked for, in a few words: ``"mobilenet_v3_small (weights: none, seed 0)"``."""
    if "folder" in origin:
        return f"the model {origin['folder']}"
    if "backbone" not in origin:
        return "an unknown model"
    seed = f", seed {origin['seed']}" if origin.get("weights") == "none" else ""
    options = "".join(f", {key}={value}" for key, value in dict(origin.get("options", {})).items())
    return f"{origin['backbone']} (weights: {origin.get('weights')}{seed}{options})"
