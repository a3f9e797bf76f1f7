from __future__ import annotations

import math
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
from fashion_match.core.model.encoding import PHOTO
from fashion_match.core.model.engine import Batch, OutOfMemory, make_engine, run

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
    rows = list(run(made, map(Batch, [photos[:4], photos[4:8], photos[:0], photos[8:]])))
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
        (rows[precision],) = run(made, [Batch(photos)])
    assert (rows["fp32"] * rows["bf16"]).sum(axis=1).min() > 0.99


def test_on_a_processor_openvino_is_chosen_and_the_second_time_without_torch(model: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import numpy as np; from fashion_match import Plugins\n"
        "from fashion_match.core.model.engine import Batch, make_engine, run\n"
        "made = make_engine(Path(sys.argv[1]), Plugins(installed=[]), device='cpu')\n"
        f"(rows,) = run(made, [Batch(np.zeros((1, {SIDE}, {SIDE}, 3), np.uint8))])\n"
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


def test_nothing_is_reported_to_anyone(model: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(model, tmp_path / "own", ignore=shutil.ignore_patterns("openvino")))
    code = (
        "import multiprocessing, sys; from pathlib import Path; from fashion_match import Plugins\n"
        "from fashion_match.core.model.engine import make_engine\n"
        "make_engine(Path(sys.argv[1]), Plugins(installed=[]), engine='openvino')\n"
        "print([name for name, module in sys.modules.items() if 'openvino_telemetry' in name and module])\n"
        "print(multiprocessing.active_children())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(own)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_a_damaged_graph_is_made_again(model: Path, plugins: Plugins, tmp_path: Path) -> None:
    own = Path(shutil.copytree(model, tmp_path / "own"))
    shutil.rmtree(own / "openvino", ignore_errors=True)
    (expected,) = run(make_engine(own, plugins, engine="openvino"), [Batch(noise(2))])
    (graph,) = own.glob("openvino/*/graph.xml")
    graph.write_text("<nonsense")
    (found,) = run(make_engine(own, plugins, engine="openvino"), [Batch(noise(2))])
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


def coded(n: int, folder: Path) -> Batch:
    """Return photos of noise with codes: a third without a photo, a third without attributes, a third with both."""
    encoding = artifact.read_card(folder).encoding
    assert encoding is not None
    described = [{"color": "Blue", "price": 10.0 + k, "season": "Fall"} for k in range(n)]
    rows = [attributes if k % 3 != 1 else {} for k, attributes in enumerate(described)]
    return Batch(noise(n), encoding.encode(rows, [k % 3 != 0 for k in range(n)]))


def expected_rows(folder: Path, plugins: Plugins, batch: Batch) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return artifact.load_module(folder, plugins)(*map(torch.from_numpy, batch.arrays)).numpy()


@pytest.mark.parametrize("name", ["torch", "openvino"])
def test_every_engine_gives_equal_rows_with_attributes(name: str, fusion_model: Path, fusing: Plugins) -> None:
    batch = coded(10, fusion_model)
    expected = expected_rows(fusion_model, fusing, batch)
    for _ in range(2):  # the second time from the graph that was saved
        made = make_engine(fusion_model, fusing, engine=name, device="cpu", batch_size=4)
        rows = list(run(made, [batch[:4], batch[4:8], batch[:0], batch[8:]]))
        made.close()
        assert [len(part) for part in rows] == [4, 4, 0, 2]
        found = np.concatenate([part for part in rows if len(part)])
        assert (found * expected).sum(axis=1).min() >= 0.99999


@pytest.mark.parametrize("name", ["torch", "openvino"])
def test_of_an_item_without_a_photo_the_pixels_do_not_matter(name: str, fusion_model: Path, fusing: Plugins) -> None:
    batch = coded(3, fusion_model)
    assert batch.codes is not None
    black = Batch(np.zeros_like(batch.photos), batch.codes)
    made = make_engine(fusion_model, fusing, engine=name, device="cpu", batch_size=3)
    one, other = run(made, [batch, black])
    same = np.isclose((one * other).sum(axis=1), 1, atol=1e-6)
    assert same.tolist() == [True, False, False]


def test_memory_that_runs_out_halves_photos_and_codes_alike(
    fusion_model: Path, fusing: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_engine(fusion_model, fusing, engine="openvino", batch_size=8)
    batch = coded(8, fusion_model)
    (expected,) = run(made, [batch])
    start = made.start

    def short_of_memory(part: Batch) -> Any:
        if len(part) > 3:
            raise OutOfMemory
        return start(part)

    monkeypatch.setattr(made, "start", short_of_memory)
    (rows,) = run(made, [batch])
    assert made.batch_size == 2
    assert np.allclose(rows, expected, atol=1e-5)


def test_a_conversion_is_checked_with_and_without_a_photo(model: Path, fusion_model: Path) -> None:
    card = artifact.read_card(fusion_model)
    photos, codes = openvino_engine._noise(*openvino_engine._input_shapes(card))
    assert photos.shape == (3, SIDE, SIDE, 3)
    assert codes[:, PHOTO].tolist() == [1, 0, 1]
    assert (codes[:, PHOTO + 1 :] > 0).any(dim=1).all()
    assert len(openvino_engine._noise(*openvino_engine._input_shapes(artifact.read_card(model)))) == 1


class Sums:
    """An engine whose rows are the sums of what it is given, and whose memory ends at ``limit`` photos."""

    name, depth = "sums", 2

    def __init__(self, batch_size: int, limit: int, *, late: bool) -> None:
        self.batch_size, self.limit, self.late = batch_size, limit, late
        self.open = 0

    def start(self, batch: Batch) -> Batch:
        assert len(batch) <= self.batch_size
        if not self.late and len(batch) > self.limit:
            raise OutOfMemory
        self.open += 1
        return batch

    def finish(self, ticket: Batch) -> np.ndarray:
        self.open -= 1
        if len(ticket) > self.limit:
            raise OutOfMemory
        return sums(ticket)

    def resize(self, batch_size: int) -> None:
        assert self.open == 0
        self.batch_size = batch_size

    def close(self) -> None: ...


def sums(batch: Batch) -> np.ndarray:
    return sum(a.reshape(len(a), math.prod(a.shape[1:])).sum(axis=1, dtype=np.float32) for a in batch.arrays)[:, None]


def any_batch(seed: int, size: int, *, with_codes: bool) -> Batch:
    random = np.random.default_rng(seed)
    photos = random.integers(0, 256, (size, 2, 2, 3), np.uint8)
    return Batch(photos, random.integers(0, 1000, (size, 2)).astype(np.float32) if with_codes else None)


@given(st.lists(st.integers(0, 8), max_size=12), st.integers(1, 8), st.booleans(), st.booleans())
def test_batches_come_in_order_whatever_the_memory(sizes: list[int], limit: int, late: bool, with_codes: bool) -> None:
    batches = [any_batch(n, size, with_codes=with_codes) for n, size in enumerate(sizes)]
    said: list[str] = []
    made = Sums(8, limit, late=late)
    rows = list(run(made, iter(batches), said.append))
    assert [part.ravel().tolist() for part in rows] == [sums(batch).ravel().tolist() for batch in batches]
    assert len(said) == (0 if max(sizes, default=0) <= limit else len(said))
    assert made.batch_size == 8 // 2 ** len(said)
    if said:
        assert said[0] == "Memory ran out at 8 photos at a time; going on with 4."


def test_memory_for_no_photo_at_all_is_an_error() -> None:
    with pytest.raises(ModelError, match="single photo"):
        list(run(Sums(8, 0, late=True), [any_batch(0, 8, with_codes=True)]))


def test_batches_are_not_taken_far_ahead() -> None:
    taken = 0

    def batches() -> Iterator[Batch]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield any_batch(taken, 2, with_codes=False)

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
    found = np.concatenate(list(run(made, map(Batch, [photos[:16], photos[16:32], photos[32:]]))))
    assert (found * expected).sum(axis=1).min() >= (0.9999 if precision == "fp32" else 0.99)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_on_a_graphics_card_with_attributes(precision: str, fusion_model: Path, fusing: Plugins) -> None:
    batch = coded(40, fusion_model)
    made = make_engine(fusion_model, fusing, precision=precision, batch_size=16)
    assert "cuda" in made.name
    found = np.concatenate(list(run(made, [batch[:16], batch[16:32], batch[32:]])))
    least = 0.99999 if precision == "fp32" else 0.99
    assert (found * expected_rows(fusion_model, fusing, batch)).sum(axis=1).min() >= least
