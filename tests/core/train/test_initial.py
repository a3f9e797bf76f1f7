"""Where a run begins: weights are taken over wherever they fit, and nothing in a file is ever run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from fashion_match import ModelError, PluginError, Plugins, Preprocess, UsageError
from fashion_match.core.model import artifact
from fashion_match.core.model.card import ModelCard
from fashion_match.core.model.network import Classifier, Network
from fashion_match.core.train.initial import MOMENTUM, Initial, head_of, make_initial, resized, take_over

NAME = "mobilenet_v3_small"
State = dict[str, torch.Tensor]


def begin(plugins: Plugins, said: list[str] | None = None, **given: Any) -> Initial:
    arguments: dict[str, Any] = {
        "backbone": NAME,
        "backbone_options": {},
        "weights": "none",
        "init": None,
        "image_size_px": None,
        "seed": 0,
    }
    return make_initial(plugins, **arguments | given, notify=(said if said is not None else []).append)


@pytest.fixture(scope="module")
def state(plugins: Plugins) -> State:
    """Weights that no seed of these tests gives."""
    return dict(begin(plugins, seed=999).module.state_dict())


def equal(one: Any, other: Any) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


WRAPPED: dict[str, Any] = {
    "plain": lambda state: state,
    "module.": lambda state: {f"module.{name}": t for name, t in state.items()},
    "model.backbone.": lambda state: {f"model.backbone.{name}": t for name, t in state.items()},
    "with a classifier": lambda state: state | {"classifier.9.weight": torch.zeros(3, 4)},
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "model": lambda state: {"model": {f"net.{name}": t for name, t in state.items()}, "lr": 0.1},
    "model_state_dict": lambda state: {"model_state_dict": state},
    "half": lambda state: {name: t.half() if t.is_floating_point() else t for name, t in state.items()},
}


@pytest.mark.parametrize("how", WRAPPED)
def test_a_file_fits_whatever_the_network_is_called_in_it(
    how: str, plugins: Plugins, state: State, tmp_path: Path
) -> None:
    file = tmp_path / "weights.pth"
    torch.save(WRAPPED[how](state), file)
    said: list[str] = []
    made = begin(plugins, said, init=str(file))
    found = made.module.state_dict()
    if how == "half":
        assert all(torch.allclose(found[name], state[name], rtol=1e-3, atol=1e-4) for name in state)
    else:
        assert equal(found, state)
    assert made.provenance == {"init": str(file)}
    assert (made.name, made.card) == (NAME, None)
    if how == "with a classifier":
        assert said == [f"{file}: 1 weights in it have no place in {NAME}: classifier.9.weight."]
    else:
        assert said == []


def test_a_safetensors_file_fits_as_well(plugins: Plugins, state: State, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    save_file({f"encoder.{name}": t for name, t in state.items()}, file)
    assert equal(begin(plugins, init=str(file)).module.state_dict(), state)


def test_what_does_not_fit_is_named_and_stays_random(plugins: Plugins, state: State, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    names = [name for name in state if name.startswith("features.12")]
    changed = {f"module.{name}": t for name, t in state.items() if name not in names}
    first = "module.features.0.0.weight"
    changed[first] = torch.zeros(16, 1, 3, 3)  # of grey photos
    changed |= {f"fc.{n}.weight": torch.zeros(2) for n in range(5)}
    torch.save(changed, file)
    said: list[str] = []
    found = begin(plugins, said, init=str(file), seed=4).module.state_dict()
    random = begin(plugins, init=None, seed=4).module.state_dict()
    for name in found:
        stays = name in names or name == "features.0.0.weight"
        assert torch.equal(found[name], (random if stays else state)[name]), name
    missing, surplus = said
    n_floats = sum(not name.endswith("num_batches_tracked") for name in [*names, first])
    assert f"{n_floats} weights of {NAME} are not in it and stay random: features.0.0.weight, features.12" in missing
    assert f"... ({n_floats} in all)" in missing
    assert "6 weights in it have no place" in surplus
    assert first in surplus


def test_weights_of_another_network_are_refused(plugins: Plugins, state: State, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    half = [name for name in state if not name.endswith("num_batches_tracked")]
    few = half[: len(half) // 2 - 5]
    torch.save({name: state[name] for name in few}, file)
    with pytest.raises(ModelError, match=rf"do not fit {NAME}: {len(few)} of {len(half)} match") as caught:
        begin(plugins, init=str(file))
    assert "--backbone" in caught.value.remedy
    torch.save({"a.weight": torch.zeros(3), "b.bias": torch.zeros(3)}, file)
    with pytest.raises(ModelError, match=r"in the file alone: a.weight, b.bias"):
        begin(plugins, init=str(file))


class Trap:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("suffix", [".pth", ".pkl", ".safetensors"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_with_code_in_it_is_refused_and_the_code_never_runs(
    suffix: str, zipped: bool, plugins: Plugins, tmp_path: Path
) -> None:
    trap, file = tmp_path / "sprung", tmp_path / f"weights{suffix}"
    content = {"features.0.0.weight": torch.zeros(1), "extra": Trap(trap)}
    if zipped:
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(ModelError, match="is no file of weights"):
        begin(plugins, init=str(file))
    assert not trap.exists()
    if zipped:
        with file.open("rb") as opened:
            torch.load(opened, weights_only=False)
        assert trap.exists(), "it was a trap"


@pytest.mark.parametrize("content", [b"", b"hello", [1, 2], {}, {"state_dict": 3}, {"names": ["a"]}])
def test_a_file_without_tensors_is_refused(content: Any, plugins: Plugins, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    with pytest.raises(ModelError, match="is no file of weights") as caught:
        begin(plugins, init=str(file))
    assert "\n" not in caught.value.problem


def test_a_file_that_is_missing_is_refused(plugins: Plugins, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file or folder"):
        begin(plugins, init=str(tmp_path / "none.pth"))
    with pytest.raises(ModelError, match=r"has no card.json"):
        begin(plugins, init=str(tmp_path))


# A model


@pytest.fixture(scope="module")
def trained(plugins: Plugins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with head and classifier, in the folder of a run."""
    head_options = {"dim": 8, "hidden": [6], "norm": "batch", "dropout": 0.0, "last": "linear"}
    backbone = begin(plugins, image_size_px=64, seed=77)
    card = ModelCard(
        backbone=NAME,
        backbone_options={"image_size_px": 64},
        head="classifier",
        head_options=head_options,
        classes={"color": ("Blue", "Red"), "season": ("Fall", "Spring", "Summer")},
        dim=8,
        preprocess=backbone.preprocess,
        fingerprint="",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        head = plugins.methods["classifier"].make().make_head(backbone.module.dim, head_options, None)
        network = Network(backbone.module, head, card.preprocess, Classifier(8, card.classes))
    state = network.state_dict()
    card = card.model_copy(update={"fingerprint": artifact.fingerprint(card, state)})
    folder = tmp_path_factory.mktemp("run")
    artifact.save(card, state, folder / artifact.MODEL)
    return folder


def test_a_models_backbone_is_taken_over_to_the_bit(plugins: Plugins, trained: Path) -> None:
    weights = artifact.read_weights(trained / artifact.MODEL)
    for init in (trained, trained / artifact.MODEL):
        made = begin(plugins, backbone="alexnet", init=str(init))
        own = {name.removeprefix("backbone."): t for name, t in weights.items() if name.startswith("backbone.")}
        assert equal(made.module.state_dict(), own)
        assert made.card is not None
        assert (made.name, made.options) == (NAME, {"image_size_px": 64}), "the model's own, whatever was asked for"
        assert made.provenance == {"init": made.card.fingerprint}
        assert made.preprocess.crop_px == 64


def test_a_model_can_go_on_with_larger_photos(plugins: Plugins, trained: Path) -> None:
    made = begin(plugins, init=str(trained), image_size_px=96)
    assert made.options == {"image_size_px": 96}
    assert (made.preprocess.crop_px, made.preprocess.resize_px) == (96, round(96 * 256 / 224))


def rebuilt(plugins: Plugins, options: dict[str, Any], classes: dict[str, tuple[str, ...]]) -> Network:
    torch.manual_seed(1)
    backbone = begin(plugins, image_size_px=64).module
    head = plugins.methods["classifier"].make().make_head(backbone.dim, options, None)
    return Network(backbone, head, backbone.preprocess, Classifier(8, classes) if classes else None)


def test_the_same_head_and_layers_of_equal_classes_are_taken_over(plugins: Plugins, trained: Path) -> None:
    initial = begin(plugins, init=str(trained))
    assert initial.card is not None
    options = dict(initial.card.head_options)
    classes = {"size": ("L", "S"), "season": ("Fall", "Spring", "Summer"), "color": ("Blue", "Green")}
    network = rebuilt(plugins, options, classes)
    before = {name: t.clone() for name, t in network.state_dict().items()}
    assert take_over(network, initial, "classifier", options) == ["head", "classes of season"]
    after = network.state_dict()
    for name in (name for name in after if name.startswith("head.")):
        assert torch.equal(after[name], initial.state[name])
    for part in ("weight", "bias"):
        assert torch.equal(after[f"classifier.layers.1.{part}"], initial.state[f"classifier.layers.1.{part}"])
        for n in (0, 2):
            assert torch.equal(after[f"classifier.layers.{n}.{part}"], before[f"classifier.layers.{n}.{part}"])


def test_layers_are_found_in_whatever_order_they_are(plugins: Plugins, trained: Path) -> None:
    initial = begin(plugins, init=str(trained))
    assert initial.card is not None
    with torch.no_grad():
        initial.state["classifier.log_scale"][:] = torch.tensor([1.0, 2.0])
    classes = dict(reversed(initial.card.classes.items()))
    network = rebuilt(plugins, dict(initial.card.head_options), classes)
    take_over(network, initial, "classifier", dict(initial.card.head_options))
    after = network.state_dict()
    assert torch.equal(after["classifier.layers.0.weight"], initial.state["classifier.layers.1.weight"])
    assert torch.equal(after["classifier.layers.1.bias"], initial.state["classifier.layers.0.bias"])
    assert after["classifier.log_scale"].tolist() == [2, 1]


@pytest.mark.parametrize("change", [{"dim": 9}, {"hidden": []}, {"dropout": 0.5}])
def test_another_head_begins_anew_and_so_do_the_layers_over_it(
    plugins: Plugins, trained: Path, change: dict[str, Any]
) -> None:
    initial = begin(plugins, init=str(trained))
    assert initial.card is not None
    network = rebuilt(plugins, dict(initial.card.head_options), dict(initial.card.classes))
    before = {name: t.clone() for name, t in network.state_dict().items()}
    assert take_over(network, initial, "classifier", dict(initial.card.head_options) | change) == []
    assert take_over(network, initial, "triplet", dict(initial.card.head_options)) == []
    assert take_over(network, begin(plugins), "classifier", dict(initial.card.head_options)) == []
    assert equal(network.state_dict(), before)


def test_a_method_without_a_head_goes_on_with_the_models(plugins: Plugins, trained: Path) -> None:
    initial = begin(plugins, init=str(trained))
    assert initial.card is not None
    head, name, options = head_of(initial, plugins)
    assert head is not None
    assert (name, options) == ("classifier", dict(initial.card.head_options))
    assert equal(
        {f"head.{key}": t for key, t in head.state_dict().items()},
        {key: t for key, t in initial.state.items() if key.startswith("head.")},
    )
    assert head_of(begin(plugins), plugins) == (None, None, {})


def test_a_backbone_that_is_no_longer_the_models_is_refused(plugins: Plugins, trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    weights = artifact.read_weights(trained / artifact.MODEL)
    card = artifact.read_card(trained / artifact.MODEL)
    (folder / artifact.CARD).write_text(card.model_copy(update={"backbone": "alexnet"}).model_dump_json())
    save_file(weights, folder / artifact.WEIGHTS)
    with pytest.raises(ModelError, match="is not the one that its card names"):
        begin(plugins, init=str(folder))


# Random weights, sizes


def test_random_weights_are_those_of_the_seed(plugins: Plugins) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = begin(plugins, seed=1)
    assert torch.equal(torch.rand(2), expected), "and others draw what they would have drawn"
    again, other = begin(plugins, seed=1), begin(plugins, seed=2)
    assert equal(first.module.state_dict(), again.module.state_dict())
    assert not equal(first.module.state_dict(), other.module.state_dict())
    assert first.provenance == {"weights": "none", "seed": 1}


def momenta(module: torch.nn.Module) -> set[Any]:
    return {layer.momentum for layer in module.modules() if isinstance(layer, torch.nn.BatchNorm2d)}


def test_statistics_of_random_networks_follow_in_a_short_run(plugins: Plugins, state: State, tmp_path: Path) -> None:
    assert momenta(plugins.backbones[NAME].make({}, weights="none")) == {0.01}, "what it is built with"
    assert momenta(begin(plugins).module) == {MOMENTUM}
    torch.save(state, tmp_path / "weights.pth")
    trained = begin(plugins, init=str(tmp_path / "weights.pth")).module
    assert momenta(trained) == {0.01}, "those of trained ones are worth keeping"


def test_another_image_size_keeps_proportions(plugins: Plugins) -> None:
    usual, small = begin(plugins), begin(plugins, image_size_px=112)
    assert (usual.preprocess.resize_px, usual.preprocess.crop_px) == (256, 224)
    assert (small.preprocess.resize_px, small.preprocess.crop_px) == (128, 112)
    assert usual.options == {}
    assert small.options == {"image_size_px": 112}, "for a backbone that is told its size"
    preprocess = Preprocess(resize_px=256, crop_px=224, mean=(0.5, 0.5, 0.5))
    assert resized(preprocess, 112) == preprocess.model_copy(update={"resize_px": 128, "crop_px": 112})
    assert resized(preprocess, None) is resized(preprocess, 224) is preprocess
    assert resized(Preprocess(resize_px=33, crop_px=32), 16).resize_px >= 16


def test_a_backbone_that_is_not_told_its_size_gets_photos_of_another(fusing: Plugins) -> None:
    made = make_initial(
        fusing, backbone="tiny", backbone_options={}, weights="none", init=None, image_size_px=64, seed=0
    )
    assert (made.preprocess.crop_px, made.preprocess.resize, made.options) == (64, "squash", {})


def test_an_unknown_backbone_or_option_is_refused(plugins: Plugins) -> None:
    with pytest.raises(PluginError, match="no backbone 'mobilenet_v3_smal'"):
        begin(plugins, backbone="mobilenet_v3_smal")
    with pytest.raises(PluginError, match="has no option 'size'"):
        begin(plugins, backbone_options={"size": 3})
