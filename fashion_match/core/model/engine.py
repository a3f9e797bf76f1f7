"""Engines run a model over batches. Which one is chosen when, and what happens when memory runs out."""

from __future__ import annotations

import os
import platform
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fashion_match.core.error import ModelError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.plugin.loader import Plugins

    Photos = NDArray[np.uint8]
    Codes = NDArray[np.float32]
    Vectors = NDArray[np.float32]

ENGINES = ("auto", "openvino", "torch")
PRECISIONS = ("fp32", "bf16", "fp16")
Notify = Callable[[str], None]


class OutOfMemory(Exception):
    """Memory ran out on a batch. It never leaves this room."""


class ConversionError(Exception):
    """A model cannot be brought into an engine's own form, or computes something else there."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a model looks at, at one time."""

    photos: Photos
    """B x H x W x 3; zero for an item without a photo."""
    codes: Codes | None = None
    """Encoded attributes (B x A); ``None`` for a model that looks at the photo alone."""

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, part: slice) -> Batch:
        return Batch(*(array[part] for array in self.arrays))

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The inputs of the network, in their order."""
        return (self.photos,) if self.codes is None else (self.photos, self.codes)


class Engine(Protocol):
    """Runs one model. Batches are started one after the other and finished in the same order."""

    name: str
    """For people: engine, device and precision."""
    batch_size: int
    """B, the longest batch that `start` takes."""
    depth: int
    """How many batches should be started before the first is finished, for all of the hardware to be busy."""

    def start(self, batch: Batch) -> Any:
        """Begin with a batch (at most ``batch_size`` long) and return a ticket. Raises OutOfMemory."""
        ...

    def finish(self, ticket: Any) -> Vectors:
        """Wait for a ticket's unit rows (B x E). Raises OutOfMemory."""
        ...

    def resize(self, batch_size: int) -> None:
        """Take batches of another size from now on. No ticket may be open. Raises OutOfMemory."""
        ...

    def close(self) -> None: ...


def make_engine(
    folder: Path,
    plugins: Plugins,
    *,
    engine: str = "auto",
    device: str = "auto",
    precision: str = "fp32",
    batch_size: int | None = None,
    notify: Notify = lambda _: None,
) -> Engine:
    """Load the model in ``folder`` into an engine: torch on a graphics card, OpenVINO on a processor.

    Args:
        batch_size: ``None`` for the engine's own; 1 is fastest for a single photo.
        notify: is told in one line when something else than what was asked for is done.

    Raises:
        UsageError: an unknown name, or an engine that lacks the device or the precision.
        ModelError: the model cannot be loaded.
    """
    _require("engine", engine, ENGINES)
    _require("precision", precision, PRECISIONS)
    if batch_size is not None and batch_size < 1:
        raise UsageError(f"the batch size is {batch_size}.", "Give 1 or more.")
    if engine == "openvino" and device not in ("auto", "cpu"):
        raise UsageError(f"the engine openvino does not run on {device}.", "Give --device cpu, or --engine torch.")
    if engine == "openvino" or (engine == "auto" and _on_processor(device)):
        try:
            return _openvino(folder, plugins, precision, batch_size, notify)
        except ConversionError as error:
            if engine == "openvino":
                raise ModelError(f"OpenVINO cannot run the model {folder}: {error}.", "Give --engine torch.") from None
            notify(f"OpenVINO cannot run this model ({error}); using torch, which is slower.")
    return _torch(folder, plugins, device, precision, batch_size, notify)


def _on_processor(device: str) -> bool:
    if device != "auto":
        return device == "cpu"
    if not _may_have_gpu():
        return True
    from fashion_match.core.model.torch_engine import find_device

    return find_device("auto") == "cpu"


