from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models import get_model_builder, get_model_weights

from fashion_match import ModelError, PluginError, Plugins
from fashion_match.plugins import torchvision_backbones
from fashion_match.plugins.torchvision_backbones import NAMES

WIDTHS = {
    "alexnet": 256,
    "densenet121": 1024,
    "convnext_tiny": 768,
    "efficientnet_b0": 1280,
    "googlenet": 1024,
    "inception_v3": 2048,
    "maxvit_t": 512,
    "mnasnet0_5": 1280,
    "mobilenet_v3_small": 576,
}
FAMILIES = {"resnet18": 512, "vgg11": 512, "squeezenet1_1": 512, "shufflenet_v2_x0_5": 1024, "regnet_y_400mf": 440}


def make(plugins: Plugins, name: str, weights: str | Path = "none", **options: Any) -> Any:
    return plugins.backbones[name].make(options, weights=str(weights))


def test_every_classification_network_of_torchvision_is_there() -> None:
    assert sorted(NAMES) == sorted(models.list_models(module=models))


def test_listing_imports_no_torch() -> None:
    code = (
        "import sys; from fashion_match import Plugins\n"
        "plugins = Plugins(installed=[]); list(plugins.backbones); plugins.backbones['resnet18'].parse({})\n"
        "print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize(("name", "width"), [*WIDTHS.items(), *FAMILIES.items()])
def test_features_are_one_row_for_each_photo(name: str, width: int, plugins: Plugins) -> None:
    backbone = make(plugins, name)
    side = 96 if name not in ("maxvit_t",) else backbone.preprocess.crop_px
    with torch.inference_mode():
        features = backbone(torch.randn(2, 3, side, side))
    assert features.shape == (2, width)
    assert backbone.dim == width
    assert not backbone.training
    assert not any(isinstance(layer, nn.Linear) and layer.out_features == 1000 for layer in backbone.modules())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in WIDTHS and name not in FAMILIES])
def test_every_other_network_too(name: str, plugins: Plugins) -> None:
    backbone = make(plugins, name)
    side = backbone.preprocess.crop_px if name.startswith("vit") else 64
    with torch.inference_mode():
        assert backbone(torch.randn(1, 3, side, side)).shape == (1, backbone.dim)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "resnet18", "convnext_tiny"])
def test_the_classifier_would_have_seen_these_features(name: str, plugins: Plugins, tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole: Any = get_model_builder(name)(weights=None).eval()
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    seen: list[torch.Tensor] = []
    classifier = whole.fc if hasattr(whole, "fc") else whole.classifier
    first = next(layer for layer in classifier.modules() if isinstance(layer, nn.Linear))
    first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    photos = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        whole(photos)
        found = make(plugins, name, tmp_path / "weights.pth")(photos)
    assert torch.allclose(found, seen[0], rtol=1e-4)


@pytest.mark.parametrize("name", sorted(WIDTHS))
def test_preprocessing_is_that_of_the_published_weights(name: str, plugins: Plugins) -> None:
    preset = get_model_weights(name).DEFAULT.transforms()
    preprocess = make(plugins, name).preprocess
    assert [preprocess.resize_px] == preset.resize_size
    assert [preprocess.crop_px] == preset.crop_size
    assert preprocess.interpolation == preset.interpolation.value
    if name not in ("googlenet", "inception_v3"):
        assert (list(preprocess.mean), list(preprocess.std)) == (preset.mean, preset.std)


def test_inception_normalises_as_its_published_weights_do(plugins: Plugins, tmp_path: Path) -> None:
    """They were ported from another framework, and torchvision transforms the normalised input once more for them."""
    torch.manual_seed(0)
    whole: Any = models.googlenet(weights=None, transform_input=True, aux_logits=True, init_weights=False).eval()
    torch.save(whole.state_dict(), tmp_path / "weights.pth")  # with the auxiliary classifiers of training
    backbone = make(plugins, "googlenet", tmp_path / "weights.pth")
    photo = torch.rand(1, 3, 96, 96)

    def normalised(mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
        return (photo - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)

    whole.fc = nn.Identity()
    preset = models.GoogLeNet_Weights.DEFAULT.transforms()
    with torch.inference_mode():
        expected = whole(normalised(preset.mean, preset.std))
        found = backbone(normalised(backbone.preprocess.mean, backbone.preprocess.std))
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_another_size_in_proportion(plugins: Plugins) -> None:
    preprocess = make(plugins, "mobilenet_v3_small", image_size_px=112).preprocess
    assert (preprocess.resize_px, preprocess.crop_px) == (128, 112)
    assert make(plugins, "vit_b_32", image_size_px=64)(torch.randn(1, 3, 64, 64)).shape == (1, 768)
    with pytest.raises(ModelError, match="cannot be built for photos of 100 px"):
        make(plugins, "maxvit_t", image_size_px=100)
    with pytest.raises(PluginError, match="image_size_px"):
        make(plugins, "resnet18", image_size_px=-1)


def test_weights_files_of_every_kind_give_the_same(plugins: Plugins, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    torch.manual_seed(1)
    state = models.mnasnet0_5(weights=None).state_dict()
    torch.save(state, tmp_path / "plain.pth")
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, tmp_path / "wrapped.pth")
    save_file(dict(state), tmp_path / "safe.safetensors")
    bare = {key: value for key, value in state.items() if not key.startswith("classifier")}
    torch.save(bare, tmp_path / "bare.pth")
    for file in tmp_path.iterdir():
        loaded = make(plugins, "mnasnet0_5", file).state_dict()
        assert all(torch.equal(value, state[key]) for key, value in loaded.items()), file.name


def test_old_names_of_densenet(plugins: Plugins, tmp_path: Path) -> None:
    state = models.densenet121(weights=None).state_dict()
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key): value for key, value in state.items()}
    assert old.keys() != state.keys()
    torch.save(old, tmp_path / "old.pth")
    loaded = make(plugins, "densenet121", tmp_path / "old.pth").state_dict()
    assert all(torch.equal(value, state[key]) for key, value in loaded.items())


