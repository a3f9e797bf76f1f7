"""OpenVINO on the processor. The converted model lies beside the weights, so that the next run needs no torch."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.error import ModelError
from fashion_match.core.model.artifact import GRAPHS, load_module, read_card
from fashion_match.core.model.card import ModelCard
from fashion_match.core.model.encoding import PHOTO
from fashion_match.core.model.engine import Batch, ConversionError, OutOfMemory

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from fashion_match.core.plugin.loader import Plugins

# OpenVINO would report every import and every conversion to its maker, by processes forked from this one, which keep
# the store locked for seconds after we have closed it. Without this package it does not.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

GRAPH_VERSION = 1
"""Raised when `Network` changes, so that graphs of older versions are made again."""
MIN_COSINE = 0.9999
"""Between the vectors of OpenVINO and torch, on photos of noise, for a converted model to be trusted."""
MAX_STREAMS = 8


class OpenVinoEngine:
    """Several streams of one core each: on photos that beats all cores working on one batch together.

    Raises:
        ConversionError: the model cannot be converted, or gives other vectors than in torch.
    """

    def __init__(self, folder: Path, plugins: Plugins, precision: str, batch_size: int) -> None:
        self.name = f"OpenVINO, {precision}, on the processor"
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        streams = 1 if batch_size == 1 else min(cores, MAX_STREAMS)
        self.depth = streams + 1  # one waits, so that no stream does
        self._settings = {
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": cores,
        }
        self._shapes = _input_shapes(read_card(folder))
        with _translated():
            self._graph = _graph(folder, plugins)
        self.resize(batch_size)

    def resize(self, batch_size: int) -> None:
        """See `Engine.resize`. The size is fixed in the compiled graph: a smaller batch is filled up."""
        import openvino

        self._idle: list[Any] = []
        self.batch_size = batch_size
        with _translated():
            self._graph.reshape({n: [batch_size, *shape] for n, shape in enumerate(self._shapes)})
            self._compiled = openvino.Core().compile_model(self._graph, "CPU", self._settings)

    def start(self, batch: Batch) -> Any:
        """See `Engine.start`."""
        import openvino

        arrays = [_filled_up(array, self.batch_size) for array in batch.arrays]
        with _translated():
            request = self._idle.pop() if self._idle else self._compiled.create_infer_request()
            # The request works on the arrays themselves, which the ticket keeps alive.
            for position, array in enumerate(arrays):
                request.set_input_tensor(position, openvino.Tensor(array, shared_memory=True))
            request.start_async()
        return request, len(batch), arrays

    def finish(self, ticket: Any) -> NDArray[np.float32]:
        """See `Engine.finish`."""
        request, n, _ = ticket
        with _translated():
            request.wait()
        rows: NDArray[np.float32] = request.get_output_tensor(0).data[:n].copy()
        self._idle.append(request)
        return rows

    def close(self) -> None:
        self._idle.clear()
        del self._compiled, self._graph


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise OutOfMemory from None
    except RuntimeError as error:
        if any(sign in str(error).casefold() for sign in ("bad_alloc", "bad allocation", "allocate memory")):
            raise OutOfMemory from None
        raise


def _filled_up(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Append zeros to an array (B x ...) until it is ``size`` long."""
    import numpy as np

    missing = size - len(array)
    return np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)]) if missing else array


def _input_shapes(card: ModelCard) -> list[tuple[int, ...]]:
    """Return the shapes of one row of each input: the photo, and where the model looks at them the codes."""
    photo = (card.preprocess.crop_px, card.preprocess.crop_px, 3)
    return [photo] if card.encoding is None else [photo, (card.encoding.width,)]


def _graph(folder: Path, plugins: Plugins) -> Any:
    """Return the model as a graph: the one that lies in the folder, else one made from the weights and put there."""
    import openvino

    home = folder / GRAPHS / f"{read_card(folder).fingerprint[:16]}-{GRAPH_VERSION}"
    if (home / "graph.xml").exists():
        try:
            return openvino.Core().read_model(home / "graph.xml")
        except RuntimeError:  # damaged: make it again
            shutil.rmtree(home, ignore_errors=True)
    graph = _convert(folder, plugins)
    with suppress(OSError):  # a folder that cannot be written only costs the next run time
        home.parent.mkdir(exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=home.parent))
        try:
            openvino.save_model(graph, made / "graph.xml", compress_to_fp16=False)
            made.chmod(0o755)
            made.rename(home)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return graph


def _convert(folder: Path, plugins: Plugins) -> Any:
    import openvino
    import torch

    network = load_module(folder, plugins)
    shapes = _input_shapes(read_card(folder))
    inputs = _noise(*shapes)
    example = tuple(tensor[:2] for tensor in inputs)
    try:
        with torch.inference_mode(), warnings.catch_warnings(action="ignore"):
            expected = network(*inputs).numpy()
            # Traced here, because the converter's own tracing does everything three times, to check itself.
            traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
            graph = openvino.convert_model(traced, example_input=example, input=[[-1, *shape] for shape in shapes])
        compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found = compiled([tensor.numpy() for tensor in inputs])[0]
    except (ModelError, MemoryError):
        raise
    except Exception as error:  # the converter has no error class of its own
        raise ConversionError(f"it cannot be converted: {str(error).strip().splitlines()[0][:120]}") from None
    cosine = float((expected * found).sum(axis=1).min())
    if not cosine >= MIN_COSINE:
        raise ConversionError(f"its vectors differ from torch's: cosine {cosine:.5f}")
    return graph


def _noise(photo: tuple[int, ...], code: tuple[int, ...] | None = None) -> list[torch.Tensor]:
    """Return three random rows of each input; the second is without a photo, where there are codes to say so."""
    import torch

    random = torch.Generator().manual_seed(0)
    photos = torch.randint(0, 256, (3, *photo), dtype=torch.uint8, generator=random)
    if code is None:
        return [photos]
    codes = torch.rand((3, *code), generator=random)
    codes[:, PHOTO] = torch.tensor([1.0, 0.0, 1.0])
    return [photos, codes]
