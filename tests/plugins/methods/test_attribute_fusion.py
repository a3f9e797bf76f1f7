"""Photo and attributes as one vector: what the head is told, and that it does without either."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from fashion_match import AttributeSummary, Encoding, PluginError, Plugins, TrainingContext
from fashion_match.core.train.option import parse_options
from fashion_match.plugins.methods import attribute_fusion
from fashion_match.plugins.methods.metric_term import MetricTerm

ENCODING = Encoding(vocabularies={"color": ("Blue", "Red")}, numbers={"price": (40.0, 20.0)})


def recipe(plugins: Plugins, context: TrainingContext, **options: Any) -> Any:
    return plugins.methods["attribute-fusion"].make(options).recipe(context)


def test_usual_attributes_are_encoded_as_the_data_has_them(plugins: Plugins, context: TrainingContext) -> None:
    made = recipe(plugins, context)
    assert made.encoding == Encoding(
        vocabularies={"category": ("Jeans", "Shirts"), "color": ("Blue", "Red"), "season": ("Fall",)},
        numbers={"price": (20.0, 10.0)},
    )
    assert made.leave_out == (0.25, 0.5)
    assert made.batches.photos_per_label == 4
    (term,) = made.terms.values()
    assert isinstance(term, MetricTerm)
    assert parse_options({}, made.defaults).lr == made.defaults["lr"]
    method: Any = plugins.methods["attribute-fusion"].make({"group_by": "sleeve"})
    assert (method.needs, method.validation, method.label_by) == ({"attributes"}, "labels", ("sleeve",))


def test_attributes_can_be_named_and_rare_values_known(plugins: Plugins, context: TrainingContext) -> None:
    made = recipe(plugins, context, attributes="sleeve,color", min_count=1, leave_out_photo=0.1, leave_out_attribute=0)
    assert made.encoding.vocabularies == {"sleeve": ("long", "short"), "color": ("Blue", "Mauve", "Red")}
    assert made.encoding.numbers == {}
    assert made.leave_out == (0.1, 0)
    with pytest.raises(PluginError, match="no item has the attribute 'colour'") as caught:
        recipe(plugins, context, attributes="colour")
    assert caught.value.remedy == "Did you mean 'color'?"


def test_where_none_is_usual_all_are_looked_at(plugins: Plugins, context: TrainingContext) -> None:
    told = replace(context, attributes={"sleeve": context.attributes["sleeve"]})
    assert recipe(plugins, told).encoding.vocabularies == {"sleeve": ("long", "short")}


def test_of_too_many_values_the_most_frequent_are_known(
    plugins: Plugins, context: TrainingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribute_fusion, "MOST_VALUES", 2)
    brands = AttributeSummary({"Zeta": 9, "Alpha": 5, "Mid": 4}, 18)
    told = replace(context, attributes={"brand": brands})
    assert recipe(plugins, told).encoding.vocabularies == {"brand": ("Alpha", "Zeta")}


def test_without_any_label_there_is_nothing_to_learn(plugins: Plugins, context: TrainingContext) -> None:
    with pytest.raises(PluginError, match="no item has all of category, color, and none has a label") as caught:
        recipe(plugins, replace(context, label_counts={}))
    assert "group_by=color,category" in caught.value.remedy


def test_the_loss_is_told_its_options_and_width(plugins: Plugins, context: TrainingContext) -> None:
    asked: list[Any] = []

    def make_loss(name: str, options: Any = None, *, dim: int) -> Any:
        asked.append((name, dict(options), dim))
        return lambda rows, labels: rows.sum() * 0

    told = replace(context, make_loss=make_loss)
    recipe(plugins, told)
    recipe(plugins, told, loss={"margin": "0.3"})
    recipe(plugins, told, loss={"miner": "angular"})
    recipe(plugins, told, loss={"name": "contrastive", "neg_margin": "1"}, dim=7)
    assert asked == [
        ("triplet_margin", {"margin": 0.2}, 128),
        ("triplet_margin", {"margin": "0.3"}, 128),
        ("triplet_margin", {"margin": 0.2, "miner": "angular"}, 128),
        ("contrastive", {"neg_margin": "1"}, 7),
    ]


def head(plugins: Plugins, **options: Any) -> Any:
    method: Any = plugins.methods["attribute-fusion"].make({"dim": 8, "hidden": [16], "dropout": 0, **options})
    torch.manual_seed(0)
    return method.make_head(10, method.options.head_options(), ENCODING)


def test_either_may_be_missing_and_both_count(plugins: Plugins) -> None:
    made = head(plugins).eval()
    photo = torch.randn(1, 10, generator=torch.Generator().manual_seed(0))
    attributes = torch.from_numpy(ENCODING.encode([{"color": "Red", "price": 60}], [True]))
    nothing = torch.zeros_like(attributes)
    alone = nothing.clone()
    alone[:, 0] = 1
    without = attributes.clone()
    without[:, 0] = 0
    rows = torch.cat([made(photo, attributes), made(photo, alone), made(photo * 0, without), made(photo * 0, nothing)])
    assert rows.shape == (4, 8)
    assert rows.isfinite().all()
    assert all(not torch.allclose(rows[i], rows[j]) for i in range(4) for j in range(i)), "each says something else"


def test_a_row_does_not_depend_on_the_others(plugins: Plugins) -> None:
    made = head(plugins).eval()
    generator = torch.Generator().manual_seed(0)
    photos, codes = torch.randn(5, 10, generator=generator), torch.rand(5, ENCODING.width, generator=generator)
    together = made(photos, codes)
    for n in range(5):
        assert torch.allclose(made(photos[n : n + 1], codes[n : n + 1]), together[n : n + 1], atol=1e-6)


def test_gradient_reaches_both_branches(plugins: Plugins) -> None:
    made = head(plugins)
    photos, codes = torch.randn(5, 10, requires_grad=True), torch.rand(5, ENCODING.width, requires_grad=True)
    made(photos, codes).square().sum().backward()
    assert photos.grad is not None
    assert codes.grad is not None
    assert photos.grad.any(dim=1).all()
    assert codes.grad.any(dim=1).all()


def test_a_head_without_an_encoding_cannot_be_made(plugins: Plugins) -> None:
    method: Any = plugins.methods["attribute-fusion"].make()
    with pytest.raises(PluginError, match="without an encoding"):
        method.make_head(10, method.options.head_options(), None)
