"""Thresholds keep their promise on pairs they have not seen, and a probability of 0.8 is right four times in five."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from fashion_match import UsageError
from fashion_match.core.metric.calibration import _fit_sigmoid, _threshold, fit_calibration, fit_temperature
from fashion_match.core.model.calibration import p_same


def styles(n_styles: int, views: int, *, noise: float, seed: int, width: int = 16) -> tuple[Tensor, Tensor]:
    """Unit rows (N x E) around a direction for each style, and the styles (N)."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(n_styles).repeat_interleave(views)
    centres = F.normalize(torch.randn(n_styles, width, generator=random), dim=1)
    rows = centres[labels] + noise / math.sqrt(width) * torch.randn(len(labels), width, generator=random)
    return F.normalize(rows, dim=1), labels


def pair_scores(rows: Tensor, labels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of all genuine and of all impostor pairs."""
    one, other = torch.triu_indices(len(rows), len(rows), 1)
    scores, same = (rows[one] * rows[other]).sum(1).numpy(), (labels[one] == labels[other]).numpy()
    return scores[same], scores[~same]


@pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
def test_the_threshold_keeps_its_rate_on_styles_that_it_has_not_seen(rate):
    fitted = fit_calibration(*styles(300, 4, noise=0.8, seed=0), false_match_rate=rate, seed=0)
    genuine, impostor = pair_scores(*styles(300, 4, noise=0.8, seed=1))
    assert fitted.observed_false_match_rate <= rate
    assert fitted.observed_false_match_rate == pytest.approx(rate, abs=1 / fitted.n_impostor)
    # Half a million pairs, but of 300 styles: the sampling error is that of the styles.
    assert np.mean(impostor >= fitted.threshold) == pytest.approx(rate, rel=0.4)
    assert np.mean(genuine < fitted.threshold) == pytest.approx(fitted.false_non_match_rate, abs=0.05)


@settings(max_examples=100, deadline=None)
@given(
    genuine=st.lists(st.integers(-10, 10), min_size=1, max_size=30),
    impostor=st.lists(st.integers(-10, 10), min_size=1, max_size=30),
    rate=st.floats(0, 0.99),
)
def test_the_threshold_is_the_lowest_that_keeps_the_rate_and_no_score_that_occurs(genuine, impostor, rate):
    genuine, impostor = np.array(genuine) / 10, np.array(impostor) / 10
    threshold = _threshold(genuine, impostor, rate)
    scores = np.concatenate([genuine, impostor])
    assert np.mean(impostor >= threshold) <= rate + 1e-9
    assert threshold not in scores
    lower = scores[scores < threshold].max()
    assert np.mean(impostor >= lower) > rate


def test_probabilities_are_right_as_often_as_they_say():
    random = np.random.default_rng(0)
    genuine, impostor = random.normal(0.8, 0.06, 20_000), random.normal(0.65, 0.06, 20_000)
    slope, intercept = _fit_sigmoid(genuine, impostor)
    # Two normal distributions of one deviation: the log odds are a line through the middle between them.
    assert slope == pytest.approx(0.15 / 0.06**2, rel=0.05)
    assert -intercept / slope == pytest.approx(0.725, abs=0.005)
    fresh = np.concatenate([random.normal(0.8, 0.06, 20_000), random.normal(0.65, 0.06, 20_000)])
    same = np.repeat([1, 0], 20_000)
    said = np.array([p_same({"slope": slope, "intercept": intercept}, score) for score in fresh])
    for low in np.arange(0, 1, 0.1):
        chosen = (said >= low) & (said < low + 0.1)
        assert same[chosen].mean() == pytest.approx(said[chosen].mean(), abs=0.04)


def test_both_kinds_of_pairs_weigh_the_same():
    rows, labels = styles(200, 3, noise=0.8, seed=0)
    fitted = fit_calibration(rows, labels, false_match_rate=0.01, seed=0)
    assert fitted.n_impostor > 100 * fitted.n_genuine
    genuine, impostor = pair_scores(rows, labels)
    kept = {"slope": fitted.slope, "intercept": fitted.intercept}
    mean_of = [np.mean([p_same(kept, score) for score in scores]) for scores in (genuine, impostor[::50])]
    assert mean_of[0] == pytest.approx(1 - mean_of[1], abs=0.02)


def test_the_sample_is_of_all_pairs_and_repeats_by_seed():
    rows, labels = styles(100, 5, noise=0.8, seed=0)
    whole = fit_calibration(rows, labels, false_match_rate=0.05, seed=0)
    assert (whole.n_genuine, whole.n_impostor) == (100 * 10, 100 * 99 // 2 * 25)
    some = [fit_calibration(rows, labels, false_match_rate=0.05, seed=seed, max_pairs=800) for seed in (0, 0, 1)]
    assert some[0] == some[1] != some[2]
    assert (some[0].n_genuine, some[0].n_impostor) == (800, 800)
    thresholds = [
        fit_calibration(rows, labels, false_match_rate=0.05, seed=seed, max_pairs=2000).threshold for seed in range(20)
    ]
    assert np.mean(thresholds) == pytest.approx(whole.threshold, abs=0.02)


def test_the_order_of_the_rows_does_not_matter_and_rows_without_a_label_do_not_count():
    rows, labels = styles(40, 3, noise=0.5, seed=0)
    fitted = fit_calibration(rows, labels, false_match_rate=0.01, seed=0)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    strange = torch.cat([rows[order], rows[:1] * math.nan, rows[:7]])
    numbers = torch.cat([labels[order] * 7, torch.tensor([3]), torch.full((7,), -1)])
    again = fit_calibration(strange, numbers, false_match_rate=0.01, seed=0)
    assert again.model_dump() == pytest.approx(fitted.model_dump(), rel=1e-4)


def test_separable_styles_give_a_threshold_in_the_gap_and_a_finite_slope():
    rows, labels = styles(20, 4, noise=0.02, seed=0)
    fitted = fit_calibration(rows, labels, false_match_rate=0.0, seed=0)
    genuine, impostor = pair_scores(rows, labels)
    assert fitted.threshold == pytest.approx((genuine.min() + impostor.max()) / 2, abs=1e-5)
    assert (fitted.observed_false_match_rate, fitted.false_non_match_rate) == (0, 0)
    kept = fitted.model_dump(exclude_none=True)
    assert math.isfinite(kept["slope"])
    assert p_same(kept, float(genuine.mean())) > 0.99
    assert p_same(kept, float(impostor.mean())) < 0.01


def test_without_pairs_there_is_nothing_to_fit():
    rows, labels = styles(10, 3, noise=0.5, seed=0)
    for given_labels in (torch.zeros_like(labels), torch.arange(len(rows)), torch.full_like(labels, -1)):
        assert fit_calibration(rows, given_labels, false_match_rate=0.01, seed=0) is None
    assert fit_calibration(rows[:0], labels[:0], false_match_rate=0.01, seed=0) is None


def test_embeddings_that_are_all_alike_match_nothing_and_have_no_probability():
    rows, _ = styles(1, 30, noise=0.0, seed=0)
    fitted = fit_calibration(rows, torch.arange(30) // 3, false_match_rate=0.1, seed=0)
    assert fitted.threshold > 1
    assert (fitted.observed_false_match_rate, fitted.false_non_match_rate) == (0, 1)
    assert fitted.slope is None
    assert fitted.intercept is None
    assert "slope" not in fitted.model_dump(exclude_none=True)


def test_a_score_that_speaks_against_one_style_has_no_probability():
    rows, _ = styles(2, 20, noise=0.1, seed=0)
    mixed = torch.arange(20).repeat(2)  # a label for one of each style
    fitted = fit_calibration(rows, mixed, false_match_rate=0.1, seed=0)
    assert fitted.slope is None


@pytest.mark.parametrize("rate", [-0.1, 1.0, math.nan])
def test_a_rate_that_is_no_share_is_refused(rate):
    with pytest.raises(UsageError, match="false match rate"):
        fit_calibration(*styles(4, 2, noise=0.1, seed=0), false_match_rate=rate, seed=0)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_blurred_the_logits_is_found(temperature):
    random = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(20_000, 5, generator=random)
    targets = torch.multinomial(logits.softmax(1), 1, generator=random)[:, 0]
    targets[::3] = -1
    assert fit_temperature(logits * temperature, targets) == pytest.approx(temperature, rel=0.05)


def test_a_temperature_is_bounded_and_one_where_there_is_nothing_to_fit():
    logits, targets = torch.eye(4), torch.arange(4)
    assert fit_temperature(logits, targets) == pytest.approx(0.05, rel=0.01)
    assert fit_temperature(100 * logits, targets.flip(0)) == pytest.approx(20, rel=0.01)
    assert fit_temperature(logits, torch.full((4,), -1)) == 1
    assert fit_temperature(torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64)) == 1
    assert fit_temperature(torch.full((4, 3), math.nan), torch.zeros(4, dtype=torch.int64)) == 1
    assert fit_temperature(torch.randn(4, 1), torch.zeros(4, dtype=torch.int64)) == 1
