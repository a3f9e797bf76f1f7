"""Torch: on graphics cards, and on processors for what OpenVINO cannot run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.error import UsageError
from fashion_match.core.model.artifact import load_module
from fashion_match.core.model.engine import Batch, OutOfMemory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.plugin.loader import Plugins

if "torch" not in sys.modules:
    # Threads that spin while they wait take the cores from the decoders, and on a busy machine from each other: a
    # second busy process was seen to cost seven eighths of the rate.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def find_device(device: str) -> str:
    """Return torch's name of a device; ``"auto"`` is a graphics card where there is one.

    Raises:
        UsageError: there is no such device here.
    """
    import torch

    mps = torch.backends.mps.is_available()
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    kind, _, number = device.partition(":")
    n_cards = torch.cuda.device_count()
    known = {"cpu": not number, "mps": mps and not number}
    known["cuda"] = n_cards > 0 and (not number or (number.isdecimal() and int(number) < n_cards))
    if kind not in known:
        raise UsageError(f"there is no device {device!r}.", "Known: auto, cpu, cuda, cuda:N, mps.")
    if not known[kind]:
        here = ["cpu", *(f"cuda:{n}" for n in range(n_cards)), *(["mps"] if mps else [])]
        raise UsageError(f"this machine has no device {device!r}.", f"It has: {', '.join(here)}.")
    return device


class TorchEngine:
    """Channels last, reduced precision by autocast; on a card, copies run beside the computation."""

    depth = 2

    def __init__(self, folder: Path, plugins: Plugins, device: str, precision: str, batch_size: int) -> None:
        import torch

        self.device = torch.device(device)
        if precision == "fp16" and self.device.type == "cpu":
            raise UsageError("the precision fp16 is for graphics cards.", "Give --precision fp32 or bf16.")
        self.name = f"torch, {precision}, on {device}"
        self.batch_size = batch_size
        self._reduced = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
        self._copies = torch.cuda.Stream(self.device) if self.device.type == "cuda" else None  # type: ignore[no-untyped-call]
        with _translated():
            network: Any = load_module(folder, plugins)
            self._network = network.to(self.device, memory_format=torch.channels_last)

    def start(self, batch: Batch) -> Any:
        """See `Engine.start`."""
        import torch

        # Autocast is set for every batch, because it belongs to a thread, not to the model.
        reduced = torch.autocast(self.device.type, dtype=self._reduced, enabled=self._reduced is not None)
        with _translated(), torch.inference_mode(), reduced:
            if self._copies is None:
                return self._network(*(torch.from_numpy(array).to(self.device) for array in batch.arrays)), None
            pinned = [torch.from_numpy(array).pin_memory() for array in batch.arrays]
            computing = torch.cuda.current_stream(self.device)
            with torch.cuda.stream(self._copies):
                arrived = [tensor.to(self.device, non_blocking=True) for tensor in pinned]
            computing.wait_stream(self._copies)
            for tensor in arrived:
                tensor.record_stream(computing)
            rows = self._network(*arrived)
            result = torch.empty(rows.shape, dtype=rows.dtype, pin_memory=True)
            result.copy_(rows, non_blocking=True)
            done = torch.cuda.Event()  # type: ignore[no-untyped-call]
            done.record(computing)
            return result, done

    def finish(self, ticket: Any) -> NDArray[np.float32]:
        """See `Engine.finish`."""
        rows, done = ticket
        with _translated():
            if done is not None:
                done.synchronize()
            vectors: NDArray[np.float32] = rows.float().cpu().numpy()
        return vectors

    def resize(self, batch_size: int) -> None:
        """See `Engine.resize`."""
        import torch

        self.batch_size = batch_size
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def close(self) -> None:
        del self._network


@contextmanager
def _translated() -> Iterator[None]:
    import torch

    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise OutOfMemory from None
    except RuntimeError as error:
        if "out of memory" in str(error).casefold() or "can't allocate memory" in str(error).casefold():
            raise OutOfMemory from None
        raise
