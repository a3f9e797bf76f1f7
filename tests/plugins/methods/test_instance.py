"""Views of one photo are its own label, whatever labels the items have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from fashion_match import PluginError, Plugins, Step, TrainingContext
from fashion_match.core.train.option import parse_options


def recipe(plugins: Plugins, context: TrainingContext, **options: Any) -> Any:
    return plugins.methods["instance"].make(options).recipe(context)


def test_its_recipe_is_views_of_plain_batches(plugins: Plugins, context: TrainingContext) -> None:
    made = recipe(plugins, context, views=3, weight=0.5)
    assert (made.batches.views, made.batches.photos_per_label, made.batches.one_step) == (3, None, False)
    assert made.weights == {"instance": 0.5}
    assert set(made.terms) == set(made.weights)
    assert parse_options({}, made.defaults).augment == "strong", "views must differ"
    method: Any = plugins.methods["instance"].make()
    assert (method.needs, method.validation, method.label_by) == (set(), "views", ())
    with pytest.raises(PluginError, match="views"):
        recipe(plugins, context, views=1)


def test_the_loss_is_given_the_items_as_labels(
    plugins: Plugins,
    context: TrainingContext,
    make_step: Callable[..., Step],
    draw: Callable[..., torch.Tensor],
) -> None:
    seen: list[Any] = []

    def make_loss(name: str, options: Any = None, *, dim: int) -> Any:
        seen.append((name, dict(options), dim))
        return lambda rows, labels: seen.append((rows, labels)) or rows.sum()

    for given in ({"dim": 6}, {"dim": 6, "loss": {"temperature": "0.2"}}):
        (term,) = recipe(plugins, replace(context, make_loss=make_loss), **given).terms.values()
    assert seen == [("sup_con", {}, 6), ("sup_con", {"temperature": "0.2"}, 6)]
    rows = draw(6)
    value = term(make_step(rows, [0, 0, 0, 0, -1, -1], items=[70, 70, 5, 5, 9000, 9000]))
    value.backward()
    assert rows.grad is not None
    assert rows.grad.all()
    assert seen[2][0] is rows
    assert seen[2][1].tolist() == [1, 1, 0, 0, 2, 2], "counted anew"


def test_views_that_are_alike_cost_less(
    plugins: Plugins,
    context: TrainingContext,
    make_step: Callable[..., Step],
    draw: Callable[..., torch.Tensor],
) -> None:
    (term,) = recipe(plugins, context, dim=6).terms.values()
    rows = draw(4).detach()
    alike = term(make_step(rows[[0, 0, 1, 1]], items=[0, 0, 1, 1]))
    crossed = term(make_step(rows[[0, 1, 0, 1]], items=[0, 0, 1, 1]))
    assert alike < crossed


def test_it_needs_no_labels(plugins: Plugins, context: TrainingContext) -> None:
    assert recipe(plugins, replace(context, label_counts={}, attributes={})).terms
