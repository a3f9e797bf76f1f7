"""Cross entropy over each attribute, against a plain loop; and which attributes and values are learned."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_match import AttributeSummary, PluginError, Plugins, Step, TrainingContext
from fashion_match.core.train.option import parse_options
from fashion_match.plugins.methods.attribute_term import AttributeTerm
from fashion_match.plugins.methods.classifier import MOST_CLASSES


def recipe(plugins: Plugins, context: TrainingContext, **options: Any) -> Any:
    return plugins.methods["classifier"].make(options).recipe(context)


def oracle(logits: Any, targets: list[int], weights: list[float] | None, smoothing: float) -> float:
    """Mean over items by the weight of their class, of the cross entropy to a target that is spread a little."""
    total = weight = 0.0
    for row, target in zip(logits.tolist(), targets, strict=True):
        if target < 0:
            continue
        top = max(row)
        normaliser = top + math.log(sum(math.exp(x - top) for x in row))
        k = len(row)
        own = weights or [1.0] * k
        for c in range(k):
            part = (1 - smoothing) * (c == target) + smoothing / k
            total += own[c] * part * (normaliser - row[c])
        weight += own[target]
    return total / weight if weight else 0.0


@settings(deadline=None, max_examples=80)
@given(
    targets=st.lists(st.integers(-1, 2), min_size=1, max_size=10),
    weights=st.none() | st.lists(st.floats(0.1, 5), min_size=3, max_size=3),
    smoothing=st.sampled_from([0.0, 0.1, 0.5]),
    seed=st.integers(0, 99),
)
def test_the_loss_is_what_a_plain_loop_gives(
    targets: list[int], weights: list[float] | None, smoothing: float, seed: int
) -> None:
    n = len(targets)
    logits = (3 * torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))).double().requires_grad_()
    rows = torch.zeros(n, 2)
    logged: dict[str, float] = {}
    step = Step(rows, rows, rows, torch.full((n,), -1), torch.arange(n), {"color": torch.tensor(targets)}, {})
    step.logits = {"color": logits}
    step.log = lambda name, value: logged.update({name: float(value)})
    value = AttributeTerm("color", weights, smoothing).double()(step)
    assert value.item() == pytest.approx(oracle(logits, targets, weights, smoothing), rel=1e-6)
    (gradient,) = torch.autograd.grad(value, logits)
    for row, target in zip(gradient, targets, strict=True):
        assert bool(row.any()) == (target >= 0), "what an item does not say is left out"
    known = [n for n, target in enumerate(targets) if target >= 0]
    if known:
        right = [int(logits[n].argmax()) == targets[n] for n in known]
        assert logged == {"accuracy": pytest.approx(sum(right) / len(right))}
    else:
        assert value.item() == 0
        assert logged == {}


def test_class_weights_are_no_part_of_a_checkpoint() -> None:
    assert AttributeTerm("color", [1.0, 2.0], 0.1).state_dict() == {}


def test_usual_attributes_are_learned_as_far_as_there_are_classes(plugins: Plugins, context: TrainingContext) -> None:
    made = recipe(plugins, context)
    # One value of season is nothing to tell apart, one item of Mauve no class, and sleeve is not usual.
    assert dict(made.classes) == {"category": ("Jeans", "Shirts"), "color": ("Blue", "Red")}
    assert set(made.terms) == {"category", "color"}
    assert {term.attribute for term in made.terms.values()} == {"category", "color"}
    assert made.weights == {"category": 1, "color": 1}
    assert made.head_options["dim"] == 256
    assert parse_options({}, made.defaults).lr == made.defaults["lr"]
    method: Any = plugins.methods["classifier"].make()
    assert (method.needs, method.validation, method.label_by) == ({"attributes"}, "attributes", ())


def test_attributes_and_their_weights_can_be_named(plugins: Plugins, context: TrainingContext) -> None:
    made = recipe(plugins, context, attributes="sleeve,color", weights="2,0.5", min_count=1, label_smoothing=0.2)
    assert dict(made.classes) == {"sleeve": ("long", "short"), "color": ("Blue", "Mauve", "Red")}
    assert made.weights == {"sleeve": 2, "color": 0.5}
    assert {term.label_smoothing for term in made.terms.values()} == {0.2}
    assert {term.class_weights for term in made.terms.values()} == {None}


def test_balanced_weights_make_classes_count_the_same(plugins: Plugins, context: TrainingContext) -> None:
    made = recipe(plugins, context, attributes="color", class_weights="balanced")
    weights = dict(zip(made.classes["color"], made.terms["color"].class_weights.tolist(), strict=True))
    counts = {"Red": 6, "Blue": 3}
    assert weights["Red"] * counts["Red"] == pytest.approx(weights["Blue"] * counts["Blue"])
    assert sum(weights[c] * n for c, n in counts.items()) == pytest.approx(sum(counts.values())), "1 on the average"


@pytest.mark.parametrize(
    ("options", "problem", "remedy"),
    [
        ({"attributes": ["colour"]}, "no item has the attribute 'colour'", "Did you mean 'color'?"),
        ({"attributes": ["season"]}, "season has 1 values", "min_count"),
        ({"attributes": ["color"], "min_count": 7}, "color has no value that 7 items have", "min_count"),
        ({"attributes": ["color"], "weights": [1, 2]}, "2 weights are given for 1 attributes", ""),
        ({"min_count": 9}, "none of category, color", "--set attributes=color,category"),
    ],
)
def test_what_cannot_be_learned_is_refused(
    options: dict[str, Any], problem: str, remedy: str, plugins: Plugins, context: TrainingContext
) -> None:
    with pytest.raises(PluginError, match=problem) as caught:
        recipe(plugins, context, **options)
    assert remedy in caught.value.remedy


def test_an_attribute_of_ever_other_values_is_no_class(plugins: Plugins, context: TrainingContext) -> None:
    many = AttributeSummary({f"v{n}": 2 for n in range(MOST_CLASSES + 1)}, 5000)
    told = replace(context, attributes={**context.attributes, "usage": many})
    assert "usage" not in recipe(plugins, told).classes
    with pytest.raises(PluginError, match="usage has 1001 values"):
        recipe(plugins, told, attributes=["usage"])


def test_each_term_looks_at_its_own_attribute(
    plugins: Plugins, context: TrainingContext, make_step: Callable[..., Step]
) -> None:
    made = recipe(plugins, context)
    logits = {name: torch.zeros(2, 2, requires_grad=True) for name in made.classes}
    step = make_step(torch.zeros(2, 3), targets={"category": [0, 1], "color": [-1, -1]}, logits=logits)
    values = {name: term(step) for name, term in made.terms.items()}
    assert values["category"].item() == pytest.approx(math.log(2))
    assert values["color"].item() == 0
    sum(values.values()).backward()
    assert logits["category"].grad is not None
    assert logits["color"].grad is not None
    assert not logits["color"].grad.any()
