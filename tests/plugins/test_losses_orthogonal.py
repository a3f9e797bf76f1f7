"""The closed form against the matrix of all dot products."""

from __future__ import annotations

import pytest
import torch

from fashion_match.plugins.losses.orthogonal import Orthogonal


@pytest.mark.parametrize("n", [1, 2, 7, 50])
@pytest.mark.parametrize("mean", [False, True])
def test_it_is_the_sum_over_all_pairs(n: int, mean: bool) -> None:
    rows = torch.randn(n, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(n)).requires_grad_()
    value = Orthogonal(mean=mean)(rows, torch.zeros(n, dtype=torch.long))
    expected = (rows @ rows.T).triu(1).sum() / (max(n * (n - 1) / 2, 1) if mean else 1)
    assert value.item() == pytest.approx(expected.item(), abs=1e-9)
    (gradient,) = torch.autograd.grad(value, rows)
    (wanted,) = torch.autograd.grad(expected, rows)
    assert torch.allclose(gradient, wanted)


def test_rows_at_right_angles_give_zero() -> None:
    assert Orthogonal()(torch.eye(5)).item() == 0
