from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from fashion_match import ModelError, PluginError, Plugins
from fashion_match.core.model import artifact


@pytest.fixture(scope="module")
def library(model: Path) -> Path:
    return model.parent


@pytest.fixture
def own(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "own"))


def make(plugins: Plugins, library: Path, *, seed: int = 0, size: int = 32) -> str:
    folder = artifact.make_model(
        plugins, "mobilenet_v3_small", weights="none", options={"image_size_px": size}, seed=seed, library=library
    )
    assert folder == library / artifact.read_card(folder).fingerprint
    return folder.name


def test_the_fingerprint_follows_weights_and_preprocessing(plugins: Plugins, model: Path, library: Path) -> None:
    assert make(plugins, library) == model.name
    assert len({model.name, make(plugins, library, seed=1), make(plugins, library, size=64)}) == 3


def test_nothing_is_written_twice_and_nothing_left_over(plugins: Plugins, model: Path, library: Path) -> None:
    before = (model / "weights.safetensors").stat().st_mtime_ns
    make(plugins, library)
    assert (model / "weights.safetensors").stat().st_mtime_ns == before
    assert not list(library.glob(".new-*"))


def test_making_a_model_leaves_the_callers_random_numbers_alone(plugins: Plugins, library: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make(plugins, library, seed=2)
    assert torch.equal(torch.rand(3), expected)


def test_a_loaded_model_computes_what_the_backbone_does(plugins: Plugins, model: Path) -> None:
    network = artifact.load_module(model, plugins)
    card = artifact.read_card(model)
    torch.manual_seed(0)
    backbone = plugins.backbones["mobilenet_v3_small"].make({"image_size_px": 32}, weights="none")
    photos = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (card.preprocess.mean, card.preprocess.std))
    with torch.inference_mode():
        features = backbone((photos.permute(0, 3, 1, 2) / 255 - mean) / std)
        found = network(photos)
    assert found.shape == (4, card.dim)
    # Double precision, because features of random weights are so small that the squares of some vanish.
    expected = torch.nn.functional.normalize(features.double(), dim=1, eps=1e-300)
    assert torch.allclose(found.double(), expected, atol=1e-4)


def test_tiny_features_still_give_a_direction_and_zero_gives_none() -> None:
    from fashion_match import Preprocess
    from fashion_match.core.model.network import Network

    class Tiny(torch.nn.Module):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return torch.tensor([[3e-24, 4e-24], [0.0, 0.0]])

    rows = Network(Tiny(), None, Preprocess())(torch.zeros(2, 8, 8, 3, dtype=torch.uint8))
    assert torch.allclose(rows, torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


def test_origin_is_equal_for_equal_requests_only(tmp_path: Path) -> None:
    file, copy, other = (tmp_path / name for name in ("a.pth", "b.pth", "c.pth"))
    file.write_bytes(b"1")
    copy.write_bytes(b"1")
    other.write_bytes(b"2")
    asked = [artifact.origin("resnet18", str(path), {}, 0) for path in (file, copy, other)]
    assert asked[0] == asked[1] != asked[2]
    assert artifact.origin("resnet18", "none", {}, 1) != artifact.origin("resnet18", "none", {}, 2)
    assert artifact.origin("resnet18", "pretrained", {}, 1) == artifact.origin("resnet18", "pretrained", {}, 2)
    assert json.loads(json.dumps(asked[0])) == asked[0]
    with pytest.raises(ModelError, match=r"none\.pth cannot be read"):
        artifact.origin("resnet18", str(tmp_path / "none.pth"), {}, 0)


def test_find_and_adopt(model: Path, library: Path, own: Path, tmp_path: Path, plugins: Plugins) -> None:
    assert artifact.find(library, model.name) == model
    assert artifact.find(tmp_path / "empty", model.name) is None
    (own / "openvino" / "graph").mkdir(parents=True, exist_ok=True)
    (own / "openvino" / "graph" / "graph.xml").write_text("<net/>")
    (own / "checkpoint.bin").write_text("of no use here")
    adopted = artifact.adopt(own, tmp_path / "library")
    assert (adopted / "openvino" / "graph" / "graph.xml").read_text() == "<net/>"
    assert not (adopted / "checkpoint.bin").exists()
    assert artifact.find(tmp_path / "library", model.name) == adopted
    assert artifact.adopt(adopted, tmp_path / "library") == adopted
    shutil.rmtree(own)
    artifact.load_module(adopted, plugins)
    (adopted / "weights.safetensors").unlink()
    assert artifact.find(tmp_path / "library", model.name) is None


def test_what_is_wrong_with_a_model_is_said(own: Path, plugins: Plugins, tmp_path: Path) -> None:
    def refuses(words: str) -> None:
        with pytest.raises(ModelError, match=words) as refused:
            artifact.load_module(own, plugins)
        assert str(own) in str(refused.value)
        assert str(refused.value).count("\n") <= 1

    card, weights = own / "card.json", own / "weights.safetensors"
    text, data = card.read_text(), weights.read_bytes()
    fields = json.loads(text)

    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    refuses("do not belong together")
    card.write_text(json.dumps(fields | {"preprocess": fields["preprocess"] | {"interpolation": "bicubic"}}))
    weights.write_bytes(data)
    refuses("do not belong together")
    weights.write_bytes(data[:1000])
    refuses("is damaged")
    weights.unlink()
    refuses("no weights.safetensors")
    card.write_text(text[:100])
    refuses("is damaged")
    card.write_text(json.dumps(fields | {"dim": -1}))
    refuses("is damaged: dim")
    card.write_text(json.dumps(fields | {"version": 99, "news": 1}))
    refuses("of version 99")
    card.unlink()
    refuses("is no model")
    with pytest.raises(ModelError, match="is no model"):
        artifact.adopt(tmp_path / "nowhere", tmp_path / "library")


def test_a_backbone_that_is_not_installed_is_named(own: Path) -> None:
    with pytest.raises(PluginError, match="mobilenet_v3_small"):
        artifact.load_module(own, Plugins(built_in=[], installed=[]))


def test_weights_of_another_network_do_not_fit(own: Path, plugins: Plugins) -> None:
    card = artifact.read_card(own).model_copy(update={"backbone": "mobilenet_v3_large"})
    from safetensors.torch import load_file

    state = load_file(own / "weights.safetensors")
    card = card.model_copy(update={"fingerprint": artifact.fingerprint(card, state)})
    (own / "card.json").write_text(card.model_dump_json())
    with pytest.raises(ModelError, match="do not fit the backbone"):
        artifact.load_module(own, plugins)
