"""Mean dot product of all pairs, against the double loop; and many batches give the gradient of a single one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from fashion_match import Plugins, Step, TrainingContext
from fashion_match.core.train.option import parse_options
from fashion_match.plugins.methods.orthogonal_term import OrthogonalTerm


def step(rows: torch.Tensor) -> Step:
    n = len(rows)
    return Step(rows, rows, rows, torch.full((n,), -1), torch.arange(n), {}, {})


def mean_of_pairs(rows: torch.Tensor) -> torch.Tensor:
    pairs = [(rows[i] * rows[j]).sum() for i in range(len(rows)) for j in range(i)]
    return torch.stack(pairs).mean() if pairs else rows.sum() * 0


def catalogue(n: int, seed: int) -> tuple[torch.nn.Linear, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    layer = torch.nn.Linear(5, 4).double()
    with torch.no_grad():
        layer.weight[:] = torch.randn(4, 5, generator=generator)
    return layer, torch.randn(n, 5, generator=generator, dtype=torch.float64)


def gradient(layer: torch.nn.Linear, values: list[torch.Tensor]) -> torch.Tensor:
    """As the loop has it: gradients of the batches of one step are averaged."""
    layer.zero_grad()
    for value in values:
        (value / len(values)).backward()
    assert layer.weight.grad is not None
    return layer.weight.grad.clone()


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_batches_of_one_step_give_value_and_gradient_of_the_whole_catalogue(sizes: list[int], seed: int) -> None:
    layer, photos = catalogue(sum(sizes), seed)

    def embed(part: torch.Tensor) -> torch.Tensor:
        return F.normalize(layer(part), dim=1)

    parts = list(photos.split(sizes))
    expected = mean_of_pairs(embed(photos))
    wanted = gradient(layer, [expected])

    def epoch() -> Iterator[torch.Tensor]:
        with torch.no_grad():
            yield from map(embed, parts)

    term = OrthogonalTerm()
    term.begin_epoch(epoch, len(parts))
    values = [term(step(embed(part))) for part in parts]
    for value in values:
        assert value.item() == pytest.approx(expected.item(), abs=1e-9), "each shows that of the catalogue"
    assert torch.allclose(gradient(layer, values), wanted, atol=1e-9)


def test_every_epoch_begins_anew() -> None:
    layer, photos = catalogue(8, 1)
    term = OrthogonalTerm()
    for scale in (1.0, 3.0):
        embed = lambda part, scale=scale: F.normalize(layer(part * scale + scale), dim=1)  # noqa: E731
        parts = photos.split(4)
        term.begin_epoch(lambda: iter([embed(part).detach() for part in parts]), 2)  # noqa: B023
        values = [term(step(embed(part))) for part in parts]
        assert values[0].item() == pytest.approx(mean_of_pairs(embed(photos)).item(), abs=1e-9)
        expected = gradient(layer, [mean_of_pairs(embed(photos))])
        assert torch.allclose(gradient(layer, [term(step(embed(part))) for part in parts]), expected, atol=1e-9)
    # Then a catalogue that is one batch: what was added up before is forgotten.
    term.begin_epoch(lambda: iter([embed(photos[:3]).detach()]), 1)
    assert term(step(embed(photos[:3]))).item() == pytest.approx(mean_of_pairs(embed(photos[:3])).item(), abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 12), seed=st.integers(0, 99))
def test_without_exact_each_batch_counts_by_itself_and_nothing_is_added_up(n: int, seed: int) -> None:
    layer, photos = catalogue(n, seed)
    term = OrthogonalTerm(exact=False)

    def never() -> Any:
        raise AssertionError("the epoch need not be seen twice")

    term.begin_epoch(never, 3)
    OrthogonalTerm().begin_epoch(never, 1)
    rows = F.normalize(layer(photos), dim=1)
    value, expected = term(step(rows)), mean_of_pairs(rows)
    assert value.item() == pytest.approx(expected.item(), abs=1e-9)
    (found,) = torch.autograd.grad(value, rows, retain_graph=True)
    (wanted,) = torch.autograd.grad(expected, rows)
    assert torch.allclose(found, wanted, atol=1e-9)


def test_a_single_row_is_a_zero_that_keeps_the_graph() -> None:
    rows = torch.ones(1, 4, requires_grad=True)
    value = OrthogonalTerm()(step(rows))
    assert (value.item(), value.requires_grad) == (0, True)


@pytest.mark.parametrize("exact", [True, False])
def test_its_recipe_is_that_of_the_study(exact: bool, plugins: Plugins, context: TrainingContext) -> None:
    method: Any = plugins.methods["orthogonal"].make({"exact": exact})
    recipe = method.recipe(context)
    (term,) = recipe.terms.values()
    assert isinstance(term, OrthogonalTerm)
    assert term._exact is exact
    assert recipe.batches.one_step is exact
    assert recipe.batches.photos_per_label is None
    options = parse_options({}, recipe.defaults)
    assert (options.epochs, options.lr, options.optimizer, options.schedule) == (15, 5e-5, "adam", "constant")
    assert (options.augment, options.batch_norm, options.weight_decay) == ("none", "frozen", 0)
    assert method.make_head(12, recipe.head_options, None) is None
    assert (method.needs, method.validation, method.trains_on, method.label_by) == (set(), "views", "gallery", ())


def test_steps_pull_a_catalogue_apart(
    plugins: Plugins, context: TrainingContext, make_step: Callable[..., Step]
) -> None:
    (term,) = plugins.methods["orthogonal"].make({}).recipe(context).terms.values()
    layer, photos = catalogue(20, 3)
    photos = photos + 2  # all alike at first
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    values = []
    for _ in range(30):
        value = term(make_step(F.normalize(layer(photos), dim=1)))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[0] > 0.5
    assert values[-1] < 0.1