def run(engine: Engine, batches: Iterable[Batch], notify: Notify = lambda _: None) -> Iterator[Vectors]:
    """Yield the unit rows (B x E) of each batch, in order, keeping no more than ``engine.depth`` + 1 batches in memory.

    Where memory runs out, the batch size is halved and the batches under way are done again.

    Raises:
        ModelError: memory does not suffice for a single photo.
    """
    under_way: deque[tuple[Batch, deque[Any]]] = deque()
    for batch in batches:
        under_way.append((batch, deque()))
        try:
            for part in _parts(batch, engine.batch_size):
                under_way[-1][1].append(engine.start(part))
            rows = _finish(engine, under_way[0][1]) if len(under_way) > engine.depth else None
        except OutOfMemory:
            yield from _again(engine, under_way, notify)
            continue
        if rows is not None:
            under_way.popleft()
            yield rows
    while under_way:
        try:
            rows = _finish(engine, under_way[0][1])
        except OutOfMemory:
            yield from _again(engine, under_way, notify)
        else:
            under_way.popleft()
            yield rows


def _again(engine: Engine, under_way: deque[tuple[Batch, deque[Any]]], notify: Notify) -> Iterator[Vectors]:
    """Halve the batch size and do everything under way once more, one part at a time."""
    for _, tickets in under_way:
        while tickets:
            with suppress(OutOfMemory):
                engine.finish(tickets.popleft())
    _halve(engine, notify)
    while under_way:
        batch = under_way[0][0]
        try:
            rows = _join([engine.finish(engine.start(part)) for part in _parts(batch, engine.batch_size)])
        except OutOfMemory:
            _halve(engine, notify)
            continue
        under_way.popleft()
        yield rows


def _halve(engine: Engine, notify: Notify) -> None:
    while engine.batch_size > 1:
        smaller = engine.batch_size // 2
        notify(f"Memory ran out at {engine.batch_size} photos at a time; going on with {smaller}.")
        try:
            engine.resize(smaller)
            return
        except OutOfMemory:
            continue
    raise ModelError(
        f"memory does not suffice for a single photo ({engine.name}).",
        "Free some memory, or choose a smaller backbone.",
    )


def _finish(engine: Engine, tickets: deque[Any]) -> Vectors:
    return _join([engine.finish(tickets.popleft()) for _ in range(len(tickets))])


def _parts(batch: Batch, size: int) -> Iterator[Batch]:
    for start in range(0, len(batch), size):
        yield batch[start : start + size]


def _join(parts: list[Vectors]) -> Vectors:
    import numpy as np

    if not parts:  # an empty batch
        return np.empty((0, 0), np.float32)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _openvino(folder: Path, plugins: Plugins, precision: str, batch_size: int | None, notify: Notify) -> Engine:
    if precision == "fp16":
        raise UsageError(
            "the engine openvino has no precision fp16: on processors its vectors are wrong.",
            "Give --precision fp32 or bf16.",
        )
    from fashion_match.core.model.openvino_engine import OpenVinoEngine

    return _with_memory(lambda size: OpenVinoEngine(folder, plugins, precision, size), batch_size or 8, notify)


def _torch(
    folder: Path, plugins: Plugins, device: str, precision: str, batch_size: int | None, notify: Notify
) -> Engine:
    from fashion_match.core.model.torch_engine import TorchEngine, find_device

    found = find_device(device)
    own = 16 if found == "cpu" else 128
    return _with_memory(lambda size: TorchEngine(folder, plugins, found, precision, size), batch_size or own, notify)


def _with_memory(make: Callable[[int], Engine], batch_size: int, notify: Notify) -> Engine:
    while True:
        try:
            return make(batch_size)
        except OutOfMemory:
            if batch_size == 1:
                raise ModelError("memory does not suffice for the model.", "Choose a smaller backbone.") from None
            notify(f"Memory ran out at {batch_size} photos at a time; going on with {batch_size // 2}.")
            batch_size //= 2


def _may_have_gpu() -> bool:
    """Whether it is worth importing torch, which takes seconds, to look for a graphics card."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return any(os.path.exists(path) for path in ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")) or sys.platform == "win32"


def _require(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"there is no {what} {value!r}.", f"Known: {', '.join(known)}.")
