"""``fm doctor``: look at everything a run needs, and name the command that mends what is amiss."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fashion_match.core.error import FashionMatchError
from fashion_match.core.item import Record

if TYPE_CHECKING:
    from fashion_match.core.catalogue import Catalogue

LIBRARIES = ("torch", "torchvision", "openvino", "qdrant-edge-py", "qdrant-client", "pillow", "opencv-python-headless")
LEAST_FREE_BYTES = 2 * 1024**3
"""Below this an ingest of a few ten thousand items with its index may fill the disk."""


class Finding(Record):
    """One thing looked at."""

    check: str
    state: Literal["ok", "note", "wrong"]
    found: str
    remedy: str = ""
    """Command or step that mends it."""


def examine(catalogue: Catalogue) -> Iterator[Finding]:
    """Yield what is found, one check after the other; a check that fails itself is a finding too."""
    checks: tuple[Callable[[Catalogue], Iterator[Finding]], ...] = (
        _versions,
        _plugins,
        _device,
        _disk,
        _weights,
        _store,
        _collection,
    )
    for check in checks:
        try:
            yield from check(catalogue)
        except FashionMatchError as error:
            yield Finding(check=check.__name__.strip("_"), state="wrong", found=error.problem, remedy=error.remedy)


def _versions(catalogue: Catalogue) -> Iterator[Finding]:
    ours = version("fashion-match")
    yield Finding(check="fm", state="ok", found=f"{ours} on Python {platform.python_version()}, {platform.platform()}")
    for name in LIBRARIES:
        try:
            yield Finding(check=name, state="ok", found=version(name))
        except PackageNotFoundError:
            yield Finding(check=name, state="wrong", found="is not installed", remedy=f"pip install {name}")


def _plugins(catalogue: Catalogue) -> Iterator[Finding]:
    registries = catalogue.plugins.registries
    broken = [package for package in catalogue.plugins.packages if package.error]
    for package in broken:
        yield Finding(
            check="plugins",
            state="wrong",
            found=f"{package.name}: {package.error}",
            remedy=f"Repair or uninstall it, or set FM_DISABLE_PLUGINS={package.name}",
        )
    if not broken:
        counts = ", ".join(f"{len(registry)} {kind}" for kind, registry in registries.items() if len(registry))
        yield Finding(check="plugins", state="ok", found=counts)


def _device(catalogue: Catalogue) -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if find_spec("torch") is None:
        return
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()))
        yield Finding(check="device", state="ok", found=f"{names} (torch), {cores} cores")
    elif torch.backends.mps.is_available():
        yield Finding(check="device", state="ok", found=f"Apple GPU (torch, mps), {cores} cores")
    elif find_spec("openvino") is not None:
        yield Finding(check="device", state="ok", found=f"no GPU; OpenVINO on {cores} cores")
    else:
        yield Finding(
            check="device", state="note", found=f"no GPU; torch on {cores} cores", remedy="pip install openvino"
        )


def _disk(catalogue: Catalogue) -> Iterator[Finding]:
    place = catalogue.location.library
    while not place.exists() and place != place.parent:
        place = place.parent
    if not os.access(place, os.W_OK):
        yield Finding(
            check="disk", state="wrong", found=f"{place} is not writable", remedy="Give --store DIR, a folder of yours"
        )
        return
    free = shutil.disk_usage(place).free
    state: Literal["ok", "wrong"] = "ok" if free >= LEAST_FREE_BYTES else "wrong"
    remedy = "" if state == "ok" else "Free some space, or give --store DIR on another disk"
    yield Finding(check="disk", state=state, found=f"{free / 1024**3:.1f} GiB free at {place}", remedy=remedy)


def _weights(catalogue: Catalogue) -> Iterator[Finding]:
    from fashion_match.core.model.choice import DEFAULT_BACKBONE

    home = Path(
        os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "torch"
    )
    folder = home / "hub" / "checkpoints"
    present = sorted(file.name for file in folder.glob(f"{DEFAULT_BACKBONE}*.pth"))
    if present:
        yield Finding(check="weights", state="ok", found=f"{present[0]} in {folder}")
    else:
        yield Finding(
            check="weights",
            state="note",
            found=f"the pretrained weights of {DEFAULT_BACKBONE} are not in {folder}",
            remedy="They are downloaded when first needed; without network use --weights FILE or --weights none",
        )


def _store(catalogue: Catalogue) -> Iterator[Finding]:
    from fashion_match.core.store.location import holder

    names = catalogue.location.names()
    address = catalogue.location.address
    yield Finding(
        check="store",
        state="ok" if names else "note",
        found=f"{address}: {', '.join(names) if names else 'no collections yet'}",
        remedy="" if names else "fm ingest SOURCE",
    )
    for name in names:
        held = holder(catalogue.location, name)
        if held is not None:
            yield Finding(
                check="lock",
                state="note",
                found=f"the collection {name} is held by {held}",
                remedy="Wait for it to end, or end it",
            )


def _collection(catalogue: Catalogue) -> Iterator[Finding]:
    from fashion_match.core.model import artifact
    from fashion_match.core.model.choice import describe_origin

    location = catalogue.location
    for name in location.names():
        spec = location.spec(name)
        folder = artifact.find(location.library, spec.fingerprint)
        model = describe_origin(spec.model)
        if folder is None:
            yield Finding(
                check=f"model of {name}",
                state="note",
                found=f"{model} is not in {location.library}; it is made again when a picture is asked for",
            )
            continue
        artifact.load_module(folder, catalogue.plugins)
        yield Finding(check=f"model of {name}", state="ok", found=f"{model}, {spec.dim} wide, fits the collection")