def test_weights_that_do_not_fit_are_refused(plugins: Plugins, tmp_path: Path) -> None:
    state = models.resnet18(weights=None).state_dict()
    cases = {
        "missing (conv1.weight)": {key: value for key, value in state.items() if key != "conv1.weight"},
        "unknown (more)": state | {"more": torch.zeros(1)},
        "of another shape (conv1.weight)": state | {"conv1.weight": torch.zeros(1)},
    }
    for words, wrong in cases.items():
        torch.save(wrong, tmp_path / "wrong.pth")
        with pytest.raises(ModelError, match=re.escape(words)):
            make(plugins, "resnet18", tmp_path / "wrong.pth")


class Spy:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("ran"),))


@pytest.mark.parametrize("content", ["text", "pickle", "list", "nothing", "safetensors"])
def test_what_is_no_weights_file_is_refused_and_never_run(
    content: str, plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ("a.safetensors" if content == "safetensors" else "a.pth")
    if content == "pickle":
        torch.save({"conv1.weight": Spy()}, file)
    elif content == "list":
        torch.save([torch.zeros(1)], file)
    elif content != "nothing":
        file.write_text("no weights")
    with pytest.raises(ModelError, match=r"no file of weights|no weights file") as refused:
        make(plugins, "resnet18", file)
    assert str(refused.value).count("\n") == 1
    assert not Path("ran").exists()


def test_where_there_is_no_network_one_line_says_what_to_do(
    plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def offline(*_: object, **__: object) -> None:
        print("Downloading ...", file=sys.stderr)
        raise urllib.error.URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(ModelError) as refused:
        make(plugins, "resnet18", "pretrained")
    assert refused.value.problem == "the pretrained weights of resnet18 cannot be downloaded: no route to host."
    assert "--weights none" in refused.value.remedy
    assert models.ResNet18_Weights.DEFAULT.url in refused.value.remedy
    assert capfd.readouterr() == ("", "")


def test_pretrained_weights_are_those_that_the_url_gives(
    plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(3)
    state = models.mobilenet_v3_small(weights=None).state_dict()

    def download(url: str, file: str, hash_prefix: str, progress: bool) -> None:
        assert url == models.MobileNet_V3_Small_Weights.DEFAULT.url
        assert hash_prefix == "047dcff4"
        torch.save(state, file)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    assert torch.equal(
        make(plugins, "mobilenet_v3_small", "pretrained").features[0][0].weight, state["features.0.0.weight"]
    )
    monkeypatch.setattr(torch.hub, "download_url_to_file", None)  # the second time it lies in the cache
    make(plugins, "mobilenet_v3_small", "pretrained")
    assert torchvision_backbones.TIMEOUT_S <= 10
