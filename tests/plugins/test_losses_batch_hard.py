"""Our batch-hard loss against a plain loop over anchors, positives and negatives."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_match.plugins.losses import mining
from fashion_match.plugins.losses.batch_hard import BatchHard

DISTANCES = {
    "l2": lambda a, b: (a - b).norm(),
    "squared_l2": lambda a, b: (a - b).square().sum(),
    "cosine": lambda a, b: 1 - torch.cosine_similarity(a, b, dim=0),
}


def oracle(
    rows: torch.Tensor,
    labels: torch.Tensor,
    *,
    margin: float | None = 0.5,
    mining: str = "hard",
    distance: str = "l2",
    refs: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> tuple[torch.Tensor, int, int]:
    """Return loss, anchors and violations, one anchor after the other."""
    pool = [*rows, *(refs[0] if refs else ())]
    pool_labels = [*labels.tolist(), *(refs[1].tolist() if refs else ())]
    gaps = []
    for i, anchor in enumerate(rows):
        far = [DISTANCES[distance](anchor, other) for other in pool]
        positives = [d for j, d in enumerate(far) if pool_labels[j] == pool_labels[i] and j != i]
        negatives = [d for j, d in enumerate(far) if pool_labels[j] != pool_labels[i]]
        if not positives or not negatives:
            continue
        positive, negative = max(positives), min(negatives)
        if mining == "semihard":
            farther = [d for d in negatives if d > positive + 1e-6]
            negative = min(farther) if farther else max(negatives)
        gaps.append(positive - negative + (margin or 0))
    if not gaps:
        return rows.sum() * 0, 0, 0
    stacked = torch.stack(gaps)
    each = torch.nn.functional.softplus(stacked) if margin is None else stacked.clamp(min=0)
    return each.mean(), len(gaps), int((stacked > 0).sum())


def draw(n: int, seed: int, *, dim: int = 5) -> torch.Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=20),
    seed=st.integers(0, 2**32),
    margin=st.sampled_from([None, 0.0, 0.5, 2.0]),
    mining=st.sampled_from(["hard", "semihard"]),
    distance=st.sampled_from(sorted(DISTANCES)),
    n_refs=st.integers(0, 6),
)
def test_it_is_what_a_plain_loop_gives(
    labels: list[int], seed: int, margin: float | None, mining: Any, distance: Any, n_refs: int
) -> None:
    options = {"margin": margin, "mining": mining, "distance": distance}
    rows, marks = draw(len(labels), seed).requires_grad_(), torch.tensor(labels)
    refs = (draw(n_refs, seed + 1), torch.arange(n_refs) % 3) if n_refs else None
    loss = BatchHard(**options)
    value = loss(rows, marks, **dict(zip(("ref_embeddings", "ref_labels"), refs, strict=True)) if refs else {})
    expected, n_anchors, n_violations = oracle(rows, marks, **options, refs=refs)
    assert value.item() == pytest.approx(expected.item(), abs=1e-12)
    assert (int(loss.last_anchors), int(loss.last_violations)) == (n_anchors, n_violations)
    (gradient,) = torch.autograd.grad(value, rows)
    (wanted,) = torch.autograd.grad(expected, rows)
    assert torch.allclose(gradient, wanted, atol=1e-10)


@settings(deadline=None, max_examples=40)
@given(
    points=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=16),
    mining=st.sampled_from(["hard", "semihard"]),
)
def test_ties_and_duplicates_do_not_matter(points: list[tuple[int, int, int]], mining: Any) -> None:
    rows = torch.tensor([point[:2] for point in points], dtype=torch.float32, requires_grad=True)
    labels = torch.tensor([point[2] for point in points])
    value = BatchHard(mining=mining, margin=1.0)(rows, labels)
    assert value.item() == pytest.approx(oracle(rows, labels, mining=mining, margin=1.0)[0].item(), abs=1e-5)
    (gradient,) = torch.autograd.grad(value, rows)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("chunk", [1, 40, 2**20])
@pytest.mark.parametrize("how", ["hard", "semihard"])
def test_chunks_do_not_matter(chunk: int, how: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = draw(30, 3), torch.arange(30) % 7
    expected = oracle(rows, labels, mining=how)[0]
    monkeypatch.setattr(mining, "CHUNK", chunk)
    assert BatchHard(mining=how)(rows, labels).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("distance", sorted(DISTANCES))
@pytest.mark.parametrize("margin", [None, 0.5])
def test_a_collapsed_batch_has_a_finite_gradient(distance: Any, margin: float | None) -> None:
    rows = torch.ones(8, 4, requires_grad=True)
    value = BatchHard(distance=distance, margin=margin)(rows, torch.arange(8) // 2)
    assert value.item() == pytest.approx(math.log(2) if margin is None else margin)
    (gradient,) = torch.autograd.grad(value, rows)
    assert gradient.isfinite().all()


def test_rows_given_to_mine_among_have_no_gradient() -> None:
    rows, refs = draw(4, 0).requires_grad_(), draw(6, 1).requires_grad_()
    BatchHard()(rows, torch.tensor([0, 1, 2, 3]), ref_embeddings=refs, ref_labels=torch.arange(6) % 4).backward()
    assert rows.grad is not None
    assert rows.grad.abs().sum() > 0
    assert refs.grad is None


def test_a_memory_is_more_to_mine_among_and_has_no_gradient() -> None:
    loss = BatchHard(memory=6, dim=5)
    batches = [(draw(4, seed).float().requires_grad_(), torch.tensor([0, 0, 1, seed % 3])) for seed in range(6)]
    for step, (rows, labels) in enumerate(batches):
        past = [(r.detach(), mark) for older, marks in batches[:step] for r, mark in zip(older, marks, strict=True)][
            -6:
        ]
        refs = (torch.stack([r for r, _ in past]), torch.stack([mark for _, mark in past])) if past else None
        value = loss(rows, labels)
        assert value.item() == pytest.approx(oracle(rows, labels, refs=refs)[0].item(), abs=1e-6)
        value.backward()
    assert all(rows.grad is not None for rows, _ in batches)


def test_a_memory_smaller_than_a_batch_keeps_the_last_rows() -> None:
    loss = BatchHard(memory=3, dim=5)
    rows = draw(5, 0).float()
    loss(rows, torch.arange(5))
    kept, labels = loss.memory.contents()
    order = labels.argsort()
    assert labels[order].tolist() == [2, 3, 4]
    assert torch.equal(kept[order], rows[2:])


def test_the_large_batch_holds_no_matrix_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 0
    addmm = torch.addmm

    def watched(*arguments: Any, **options: Any) -> torch.Tensor:
        nonlocal largest
        product = addmm(*arguments, **options)
        largest = max(largest, product.numel())
        return product

    monkeypatch.setattr(torch, "addmm", watched)
    BatchHard()(draw(3000, 0).float(), torch.arange(3000) // 2)
    assert largest <= mining.CHUNK
