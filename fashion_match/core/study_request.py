"""What a study was asked for, kept in its folder so that the same command goes on with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.item import Record
from fashion_match.core.output import write_whole
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.train.manifest import TrainRequest

REQUEST = "request.json"
METHOD, REPEATS, K = "orthogonal", 50, 5
WEIGHTS = ("pretrained", "random")
BACKBONES = (
    "alexnet", "densenet121", "convnext_tiny", "efficientnet_b0", "googlenet", "inception_v3", "maxvit_t", "mnasnet0_5",
    "mobilenet_v3_small",
)  # fmt: skip
"""Of the published study."""
TIMED = ("max_minutes", "find_lr", "loggers")
"""Options that make a run depend on the machine, or leave something behind."""


class StudyRequest(Record):
    """Everything that decides about the figures of a study but the data and the versions."""

    train: TrainRequest
    """Of every cell; backbone, weights and seed are the cell's own."""
    backbones: tuple[str, ...]
    weights: tuple[str, ...]
    repeats: int
    k: int = K
    """The error is that of the first k."""
    views: int = 1
    """Augmented views of each item that choose the epoch, where the method has no labels; 0 keeps the last one."""
    figure: str | None = None
    data: str = ""
    """Hash of the items."""
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def n_cells(self) -> int:
        return len(self.backbones) * len(self.weights) * self.repeats


def check_request(request: StudyRequest, plugins: Plugins) -> None:
    """Refuse what no cell could do, before a photo is read.

    Raises:
        UsageError: an option is out of range, or does not go with a study.
        PluginError: there is no such backbone.
    """
    for name in request.backbones:
        _ = plugins.backbones[name]
    _check_names("backbones", request.backbones)
    _check_names("weights", request.weights)
    for name in request.weights:
        if name not in WEIGHTS:
            raise UsageError(
                f"--weights {name}: a study knows no such weights.", did_you_mean(name, WEIGHTS, what="weights")
            )
    for option, value in (("repeats", request.repeats), ("k", request.k), ("views", request.views)):
        least = 0 if option == "views" else 1
        if value < least:
            raise UsageError(f"--{option} {value} must be {least} at least.")
    for option in TIMED:
        if request.train.options.get(option):
            raise UsageError(
                f"{option} = {request.train.options[option]!r} does not go with a study.",
                "All cells take the same steps: give --epochs.",
            )


def _check_names(what: str, names: Sequence[str]) -> None:
    twice = [name for n, name in enumerate(names) if name in names[:n]]
    if not names or twice:
        raise UsageError(f"--{what} names {'nothing' if not names else f'{twice[0]!r} twice'}.")


def begin(request: StudyRequest, folder: Path) -> None:
    """Write the request into a new folder; in one that holds the same study, leave everything as it is.

    Raises:
        UsageError: the folder holds something else, or another study.
    """
    file = folder / REQUEST
    if file.exists():
        _check_same(read_request(folder), request, folder)
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already, and holds no study.", "Name another folder with --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}.", "Name another folder with --out.") from None
    write_whole(file, (request.model_dump_json(indent=2) + "\n").encode())


def read_request(folder: Path) -> StudyRequest:
    """Read what the study in ``folder`` was asked for. Raises UsageError where there is none."""
    file = folder / REQUEST
    try:
        return StudyRequest.model_validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{folder} is no study: it has no {REQUEST}.", "Give the folder of --out.") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        raise UsageError(f"{file} is damaged: {error.errors()[0]['msg']}.", "Begin a new study.") from None


def _check_same(then: StudyRequest, now: StudyRequest, folder: Path) -> None:
    before, after = _flat(then.model_dump(mode="json")), _flat(now.model_dump(mode="json"))
    names = [name for name in before | after if before.get(name) != after.get(name)]
    if names:
        shown = "; ".join(f"{name} was {_text(before.get(name))}, is {_text(after.get(name))}" for name in names[:4])
        more = f"; and {len(names) - 4} more" if len(names) > 4 else ""
        raise UsageError(
            f"{folder} holds another study: {shown}{more}.", "Ask for the same, or name another folder with --out."
        )


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return nested tables as one, by names such as ``train.options.lr``."""
    if not isinstance(value, dict) or (name and not value):
        return {name: value}
    return {key: v for n, inner in value.items() for key, v in _flat(inner, f"{name}.{n}" if name else n).items()}


def _text(value: Any) -> str:
    if value is None or value == {}:
        return "not given"
    return ",".join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip('"')
