"""The statistics of repeats agree with formulas written out."""

from __future__ import annotations

import math
import random
import warnings

import pytest
from scipy.special import betainc

from fashion_match.core.evaluate.study_statistic import holm, mean_interval, relative_improvement, welch


def drawn(n: int, mean: float, deviation: float, seed: int) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(mean, deviation) for _ in range(n)]


def two_sided(t: float, dof: float) -> float:
    """Return the p of Student's t by the incomplete beta function."""
    return float(betainc(dof / 2, 0.5, dof / (dof + t * t)))


@pytest.mark.parametrize(("n", "m", "shift"), [(50, 50, 0.1), (8, 20, 0.0), (2, 3, 1.0)])
def test_welch_is_the_formula(n, m, shift):
    a, b = drawn(n, 0.5, 0.05, 1), drawn(m, 0.5 - shift, 0.2, 2)
    means = [sum(x) / len(x) for x in (a, b)]
    parts = [sum((v - mean) ** 2 for v in x) / (len(x) - 1) / len(x) for x, mean in zip((a, b), means, strict=True)]
    t = (means[0] - means[1]) / math.sqrt(sum(parts))
    dof = sum(parts) ** 2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1))
    found = welch(a, b)
    assert found.t == pytest.approx(t)
    assert found.dof == pytest.approx(dof)
    assert found.p == pytest.approx(two_sided(t, dof))


def test_welch_with_one_constant_sample_needs_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = welch([0.5, 0.5, 0.5], [0.3, 0.4, 0.2])
    assert found.p is not None
    assert found.p < 0.1


def test_without_variance_there_is_a_remark_and_no_nan():
    same = welch([0.5, 0.5], [0.5, 0.5])
    assert (same.t, same.p, same.remark) == (None, None, "no repeat differs from before")
    assert welch([0.4, 0.6], [0.4, 0.6]).remark == "no repeat differs from before"
    fixed = welch([0.5, 0.5], [0.25, 0.25])
    assert fixed.p is None
    assert "by exactly -0.25" in fixed.remark
    assert "two repeats" in welch([0.5], [0.4]).remark


def plain_holm(ps: list[float]) -> list[float]:
    corrected = []
    for p in ps:
        below = [q for q in ps if q < p]
        chain = [min(1.0, (len(ps) - sum(r < q for r in ps)) * q) for q in {*below, p}]
        corrected.append(max(chain))
    return corrected


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_a_plain_loop(seed):
    ps = [random.Random(seed * 100 + n).random() ** 3 for n in range(9)]
    assert holm(ps) == pytest.approx(plain_holm(ps))
    for p, corrected in zip(ps, holm(ps), strict=True):
        assert corrected is not None
        assert p <= corrected <= 1


def test_holm_does_not_count_what_was_not_tested():
    assert holm([None, 0.01, None, 0.04, 0.03]) == [None, pytest.approx(0.03), None, pytest.approx(0.06), 0.06]
    assert holm([]) == []


def test_relative_improvement():
    assert relative_improvement([0.5, 0.4], [0.25, 0.4]) == pytest.approx(0.25)
    assert relative_improvement([0.5], [0.75]) == pytest.approx(-0.5)  # it got worse
    assert relative_improvement([0.0, 0.5], [0.1, 0.4]) == pytest.approx(0.2)
    assert relative_improvement([0.0], [0.0]) is None


def test_the_interval_is_students():
    found = mean_interval([1.0, 2.0, 3.0, 4.0])
    half = 3.182446 * math.sqrt(5 / 3 / 4)  # t of 3 degrees of freedom at 97.5 %
    assert (found.mean, found.low, found.high) == pytest.approx((2.5, 2.5 - half, 2.5 + half), rel=1e-6)
    assert math.isnan(mean_interval([0.3]).half)
    with pytest.raises(ValueError, match="finite"):
        mean_interval([])
    with pytest.raises(ValueError, match="finite"):
        mean_interval([0.1, math.nan])
