"""What is asked for on the command line wins over a recipe, and what fits nowhere is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fashion_match import Plugins, UsageError
from fashion_match.core.train import request
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.option import parse_options
from fashion_match.core.train.request import DEFAULT_METHOD, make_request, read_recipe, recipe_names


def ask(*methods: str, recipe: Path | str | None = None, source: str | None = "photos", **given: Any) -> TrainRequest:
    settings, options = given.pop("settings", {}), given.pop("options", {})
    named = str(recipe) if recipe is not None else None
    return make_request(recipe=named, source=source, methods=methods, settings=settings, options=options, **given)


def write(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text)
    return file


def test_nothing_but_a_source_is_needed() -> None:
    assert ask() == TrainRequest(source="photos", methods=(DEFAULT_METHOD,))
    with pytest.raises(UsageError, match="nothing is given to train on"):
        ask(source=None)


def test_settings_are_the_methods_but_for_those_of_reader_and_backbone() -> None:
    settings = {"dim": "64", "loss": {"margin": "0.2"}, "reader": {"views": "3"}, "backbone": {"image_size_px": "64"}}
    made = ask("classifier", settings=settings, reader="drawn", backbone="alexnet", weights="none", init="runs/a")
    assert made.method_options == {"classifier": {"dim": "64", "loss": {"margin": "0.2"}}}
    assert (made.reader_options, made.backbone_options) == ({"views": "3"}, {"image_size_px": "64"})
    assert (made.reader, made.backbone, made.weights, made.init) == ("drawn", "alexnet", "none", "runs/a")
    assert set(settings) == {"dim", "loss", "reader", "backbone"}, "what was given is left as it was"


def test_the_only_method_may_be_named() -> None:
    assert ask("triplet", settings={"triplet": {"dim": "64"}}).method_options == {"triplet": {"dim": "64"}}


def test_of_several_methods_each_has_its_own_settings() -> None:
    made = ask("triplet", "classifier", settings={"triplet": {"dim": "64"}, "reader": {"views": "2"}})
    assert made.methods == ("triplet", "classifier")
    assert (made.method_options, made.reader_options) == ({"triplet": {"dim": "64"}}, {"views": "2"})


@pytest.mark.parametrize(
    ("methods", "settings", "stray"),
    [
        (("triplet", "classifier"), {"dim": "64"}, "dim"),
        (("triplet", "classifier"), {"triplet": "64"}, "triplet"),
        (("triplet", "classifier"), {"triplet": {"dim": "1"}, "tripelt": {"dim": "64"}}, "tripelt"),
        (("triplet",), {"triplet": {"dim": "64"}, "hidden": "3"}, "hidden"),
    ],
)
def test_a_setting_of_no_method_is_refused(methods: tuple[str, ...], settings: dict[str, Any], stray: str) -> None:
    with pytest.raises(UsageError, match=f"--set {stray} does not say of which method") as caught:
        ask(*methods, settings=settings)
    assert caught.value.remedy == f"Write --set triplet.{stray}=VALUE."


@pytest.mark.parametrize("what", ["reader", "backbone"])
def test_a_name_in_place_of_options_is_refused(what: str) -> None:
    with pytest.raises(UsageError, match=f"--set {what}=x is no option") as caught:
        ask(settings={what: "x"})
    assert f"--{what} x" in caught.value.remedy


RECIPE = """
source = "their photos"
reader = "folders"
methods = ["classifier"]
backbone = "alexnet"
weights = "none"
[set]
dim = 64
hidden = [32]
reader.views = 3
backbone.image_size_px = 64
loss = {name = "contrastive", neg_margin = 0.5}
[options]
epochs = 3
lr = 0.1
stages = [{epochs = 2, train = "head"}, {epochs = 1}]
"""


def test_a_recipe_alone_says_everything(tmp_path: Path) -> None:
    made = ask(recipe=write(tmp_path, RECIPE), source=None)
    assert made == TrainRequest(
        source="their photos",
        reader="folders",
        reader_options={"views": 3},
        methods=("classifier",),
        method_options={"classifier": {"dim": 64, "hidden": [32], "loss": {"name": "contrastive", "neg_margin": 0.5}}},
        backbone="alexnet",
        backbone_options={"image_size_px": 64},
        weights="none",
        options={"epochs": 3, "lr": 0.1, "stages": [{"epochs": 2, "train": "head"}, {"epochs": 1}]},
    )


def test_what_is_given_beside_a_recipe_wins(tmp_path: Path) -> None:
    made = ask(
        recipe=write(tmp_path, RECIPE),
        source="my photos",
        backbone="resnet18",
        settings={"dim": "8", "reader": {"size_px": "9"}, "loss": {"neg_margin": "0.1"}},
        options={"lr": 0.5, "batch_size": 16},
    )
    assert (made.source, made.reader, made.backbone, made.weights) == ("my photos", "folders", "resnet18", "none")
    assert made.method_options["classifier"] == {
        "dim": "8",
        "hidden": [32],
        "loss": {"name": "contrastive", "neg_margin": "0.1"},
    }
    assert made.reader_options == {"views": 3, "size_px": "9"}
    assert (made.options["lr"], made.options["epochs"], made.options["batch_size"]) == (0.5, 3, 16)
    assert ask("triplet", recipe=write(tmp_path, 'methods = ["classifier"]')).methods == ("triplet",)


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        ('loss = "contrastive"', {"neg_margin": "0.1"}, {"name": "contrastive", "neg_margin": "0.1"}),
        ('loss = {name = "contrastive", neg_margin = 1}', "circle", "circle"),
        ('loss = {name = "contrastive", neg_margin = 1}', {"name": "circle", "m": "2"}, {"name": "circle", "m": "2"}),
        (
            'loss = {name = "contrastive", neg_margin = 1}',
            {"name": "contrastive", "pos_margin": "2"},
            {"name": "contrastive", "neg_margin": 1, "pos_margin": "2"},
        ),
        ("loss = {neg_margin = 1}", {"neg_margin": "2"}, {"neg_margin": "2"}),
    ],
)
def test_a_loss_of_the_recipe_keeps_its_options_as_long_as_it_is_that_loss(
    tmp_path: Path, written: str, given: Any, expected: Any
) -> None:
    made = ask(recipe=write(tmp_path, f"[set]\n{written}"), settings={"loss": given})
    assert made.method_options == {"triplet": {"loss": expected}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("method = ['triplet']", "unknown key 'method'"),
        ("methods = 'triplet'", "methods = 'triplet' must be a list of names"),
        ("methods = [1]", "must be a list of names"),
        ("set = 3", "set = 3 must be a table"),
        ("options = []", "must be a table"),
        ("source = 3", "source = 3 must be text"),
        ("a = = 3", "is no TOML"),
    ],
)
def test_what_no_recipe_can_say_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(UsageError, match=problem) as caught:
        ask(recipe=file)
    assert str(file) in caught.value.problem
    if "unknown" in problem:
        assert caught.value.remedy == "Did you mean 'methods'?"


def test_a_recipe_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is no TOML"):
        read_recipe(str(file))


def test_recipes_that_come_along_are_known_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("same-style", "photo-to-product"):
        (tmp_path / f"{name}.toml").write_text(f'source = "{name}"')
    (tmp_path / "notes.txt").write_text("no recipe")
    monkeypatch.setattr(request, "_shipped", lambda: tmp_path)
    assert recipe_names() == ["photo-to-product", "same-style"]
    assert ask(recipe="same-style", source=None).source == "same-style"
    with pytest.raises(UsageError, match="no recipe 'same-stile'") as caught:
        ask(recipe="same-stile")
    assert caught.value.remedy == "Did you mean 'same-style'?"


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_that_come_along_say_what_can_be(name: str, plugins: Plugins) -> None:
    made = ask(recipe=name)
    for method in made.methods:
        plugins.methods[method].make(made.method_options.get(method, {}))
    assert set(made.method_options) <= set(made.methods)
    if made.backbone is not None:
        plugins.backbones[made.backbone].parse(made.backbone_options)
    parse_options(made.options)
    assert TrainRequest.model_validate_json(made.model_dump_json()) == made
