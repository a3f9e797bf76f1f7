"""From photos to unit rows and to logits; and a model on disk is that network again, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fashion_match import Encoding, ModelError, Plugins, Preprocess
from fashion_match.core.model import artifact
from fashion_match.core.model.card import ModelCard
from fashion_match.core.model.encoding import PHOTO
from fashion_match.core.model.network import FIRST_SCALE, Classifier, Network, to_unit

SIDE = 8


class Mean(nn.Module):
    """Mean of each channel, and one that no photo can change."""

    dim = 4

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.cat([pixels.mean((2, 3)), torch.ones(len(pixels), 1)], dim=1)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def photos(n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n)
    return torch.randint(0, 256, (n, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)


@settings(deadline=None)
@given(scale=st.sampled_from([1e-25, 1e-8, 1.0, 1e15]), seed=st.integers(0, 99))
def test_unit_rows_have_the_direction_of_the_embedding_and_length_one(scale: float, seed: int) -> None:
    rows = draw(5, 7, seed=seed)
    rows[2] = 0
    unit = to_unit(rows * scale)
    for before, after in zip(rows, unit, strict=True):
        length = sum(float(x) ** 2 for x in before) ** 0.5
        expected = [float(x) / length if length else 0.0 for x in before]
        assert after.tolist() == pytest.approx(expected, abs=1e-5)


@settings(deadline=None, max_examples=30)
@given(scale=st.sampled_from([1e-6, 1.0, 1e6]), seed=st.integers(0, 99))
def test_the_gradient_is_that_of_the_direction_alone(scale: float, seed: int) -> None:
    rows = (draw(4, 6, seed=seed).double() * scale).requires_grad_()
    weights = draw(4, 6, seed=seed + 1).double()
    (found,) = torch.autograd.grad((to_unit(rows) * weights).sum(), rows)
    (expected,) = torch.autograd.grad((rows / rows.square().sum(1, keepdim=True).sqrt() * weights).sum(), rows)
    assert torch.allclose(found * scale, expected * scale, atol=1e-9)


def test_a_row_of_zeros_has_a_gradient_that_a_step_can_bear() -> None:
    """Once it was infinite: one photo whose embedding a ReLU had made zero ended a run."""
    rows = torch.zeros(2, 3, requires_grad=True)
    to_unit(rows).sum().backward()
    assert rows.grad is not None
    assert rows.grad.abs().max() <= 1


def test_pixels_are_normalised_inside() -> None:
    preprocess = Preprocess(crop_px=SIDE, resize_px=SIDE, mean=(0.1, 0.5, 0.9), std=(0.2, 0.3, 0.4))
    given = photos(3)
    features = Network(Mean(), None, preprocess).features(given)
    for photo, row in zip(given, features, strict=True):
        for channel in range(3):
            mean = sum(int(v) / 255 for v in photo[..., channel].flatten()) / SIDE**2
            expected = (mean - preprocess.mean[channel]) / preprocess.std[channel]
            assert row[channel].item() == pytest.approx(expected, abs=1e-5)


def test_features_are_zero_where_there_is_no_photo() -> None:
    network = Network(Mean(), None, Preprocess())
    codes = torch.tensor([[1.0, 0, 3], [0, 1, 3], [1, 1, 3]])
    given = photos(3)
    with_codes, without = network.features(given, codes), network.features(given)
    assert PHOTO == 0
    assert not with_codes[1].any()
    assert torch.equal(with_codes[[0, 2]], without[[0, 2]])
    assert without[1].any()
    assert not network(given, codes)[1].any(), "and so is the vector of a head that looks at the photo alone"


def test_the_head_is_told_features_and_codes() -> None:
    class Head(nn.Module):
        dim = 6

        def forward(self, features: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
            return torch.cat([features, codes], dim=1).half()

    network = Network(Mean(), Head(), Preprocess())
    given, codes = photos(2), torch.tensor([[1.0, 5.0], [0.0, 7.0]])
    embeddings = network.embed(network.features(given, codes), codes)
    assert embeddings.dtype == torch.float32
    assert embeddings[:, 4:].tolist() == codes.tolist()
    assert (network.dim, Network(Mean(), None, Preprocess()).dim) == (6, 4)
    assert torch.allclose(network(given, codes), torch.nn.functional.normalize(embeddings), atol=1e-6)


def test_logits_are_scaled_products_of_row_and_class() -> None:
    classes = {"color": ("a", "b", "c"), "sleeve.length": ("x", "y")}
    torch.manual_seed(0)
    made = Classifier(5, classes)
    rows = to_unit(draw(4, 5))
    with torch.no_grad():
        made.log_scale[:] = torch.tensor([1.0, 2.0])
    found = made(rows)
    assert list(found) == list(classes)
    for n, (name, values) in enumerate(classes.items()):
        layer: Any = made.layers[n]
        for b, row in enumerate(rows):
            for k in range(len(values)):
                product = sum(w * x for w, x in zip(layer.weight[k].tolist(), row.tolist(), strict=True))
                scale = [2.718281828, 7.389056099][n]
                assert found[name][b, k].item() == pytest.approx(scale * product + layer.bias[k].item(), abs=1e-4)
    assert Classifier(5, classes).log_scale.exp().tolist() == pytest.approx([FIRST_SCALE] * 2)
    sum(logits.sum() for logits in found.values()).backward()
    assert all(p.grad is not None and p.grad.any() for p in made.parameters())


# On disk

ENCODING = Encoding(vocabularies={"color": ("Blue", "Red")}, numbers={"price": (40.0, 20.0)})
CLASSES = {"color": ("Blue", "Red"), "sleeve.length": ("long", "short")}
HEAD_OPTIONS = {"dim": 8, "hidden": [6], "norm": "batch", "dropout": 0.3, "last": "linear"}


def save(plugins: Plugins, folder: Path, head: str, encoding: Encoding | None) -> tuple[Network, Path]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        backbone: Any = plugins.backbones["mobilenet_v3_small"].make({"image_size_px": 32}, weights="none")
        made = plugins.methods[head].make().make_head(backbone.dim, HEAD_OPTIONS, encoding)
        network = Network(backbone, made, backbone.preprocess, Classifier(8, CLASSES))
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm1d):
                nn.init.normal_(layer.running_mean)  # buffers count as well
    card = ModelCard(
        backbone="mobilenet_v3_small",
        backbone_options={"image_size_px": 32},
        head=head,
        head_options=HEAD_OPTIONS,
        vocabularies=encoding.vocabularies if encoding else {},
        numbers=encoding.numbers if encoding else {},
        classes=CLASSES,
        dim=network.dim,
        preprocess=backbone.preprocess,
        fingerprint="",
    )
    state = network.state_dict()
    card = card.model_copy(update={"fingerprint": artifact.fingerprint(card, state)})
    return network.eval(), artifact.save(card, state, folder)


@pytest.mark.parametrize(("head", "encoding"), [("triplet", None), ("attribute-fusion", ENCODING)])
def test_a_saved_model_is_the_same_to_the_bit(
    head: str, encoding: Encoding | None, plugins: Plugins, tmp_path: Path
) -> None:
    network, folder = save(plugins, tmp_path / "model", head, encoding)
    loaded = artifact.load_module(folder, plugins)
    before, after = network.state_dict(), loaded.state_dict()
    assert set(before) == set(after)
    assert {name.partition(".")[0] for name in after} == {"backbone", "head", "classifier"}
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not loaded.training
    given = torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    attributes = [{"color": "Red"}, {"price": 30}, {}]
    codes = None if encoding is None else torch.from_numpy(encoding.encode(attributes, [True, False, True]))
    with torch.inference_mode():
        rows, expected = loaded(given, codes), network(given, codes)
        assert torch.equal(rows, expected)
        assert loaded.classifier is not None
        assert network.classifier is not None
        found, wanted = loaded.classifier(rows), network.classifier(rows)
    assert {name: logits.tolist() for name, logits in found.items()} == {n: t.tolist() for n, t in wanted.items()}
    assert list(found) == list(CLASSES)


@pytest.mark.parametrize(
    ("part", "change"),
    [("head", {"head_options": HEAD_OPTIONS | {"hidden": [7]}}), ("classifier", {"classes": {"color": ("a",)}})],
)
def test_weights_that_do_not_fit_the_card_are_refused(
    part: str, change: dict[str, Any], plugins: Plugins, tmp_path: Path
) -> None:
    _, folder = save(plugins, tmp_path / "model", "triplet", None)
    card = artifact.read_card(folder).model_copy(update=change)
    card = card.model_copy(update={"fingerprint": artifact.fingerprint(card, artifact.read_weights(folder))})
    (folder / artifact.CARD).write_text(card.model_dump_json())
    with pytest.raises(ModelError, match=f"do not fit the {part} that its card names"):
        artifact.load_module(folder, plugins)
