"""Triplets: rows without a label are left out, and a collapse is noticed, said once and countered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from fashion_match import Plugins, Step, TrainingContext
from fashion_match.core.train.option import parse_options
from fashion_match.plugins.losses.batch_hard import BatchHard
from fashion_match.plugins.methods.metric_term import COLLAPSED, SPREAD, STEPS, MetricTerm, mean_cosine_across


def made(plugins: Plugins, **options: Any) -> Any:
    return plugins.methods["triplet"].make(options)


def test_its_recipe_is_batch_hard_over_batches_by_label(plugins: Plugins, context: TrainingContext) -> None:
    method = made(plugins, dim=9, photos_per_label=3, hidden=[])
    recipe = method.recipe(context)
    (term,) = recipe.terms.values()
    assert isinstance(term, MetricTerm)
    assert isinstance(term.loss, BatchHard)
    assert (term.loss.mining, term.loss.distance) == ("hard", "l2")
    assert recipe.head_options["dim"] == 9
    assert (recipe.batches.photos_per_label, recipe.batches.views, recipe.batches.one_step) == (3, 1, False)
    assert (recipe.encoding, dict(recipe.classes)) == (None, {})
    assert parse_options({}, recipe.defaults).lr == recipe.defaults["lr"]
    assert (method.needs, method.validation, method.trains_on, method.label_by) == ({"label"}, "labels", "all", ())


def test_options_of_the_usual_loss_need_not_name_it(plugins: Plugins, context: TrainingContext) -> None:
    term: Any = made(plugins, loss={"margin": "0.2", "mining": "semihard"}).recipe(context).terms["triplet"]
    assert isinstance(term.loss, BatchHard)
    assert (term.loss.margin, term.loss.mining) == (0.2, "semihard")


def test_another_loss_is_told_the_width_of_the_embedding(plugins: Plugins, context: TrainingContext) -> None:
    asked: list[Any] = []

    def make_loss(name: str, options: Any = None, *, dim: int) -> Any:
        asked.append((name, dict(options), dim))
        return lambda rows, labels: rows.sum() * 0

    told = TrainingContext(12, 10, context.label_counts, {}, make_loss)
    made(plugins, dim=7, loss={"name": "contrastive", "neg_margin": "0.8"}).recipe(told)
    assert asked == [("contrastive", {"neg_margin": "0.8"}, 7)]


def test_a_loss_of_the_library_has_a_place_for_its_proxies(
    plugins: Plugins, context: TrainingContext, make_step: Callable[..., Step]
) -> None:
    term: Any = made(plugins, dim=6, loss="arc_face").recipe(context).terms["triplet"]
    rows = F.normalize(torch.randn(5, 6, generator=torch.Generator().manual_seed(0))).requires_grad_()
    term(make_step(rows, [0, 3, -1, 2, 0])).backward()
    assert rows.grad is not None
    assert not rows.grad[2].any()
    assert [p.shape for p in term.parameters()] in ([(6, 4)], [(4, 6)])
    assert all(p.grad is not None and p.grad.any() for p in term.parameters())


# The term


@settings(deadline=None, max_examples=60)
@given(labels=st.lists(st.integers(-1, 3), min_size=1, max_size=14), seed=st.integers(0, 99))
def test_the_mean_cosine_across_labels_is_that_of_all_pairs(labels: list[int], seed: int) -> None:
    rows = F.normalize(torch.randn(len(labels), 5, generator=torch.Generator().manual_seed(seed)).double(), dim=1)
    cosines = [
        float(rows[i] @ rows[j]) for i in range(len(labels)) for j in range(len(labels)) if labels[i] != labels[j]
    ]
    found = mean_cosine_across(rows, torch.tensor(labels))
    if cosines:
        assert found is not None
        assert float(found) == pytest.approx(sum(cosines) / len(cosines), abs=1e-9)
    else:
        assert found is None


@settings(deadline=None, max_examples=40)
@given(labels=st.lists(st.integers(-1, 3), min_size=1, max_size=14), seed=st.integers(0, 99))
def test_rows_without_a_label_do_not_count(labels: list[int], seed: int) -> None:
    rows = F.normalize(torch.randn(len(labels), 5, generator=torch.Generator().manual_seed(seed)), dim=1)
    rows.requires_grad_()
    known = [n for n, label in enumerate(labels) if label >= 0]
    step = Step(rows, rows, rows, torch.tensor(labels), torch.arange(len(labels)), {}, {})
    value = MetricTerm(BatchHard())(step)
    (gradient,) = torch.autograd.grad(value, rows, retain_graph=True)
    expected = BatchHard()(rows[known], torch.tensor(labels)[known]) if known else rows.sum() * 0
    (wanted,) = torch.autograd.grad(expected, rows)
    assert value.item() == expected.item()
    assert torch.equal(gradient, wanted)
    assert not gradient[[n for n, label in enumerate(labels) if label < 0]].any()


def test_what_was_mined_is_written_down(make_step: Callable[..., Step], draw: Callable[..., torch.Tensor]) -> None:
    step: Any = make_step(draw(6), [0, 0, 1, 1, -1, 2])
    MetricTerm(BatchHard(margin=5.0))(step)
    logged = dict(step.logged)
    assert (logged["anchors"], logged["violations"]) == (4, 4), "the single one has no positive"
    assert logged["likeness"] == pytest.approx(
        float(mean_cosine_across(step.embeddings[[0, 1, 2, 3, 5]].detach(), torch.tensor([0, 0, 1, 1, 2])))
    )
    assert set(logged) == {"anchors", "violations", "likeness"}


LABELS = [0, 0, 1, 1, 2, 2]


def alike(spread: float) -> torch.Tensor:
    """Six rows whose mean cosine across labels falls as ``spread`` grows."""
    random = torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
    return F.normalize(torch.ones(6, 8) + spread * random, dim=1).requires_grad_()


TIGHT, MIDDLE, WIDE = 0.05, 0.4, 2.0


def test_these_rows_are_what_they_are_called() -> None:
    cosines = [float(mean_cosine_across(alike(s).detach(), torch.tensor(LABELS)) or 0) for s in (TIGHT, MIDDLE, WIDE)]
    assert cosines[0] > COLLAPSED > cosines[1] > SPREAD > cosines[2]


class Watched:
    """A term, what it said, and with which mining its loss was called."""

    def __init__(self, make_step: Callable[..., Step], term: MetricTerm) -> None:
        self.make_step, self.term = make_step, term
        self.said: list[str] = []
        self.mining: list[str] = []

    def see(self, spread: float, n: int = 1, *, progress: float = 1.0) -> None:
        for _ in range(n):
            step = self.make_step(alike(spread), LABELS, progress=progress)
            self.term(step)
            self.said += step.said  # type: ignore[attr-defined]
            self.mining.append(getattr(self.term.loss, "mining", ""))


def test_a_collapse_is_noticed_said_once_and_mined_softly_until_embeddings_spread(
    make_step: Callable[..., Step],
) -> None:
    watched = Watched(make_step, MetricTerm(BatchHard()))
    watched.see(TIGHT, STEPS - 1)
    assert (watched.said, set(watched.mining)) == ([], {"hard"})
    watched.see(TIGHT)
    assert len(watched.said) == 1
    assert watched.said[0].startswith("Collapse: all embeddings are alike (mean cosine ")
    assert "semihard" in watched.said[0]
    assert watched.mining[-1] == "semihard", "the very step that shows it"
    watched.see(TIGHT, 3 * STEPS)
    watched.see(MIDDLE, 5)
    assert len(watched.said) == 1
    assert set(watched.mining[STEPS - 1 :]) == {"semihard"}, "until they have spread, not only stopped being alike"
    watched.see(WIDE)
    assert watched.said[1:] == ["Embeddings have spread again: back to the hardest negatives."]
    assert watched.mining[-1] == "hard"
    watched.see(TIGHT, STEPS)
    assert len(watched.said) == 3
    assert watched.mining[-1] == "semihard", "and so each time"


def test_an_odd_batch_is_no_collapse(make_step: Callable[..., Step]) -> None:
    watched = Watched(make_step, MetricTerm(BatchHard()))
    for _ in range(3):
        watched.see(TIGHT, STEPS - 1)
        watched.see(MIDDLE)
    assert watched.said == []


@pytest.mark.parametrize("how", ["warn", "another loss", "semihard already"])
def test_what_cannot_be_softened_is_only_said(how: str, make_step: Callable[..., Step]) -> None:
    loss: Any = BatchHard(mining="semihard") if how == "semihard already" else BatchHard()
    if how == "another loss":
        loss = lambda rows, labels: rows.sum() * 0  # noqa: E731
    watched = Watched(make_step, MetricTerm(loss, soften=how != "warn"))
    before = getattr(loss, "mining", "")
    watched.see(TIGHT, 3 * STEPS)
    assert len(watched.said) == 1
    assert "a lower --lr" in watched.said[0]
    assert set(watched.mining) == {before}


def test_on_collapse_is_an_option(plugins: Plugins, context: TrainingContext, make_step: Callable[..., Step]) -> None:
    for option, mining in (("soften", "semihard"), ("warn", "hard")):
        watched = Watched(make_step, made(plugins, on_collapse=option, hard_from=0).recipe(context).terms["triplet"])
        watched.see(TIGHT, STEPS + 1)
        assert watched.mining[-1] == mining


def test_the_hardest_negatives_are_mined_from_some_part_of_the_run_on(
    plugins: Plugins, context: TrainingContext, make_step: Callable[..., Step]
) -> None:
    parts = (0.0, 0.39, 0.4, 1.0)
    for options, mining in (
        ({"hard_from": 0.4}, ["semihard", "semihard", "hard", "hard"]),
        ({"hard_from": 0}, ["hard"] * 4),
        ({"hard_from": 1}, ["semihard"] * 3 + ["hard"]),
        ({"hard_from": 0.4, "on_collapse": "warn"}, ["semihard", "semihard", "hard", "hard"]),
        ({"hard_from": 0.4, "loss": {"mining": "semihard"}}, ["semihard"] * 4),
    ):
        watched = Watched(make_step, made(plugins, **options).recipe(context).terms["triplet"])
        for part in parts:
            watched.see(WIDE, progress=part)
        assert watched.mining == mining, options


def test_a_resumed_run_remembers_a_collapse(make_step: Callable[..., Step]) -> None:
    first = Watched(make_step, MetricTerm(BatchHard()))
    first.see(TIGHT, STEPS - 3)
    second = Watched(make_step, MetricTerm(BatchHard()))
    second.term.load_state_dict(first.term.state_dict())
    second.see(TIGHT, 3)
    assert second.mining == ["hard", "hard", "semihard"]
    third = Watched(make_step, MetricTerm(BatchHard()))
    third.term.load_state_dict(second.term.state_dict())
    third.see(TIGHT, 2)
    assert (third.mining, third.said) == (["semihard"] * 2, [])
