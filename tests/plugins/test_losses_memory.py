"""What a loss remembers of past batches: as the library does it, and part of its state."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from pytorch_metric_learning import losses, miners

from fashion_match import PluginError, Plugins

PLUGINS = Plugins(installed=[])
DIM, N_LABELS = 16, 8


def make(name: str, *, seed: int = 0, **options: Any) -> Any:
    torch.manual_seed(seed)
    return PLUGINS.losses[name].make(options, dim=DIM, n_labels=N_LABELS)


def batch(step: int, n: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the unit rows (n x 16) and labels (n) of a step."""
    generator = torch.Generator().manual_seed(step)
    rows = torch.nn.functional.normalize(torch.randn(n, DIM, generator=generator))
    return rows.requires_grad_(), torch.randint(0, N_LABELS, (n,), generator=generator)


def train(loss: Any, steps: range) -> list[float]:
    """Return the losses of some steps; proxies learn on the way."""
    values = []
    for step in steps:
        torch.manual_seed(step)
        value = loss(*batch(step))
        value.backward()
        values.append(value.item())
        with torch.no_grad():
            for parameter in loss.parameters():
                if parameter.grad is not None:
                    parameter -= 0.1 * parameter.grad
                    parameter.grad = None
    return values


@pytest.mark.parametrize("miner", [None, "multi_similarity", "triplet_margin"])
def test_it_compares_as_the_library_does(miner: str | None) -> None:
    chosen = {
        None: None,
        "multi_similarity": miners.MultiSimilarityMiner(),
        "triplet_margin": miners.TripletMarginMiner(),
    }[miner]
    ours = make("contrastive", memory=16, miner=miner)
    own = losses.CrossBatchMemory(losses.ContrastiveLoss(), DIM, memory_size=16, miner=chosen)
    for step in range(8):
        rows, labels = batch(step)
        assert ours(rows, labels).item() == own(rows, labels).item()


def test_a_single_row_is_not_compared_with_itself() -> None:
    loss = make("nt_xent", memory=16, temperature=0.5)
    assert loss(*batch(0, n=1)).item() == 0
    rows, labels = batch(1)
    loss(rows, labels)
    alone, label = batch(2, n=1)
    pool = torch.cat((batch(0, n=1)[0], rows))
    marks = torch.cat((batch(0, n=1)[1], labels))
    expected = losses.NTXentLoss(temperature=0.5)(alone, label, ref_emb=pool, ref_labels=marks)
    assert loss(alone, label).item() == pytest.approx(expected.item())


def test_a_batch_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PluginError, match="memory=4 is smaller than a batch of 6 rows"):
        make("contrastive", memory=4)(*batch(0))


STATEFUL = [
    ("batch_hard", {"memory": 10}),
    ("contrastive", {"memory": 20}),
    ("triplet_margin", {"memory": 16, "miner": "batch_hard"}),
    ("multi_similarity", {"memory": 100, "miner": {"name": "hdc"}}),
    ("margin", {"memory": 12, "learn_beta": True, "triplets_per_anchor": 3}),
    ("dynamic_soft_margin", {"momentum": 0.3}),
    ("contrastive", {"miner": "distance_weighted"}),
    ("contrastive", {"miner": "uniform_histogram", "memory": 12}),
    ("p2s_grad", {}),
    ("soft_triple", {}),
]


@pytest.mark.parametrize("split", [1, 4])
@pytest.mark.parametrize(("name", "options"), STATEFUL)
def test_a_run_goes_on_as_if_it_had_never_stopped(name: str, options: dict[str, Any], split: int) -> None:
    whole = train(make(name, **options), range(8))
    first = make(name, **options)
    train(first, range(split))
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second = make(name, seed=1, **options)
    second.load_state_dict(torch.load(file, weights_only=True))
    assert train(second, range(split, 8)) == whole[split:]
    assert len(set(whole)) > 2


def test_constants_move_along_with_the_loss() -> None:
    for entry in PLUGINS.losses:
        for module in make(entry.name).modules():
            assert not [name for name, value in vars(module).items() if torch.is_tensor(value)], entry.name
