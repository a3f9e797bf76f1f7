"""Registering, looking up and making plugins: every mistake names its culprit."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field, model_validator

from fashion_match import Options, PluginError, Registry


class Margin(Options):
    margin: float = Field(default=0.2, gt=0, description="distance to keep")
    miner: str = "hard"


class Path2(Options):
    path: str


def registry() -> Registry[object]:
    made: Registry[object] = Registry("loss")
    made.provider = "first"
    made.register("triplet", lambda options: ("triplet", options.margin), options=Margin, summary="pulls and pushes")
    made.register("contrastive", lambda options: "contrastive")
    return made


def test_listing_is_sorted_and_calls_no_factory() -> None:
    losses: Registry[object] = Registry("loss")

    def explode(options: Options) -> object:
        raise AssertionError("listing must not make anything")

    for name in ("b", "a", "C.1"):
        losses.register(name, explode)
    assert [entry.name for entry in losses] == ["C.1", "a", "b"]
    assert len(losses) == 3
    assert "a" in losses
    assert "z" not in losses


def test_making_validates_options_and_passes_context() -> None:
    assert registry()["triplet"].make({"margin": "0.3"}) == ("triplet", 0.3)
    assert registry()["triplet"].make() == ("triplet", 0.2)
    backbones: Registry[object] = Registry("backbone")
    backbones.register("net", lambda options, *, weights: weights)
    assert backbones["net"].make(weights="none") == "none"


def test_unknown_name_gets_the_nearest_spelling() -> None:
    with pytest.raises(PluginError) as caught:
        registry()["Tripplet"]
    assert caught.value.problem == "there is no loss 'Tripplet'."
    assert caught.value.remedy == "Did you mean 'triplet'?"
    with pytest.raises(PluginError, match="Known losses: contrastive, triplet"):
        registry()["zzz"]


def test_unknown_option_gets_the_nearest_spelling() -> None:
    with pytest.raises(PluginError) as caught:
        registry()["triplet"].make({"margn": 1})
    assert caught.value.problem == "triplet has no option 'margn'."
    assert caught.value.remedy == "Did you mean 'margin'?"
    with pytest.raises(PluginError, match="contrastive takes no options"):
        registry()["contrastive"].make({"margin": 1})


@pytest.mark.parametrize("value", ["wide", -1, None])
def test_option_of_the_wrong_type_names_option_and_value(value: object) -> None:
    with pytest.raises(PluginError) as caught:
        registry()["triplet"].make({"margin": value})
    assert f"option margin = {value!r}" in caught.value.problem
    assert "fm plugins show triplet" in caught.value.remedy
    assert "\n" not in caught.value.problem


def test_missing_option_says_how_to_give_it() -> None:
    losses: Registry[object] = Registry("loss")
    losses.register("needy", lambda options: options, options=Path2)
    with pytest.raises(PluginError, match=r"needy needs the option 'path'\.\nGive it with --set path=VALUE\."):
        losses["needy"].make()


def test_options_that_do_not_go_together_are_told_in_their_own_words() -> None:
    class Span(Options):
        low: int = 0
        high: int = 1

        @model_validator(mode="after")
        def ordered(self) -> Span:
            if self.low > self.high:
                raise ValueError("low must not exceed high")
            return self

    losses: Registry[object] = Registry("loss")
    losses.register("span", lambda options: options, options=Span)
    with pytest.raises(PluginError) as caught:
        losses["span"].make({"low": 2})
    assert caught.value.problem == "span: low must not exceed high."


def test_a_taken_name_is_refused_and_keeps_its_first_owner() -> None:
    losses = registry()
    losses.provider = "second"
    with pytest.raises(PluginError, match="the loss 'triplet' of second is already registered by first"):
        losses.register("triplet", lambda options: "other")
    assert losses["triplet"].provider == "first"


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a=b", "a\n"])
def test_a_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(PluginError, match="cannot be the name of a loss"):
        Registry("loss").register(name, lambda options: None)


class Loose(BaseModel):
    margin: float = 1


@pytest.mark.parametrize("options", [Loose, dict, Margin()])
def test_options_that_would_swallow_unknown_keys_are_refused(options: type[BaseModel]) -> None:
    with pytest.raises(PluginError, match="extra='forbid'"):
        Registry("loss").register("loose", lambda options: None, options=options)


def test_discard_removes_one_provider_only() -> None:
    losses = registry()
    losses.provider = "second"
    losses.register("other", lambda options: "other")
    losses.discard("first")
    assert [entry.name for entry in losses] == ["other"]
