from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match import ModelError, Plugins, UsageError
from fashion_match.core.model import artifact, engine, openvino_engine
from fashion_match.core.model.engine import OutOfMemory, make_engine, run

SIDE = 32


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, SIDE, SIDE, 3), np.uint8)


@pytest.mark.parametrize("name", ["torch", "openvino"])
def test_every_engine_gives_the_rows_of_the_plain_module(name: str, model: Path, plugins: Plugins) -> None:
    import torch

    photos = noise(10)
    with torch.inference_mode():
        expected = artifact.load_module(model, plugins)(torch.from_numpy(photos)).numpy()
    made = make_engine(model, plugins, engine=name, device="cpu", batch_size=4)
    rows = list(run(made, [photos[:4], photos[4:8], photos[:0], photos[8:]]))
    made.close()
    assert [len(part) for part in rows] == [4, 4, 0, 2]
    found = np.concatenate([part for part in rows if len(part)])
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert (found * expected).sum(axis=1).min() >= 0.9999


@pytest.mark.parametrize("name", ["torch", "openvino"])
def test_bf16_is_near(name: str, model: Path, plugins: Plugins) -> None:
    photos = noise(4)
    rows = {}
    for precision in ("fp32", "bf16"):
        made = make_engine(model, plugins, engine=name, device="cpu", precision=precision, batch_size=4)
        assert precision in made.name
        (rows[precision],) = run(made, [photos])
    assert (rows["fp32"] * rows["bf16"]).sum(axis=1).min() > 0.99


def test_on_a_processor_openvino_is_chosen_and_the_second_time_without_torch(model: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import numpy as np; from fashion_match import Plugins\n"
        "from fashion_match.core.model.engine import make_engine, run\n"
        "made = make_engine(Path(sys.argv[1]), Plugins(installed=[]), device='cpu')\n"
        f"(rows,) = run(made, [np.zeros((1, {SIDE}, {SIDE}, 3), np.uint8)])\n"
        "print(made.name, rows.shape, 'torch' in sys.modules)"
    )

    def second() -> str:
        return subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-c", code, str(model)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    make_engine(model, Plugins(installed=[]), device="cpu")
    assert second() == "OpenVINO, fp32, on the processor (1, 576) False\n"


def test_a_damaged_graph_is_made_again(model: Path, plugins: Plugins, tmp_path: Path) -> None:
    own = Path(shutil.copytree(model, tmp_path / "own"))
    shutil.rmtree(own / "openvino", ignore_errors=True)
    (expected,) = run(make_engine(own, plugins, engine="openvino"), [noise(2)])
    (graph,) = own.glob("openvino/*/graph.xml")
    graph.write_text("<nonsense")
    (found,) = run(make_engine(own, plugins, engine="openvino"), [noise(2)])
    assert np.allclose(found, expected, atol=1e-6)
    assert list(own.glob("openvino/*/graph.xml"))
    assert not list(own.glob("openvino/.new-*"))


def test_a_model_that_openvino_gets_wrong_runs_in_torch(
    model: Path, plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(shutil.copytree(model, tmp_path / "own"))
    shutil.rmtree(own / "openvino", ignore_errors=True)
    monkeypatch.setattr(openvino_engine, "MIN_COSINE", 1.1)
    said: list[str] = []
    made = make_engine(own, plugins, device="cpu", notify=said.append)
    assert made.name.startswith("torch")
    assert "differ" in said[0]
    assert "torch" in said[0]
    with pytest.raises(ModelError, match="--engine torch"):
        make_engine(own, plugins, engine="openvino")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"engine": "onnx"}, "no engine 'onnx'"),
        ({"precision": "int8"}, "no precision 'int8'"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"device": "cuda:99"}, "has no device 'cuda:99'"),
        ({"device": "cpu:1"}, "has no device 'cpu:1'"),
        ({"engine": "openvino", "device": "cuda"}, "openvino does not run on cuda"),
        ({"precision": "fp16", "device": "cpu"}, "fp16"),
        ({"precision": "fp16", "device": "cpu", "engine": "torch"}, "fp16"),
        ({"batch_size": 0}, "batch size is 0"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(
    asked: dict[str, Any], words: str, model: Path, plugins: Plugins
) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        make_engine(model, plugins, **asked)
    assert refused.value.remedy


class Sums:
    """An engine whose rows are the sums of the photos, and whose memory ends at ``limit`` photos."""

    name, depth = "sums", 2

    def __init__(self, batch_size: int, limit: int, *, late: bool) -> None:
        self.batch_size, self.limit, self.late = batch_size, limit, late
        self.open = 0

    def start(self, photos: np.ndarray) -> np.ndarray:
        assert len(photos) <= self.batch_size
        if not self.late and len(photos) > self.limit:
            raise OutOfMemory
        self.open += 1
        return photos

    def finish(self, ticket: np.ndarray) -> np.ndarray:
        self.open -= 1
        if len(ticket) > self.limit:
            raise OutOfMemory
        return ticket.sum(axis=(1, 2, 3), dtype=np.float32)[:, None]

    def resize(self, batch_size: int) -> None:
        assert self.open == 0
        self.batch_size = batch_size

    def close(self) -> None: ...


@given(st.lists(st.integers(0, 8), max_size=12), st.integers(1, 8), st.booleans())
def test_batches_come_in_order_whatever_the_memory(sizes: list[int], limit: int, late: bool) -> None:
    batches = [np.random.default_rng(n).integers(0, 256, (size, 2, 2, 3), np.uint8) for n, size in enumerate(sizes)]
    said: list[str] = []
    made = Sums(8, limit, late=late)
    rows = list(run(made, iter(batches), said.append))
    assert [part.ravel().tolist() for part in rows] == [batch.sum(axis=(1, 2, 3)).tolist() for batch in batches]
    assert len(said) == (0 if max(sizes, default=0) <= limit else len(said))
    assert made.batch_size == 8 // 2 ** len(said)
    if said:
        assert said[0] == "Memory ran out at 8 photos at a time; going on with 4."


def test_memory_for_no_photo_at_all_is_an_error() -> None:
    with pytest.raises(ModelError, match="single photo"):
        list(run(Sums(8, 0, late=True), [np.zeros((8, 2, 2, 3), np.uint8)]))


def test_batches_are_not_taken_far_ahead() -> None:
    taken = 0

    def batches() -> Iterator[np.ndarray]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield np.zeros((2, 2, 2, 3), np.uint8)

    results = run(Sums(8, 8, late=False), batches())
    next(results)
    assert taken == Sums.depth + 1


def test_memory_that_runs_out_while_the_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(batch_size: int) -> Any:
        if batch_size > 4:
            raise OutOfMemory
        return Sums(batch_size, 8, late=False)

    said: list[str] = []
    assert engine._with_memory(make, 16, said.append).batch_size == 4
    assert len(said) == 2


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_on_a_graphics_card(precision: str, model: Path, plugins: Plugins) -> None:
    import torch

    photos = noise(40)
    with torch.inference_mode():
        expected = artifact.load_module(model, plugins)(torch.from_numpy(photos)).numpy()
    made = make_engine(model, plugins, precision=precision, batch_size=16)
    assert "cuda" in made.name
    found = np.concatenate(list(run(made, [photos[:16], photos[16:32], photos[32:]])))
    assert (found * expected).sum(axis=1).min() >= (0.9999 if precision == "fp32" else 0.99)
