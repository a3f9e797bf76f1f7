"""What a run was: enough to go on with it, and to repeat it."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from fashion_match.core.error import UsageError
from fashion_match.core.item import Record
from fashion_match.core.output import write_whole

MANIFEST = "manifest.json"
PACKAGES = ("fashion-match", "torch", "torchvision", "lightning", "pytorch-metric-learning", "numpy", "pillow")


class TrainRequest(Record):
    """What was asked for: everything that decides about a run but the data and the versions."""

    source: str
    reader: str | None = None
    reader_options: dict[str, Any] = Field(default_factory=dict)
    methods: tuple[str, ...] = ("triplet",)
    method_options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """By method."""
    backbone: str | None = None
    backbone_options: dict[str, Any] = Field(default_factory=dict)
    weights: str | None = None
    init: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    """What was given of `TrainOptions`."""


class Manifest(Record):
    """Kept as ``manifest.json`` in the folder of the run."""

    version: int = 1
    state: Literal["running", "complete"] = "running"
    request: TrainRequest
    options: dict[str, Any] = Field(default_factory=dict)
    """All options of the run, as they came out of what was asked for and of the method's wishes."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Hash and counts of what was trained on and held out, and how it was split."""
    versions: dict[str, str] = Field(default_factory=dict)
    machine: dict[str, Any] = Field(default_factory=dict)
    started: str = ""
    """UTC time, ISO 8601."""
    seconds: float = 0.0
    n_steps: int = 0
    n_epochs: int = 0
    strides: dict[int, float] = Field(default_factory=dict)
    """Where the time was limited: how fast the run went through its schedule, by step."""
    lr: float | None = None
    """Learning rate that ``--find-lr`` found."""
    before: dict[str, float] = Field(default_factory=dict)
    """Figures on held-out items before training."""
    figures: dict[str, float] = Field(default_factory=dict)
    """The same of the model that was kept."""
    fingerprint: str = ""
    """Of the model."""


def write_manifest(manifest: Manifest, folder: Path) -> None:
    write_whole(folder / MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run. Raises UsageError where ``folder`` is none, or one of another version."""
    file = folder / MANIFEST
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{folder} is no run: it has no {MANIFEST}.", "Give the folder that `fm train` said it writes to."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from None
    try:
        found = json.loads(text).get("version", 1)
        if found != 1:
            raise UsageError(f"{file} is of version {found}; this fashion-match reads version 1.")
        return Manifest.model_validate_json(text)
    except (ValidationError, ValueError, AttributeError) as error:
        raise UsageError(f"{file} is damaged: {str(error).splitlines()[0]}.", "Train again.") from None


def versions() -> dict[str, str]:
    """Return the versions of what decides about the numbers."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
