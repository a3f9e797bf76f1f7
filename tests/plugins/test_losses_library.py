"""Losses of pytorch-metric-learning by their names: the library's own values, under our contract."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pytorch_metric_learning import distances, losses, miners, reducers

from fashion_match import PluginError, Plugins
from fashion_match.plugins.losses.table import LOSSES

PLUGINS = Plugins(installed=[])
DIM, N_LABELS = 16, 8
LABELS = [0, 0, 0, 3, 3, 3, 7, 7, 7]
"""Sorted, and as many rows of a label as labels: what the library's SmoothAPLoss is right for."""


def make(name: str, *, seed: int = 0, **options: Any) -> Any:
    torch.manual_seed(seed)
    return PLUGINS.losses[name].make(options, dim=DIM, n_labels=N_LABELS)


def batch(labels: list[int] = LABELS, *, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Return unit rows (B x 16) and ``labels`` (B)."""
    rows = torch.randn(len(labels), DIM, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows).requires_grad_(), torch.tensor(labels)


def value_and_gradient(value: torch.Tensor, rows: torch.Tensor) -> tuple[float, torch.Tensor]:
    (gradient,) = torch.autograd.grad(value, rows)
    return value.item(), gradient


def library_call(name: str, loss: Any, rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Call the library's own loss, by hand where it takes no labels."""
    if name == "manifold":
        return loss(rows, indices_tuple=labels % loss.K)
    if name == "vic_reg":
        return loss(rows[0::3], ref_emb=rows[1::3])
    return loss(rows, labels)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_on_ordinary_batches_it_is_the_loss_of_the_library(name: str) -> None:
    ours = make(name)
    made = LOSSES[name]
    filled = {argument: {"dim": DIM, "n_labels": N_LABELS}[what] for argument, what in made.fills.items()}
    torch.manual_seed(0)
    own = getattr(losses, made.by)(**filled, **({"margin": 0.4, "Tn": 5} if name == "ranked_list" else {}))
    for seed in range(3):
        rows, labels = batch(seed=seed)
        value, gradient = value_and_gradient(ours(rows, labels), rows)
        expected, wanted = value_and_gradient(library_call(name, own, rows, labels), rows)
        assert value == pytest.approx(expected, rel=1e-5, abs=1e-7)
        assert torch.allclose(gradient, wanted, rtol=1e-4, atol=1e-6)
        if name == "dynamic_soft_margin":  # or its second backward pass would fail
            own.hist_ = own.hist_.detach()


EDGES = {
    "one row": [5],
    "two of one label": [5, 5],
    "two labels": [5, 6],
    "one label": [2, 2, 2, 2],
    "all different": [0, 1, 2, 3],
    "uneven": [3, 1, 3, 7, 7, 7, 0],
}


@pytest.mark.parametrize("name", [entry.name for entry in PLUGINS.losses])
def test_any_batch_has_a_finite_loss_and_gradient(name: str) -> None:
    loss = make(name)
    for labels in EDGES.values():
        n = len(labels)
        direction = torch.nn.functional.normalize(torch.arange(1.0, DIM + 1), dim=0)
        signs = torch.tensor([1.0, -1.0]).repeat(n)[:n, None]
        for rows in (
            batch(labels)[0].detach(),
            direction.repeat(n, 1),
            direction * signs,
            direction * signs.sort(0)[0],
        ):
            rows.requires_grad_()
            value = loss(rows, torch.tensor(labels))
            assert value.shape == ()
            assert value.isfinite()
            (gradient,) = torch.autograd.grad(value, rows)
            assert gradient.isfinite().all()


@pytest.mark.parametrize("name", ["arc_face", "sub_center_arc_face"])
def test_a_row_that_is_its_proxy_has_a_finite_gradient(name: str) -> None:
    loss = make(name)
    rows = torch.nn.functional.normalize(loss.loss.W.detach().T[:N_LABELS]).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(rows, torch.arange(len(rows)) // (3 if name.startswith("sub") else 1)), rows)
    assert gradient.isfinite().all()


def test_what_makes_the_network_fail_is_not_hidden() -> None:
    rows, labels = batch()
    assert make("nca")(rows * math.nan, labels).isnan()


def test_smooth_ap_takes_rows_in_any_order_and_any_number() -> None:
    loss = make("smooth_ap")
    rows, labels = batch([0, 1, 2, 0, 1, 2, 2, 4])
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    assert loss(rows[order], labels[order]).item() == pytest.approx(loss(rows, labels).item(), rel=1e-5)
    # Two labels, perfectly apart: the average precision is 1.
    apart = torch.eye(DIM)[[0, 0, 1, 1, 1]] + 0.01 * batch([0] * 5)[0].detach()
    assert loss(apart, torch.tensor([0, 0, 1, 1, 1])).item() == pytest.approx(0, abs=1e-4)


# Options


def test_options_reach_the_library_from_text() -> None:
    loss = make("multi_similarity", alpha="3", beta="40", base="0.4").loss
    assert (loss.alpha, loss.beta, loss.base) == (3, 40, 0.4)
    assert make("triplet_margin", swap="true", triplets_per_anchor="5").loss.swap is True
    assert make("triplet_margin", triplets_per_anchor="5").loss.triplets_per_anchor == 5
    assert make("soft_triple", centers_per_class="2").loss.fc.shape == (DIM, 2 * N_LABELS)
    assert make("histogram", n_bins="50").loss.delta == 0.04


def test_parts_and_their_options_reach_the_library() -> None:
    loss = make(
        "triplet_margin",
        distance={"name": "lp_distance", "p": "1", "normalize_embeddings": "false"},
        reducer={"name": "threshold", "low": "0.1"},
        miner={"name": "pair_margin", "pos_margin": "0.3", "distance": {"name": "lp_distance", "power": "2"}},
    )
    assert isinstance(loss.loss.distance, distances.LpDistance)
    assert (loss.loss.distance.p, loss.loss.distance.normalize_embeddings) == (1, False)
    assert isinstance(loss.loss.reducer, reducers.ThresholdReducer)
    assert loss.loss.reducer.low == 0.1
    assert isinstance(loss.miner, miners.PairMarginMiner)
    assert (loss.miner.pos_margin, loss.miner.distance.power) == (0.3, 2)


def test_a_miner_chooses_what_the_library_would_and_says_how_much() -> None:
    rows, labels = batch()
    loss = make("contrastive", miner={"name": "triplet_margin", "margin": "0.1", "type_of_triplets": "semihard"})
    mined = miners.TripletMarginMiner(margin=0.1, type_of_triplets="semihard")(rows, labels)
    assert loss(rows, labels).item() == losses.ContrastiveLoss()(rows, labels, mined).item()
    assert loss.last_mined == len(mined[0]) > 0
    assert make("contrastive").last_mined is None
    easy_hard = make("contrastive", miner={"name": "batch_easy_hard", "allowed_neg_range": "0.2,1.1"}).miner
    assert easy_hard.allowed_neg_range == (0.2, 1.1)


def test_proxies_are_parameters() -> None:
    for name, made in LOSSES.items():
        has_proxies = bool(made.fills) and name != "margin"
        assert bool([*make(name).parameters()]) == has_proxies, name
    assert [tuple(p.shape) for p in make("margin", learn_beta=True).parameters()] == [(N_LABELS,)]


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("contrastive", {"neg_margn": 1}, "has no option 'neg_margn'.\nDid you mean 'neg_margin'"),
        ("contrastive", {"neg_margin": "inf"}, "neg_margin = 'inf': input should be a finite number"),
        ("contrastive", {"distance": "lp_distanc"}, "no distance 'lp_distanc'.\nDid you mean 'lp_distance'"),
        ("contrastive", {"distance": {"name": "lp_distance", "powr": 2}}, "no option 'powr'.\nDid you mean 'power'"),
        ("contrastive", {"miner": {"name": "hdc", "filter_percentage": "x"}}, "Options of the miner hdc: filter_perc"),
        ("contrastive", {"miner": {"name": "hdc", "distance": "snr"}}, "there is no distance 'snr'"),
        ("contrastive", {"reducer": "threshold"}, "At least one of low or high must be specified"),
        ("angular", {"distance": "cosine_similarity"}, "AngularLoss requires the distance metric to be LpDistance"),
        ("instance", {"miner": "batch_hard"}, "does not work with miner=batch_hard: indices_tuple is not supported"),
        ("triplet_margin", {"reducer": "per_anchor"}, "Triplet reduction not supported"),
        ("triplet_margin", {"swap": True, "memory": 64}, "does not work with memory=64, swap=True"),
        ("arc_face", {"memory": 64}, "arc_face cannot compare with a memory.\nThese can: batch_hard, angular, circle"),
        ("pnp", {"variant": "X"}, "input should be 'Ds', 'Dq', 'Iu', 'Ib' or 'O'"),
    ],
)
def test_options_that_cannot_be_are_refused(name: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(PluginError) as error:
        make(name, **options)
    assert told in str(error.value)


def test_making_a_loss_draws_no_more_random_numbers_than_its_proxies() -> None:
    make("triplet_margin", triplets_per_anchor=3, memory=32)
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(1))
