"""The backbone keeps its contract, and its mistakes are told in fashion-match's own way."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from fm_timm import TimmOptions, make_timm

from fashion_match import ModelError
from fashion_match.testing import check_backbone

SMALL = TimmOptions(model="resnet10t", image_size_px=64)


@pytest.mark.parametrize("model", ["resnet10t", "mobilenetv3_small_050", "test_vit"])
def test_it_keeps_the_contract_of_a_backbone(model: str) -> None:
    check_backbone(make_timm, options=TimmOptions(model=model, image_size_px=64))


def test_features_and_preprocessing_are_those_of_timm() -> None:
    torch.manual_seed(0)
    ours = make_timm(TimmOptions(model="resnet10t"), weights="none")
    torch.manual_seed(0)
    theirs = timm.create_model("resnet10t", num_classes=0).eval()
    pixels = torch.randn(2, 3, 64, 64)
    assert torch.equal(ours(pixels), theirs(pixels))
    config = timm.data.resolve_model_data_config(theirs)
    assert ours.preprocess.crop_px == config["input_size"][-1]
    assert ours.preprocess.resize_px == int(config["input_size"][-1] / config["crop_pct"])
    assert (ours.preprocess.mean, ours.preprocess.std) == (config["mean"], config["std"])


def test_weights_with_a_classifier_are_taken_without_it(tmp_path: Path) -> None:
    whole = timm.create_model("resnet10t", num_classes=5).eval()
    torch.save(whole.state_dict(), tmp_path / "whole.pth")
    ours = make_timm(SMALL, weights=str(tmp_path / "whole.pth"))
    pixels = torch.randn(1, 3, 64, 64)
    assert torch.equal(ours(pixels), whole.forward_head(whole.forward_features(pixels), pre_logits=True))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(timm.create_model("resnet14t").state_dict(), tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"other\.pth"):
        make_timm(SMALL, weights=str(tmp_path / "other.pth"))
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(ModelError, match=r"text\.pth holds no weights"):
        make_timm(SMALL, weights=str(tmp_path / "text.pth"))


def test_an_unknown_network_gets_the_nearest_spelling() -> None:
    with pytest.raises(ModelError, match=r"no network 'resnet10'\.\nDid you mean 'resnet10t'"):
        make_timm(TimmOptions(model="resnet10"), weights="none")
