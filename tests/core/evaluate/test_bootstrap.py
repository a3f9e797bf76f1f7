"""Intervals come from labels drawn again, and hold what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fashion_match.core.evaluate.bootstrap import draw_weights, estimate, interval, observe, resample
from fashion_match.core.evaluate.mean_figure import MeanFigures


def test_each_draw_takes_as_many_labels_as_there_are_whatever_fits_into_memory():
    whole = np.concatenate(list(draw_weights(7, 50, seed=3)))
    parts = list(draw_weights(7, 50, seed=3, cells=21))
    assert whole.shape == (50, 7)
    assert (whole.sum(axis=1) == 7).all()
    assert (whole == np.round(whole)).all()
    assert len(parts) == 17
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.std() > 0.5


def test_means_are_those_of_plain_loops_over_the_drawn_labels():
    random = np.random.default_rng(0)
    labels, scores = random.integers(5, size=40), random.random(40)
    figures = MeanFigures({"score": scores}, labels, 5)
    drawn = resample(figures, 5, n_draws=20, seed=1)["score"]
    for weights, value in zip(np.concatenate(list(draw_weights(5, 20, seed=1))), drawn, strict=True):
        counted = [score for label, score in zip(labels, scores, strict=True) for _ in range(int(weights[label]))]
        assert value == pytest.approx(sum(counted) / len(counted))
    assert observe(figures, 5) == {"score": pytest.approx(scores.mean())}


def test_the_truth_lies_in_nineteen_of_twenty_intervals():
    """Each label has a level of its own, which all its queries share: drawing queries would promise far too much."""
    random = np.random.default_rng(5)
    held, blind = 0, 0
    for trial in range(200):
        levels = random.normal(0.5, 0.2, size=40)
        labels = np.repeat(np.arange(40), 10)
        scores = levels[labels] + random.normal(0, 0.05, size=400)
        found = estimate(MeanFigures({"score": scores}, labels, 40), 40, {}, n_draws=300, seed=trial)["score"]
        held += found.low <= 0.5 <= found.high
        alone = estimate(MeanFigures({"score": scores}, np.arange(400), 400), 400, {}, n_draws=300, seed=trial)["score"]
        blind += alone.low <= 0.5 <= alone.high
    assert 178 <= held <= 199
    assert blind < 120


def test_one_label_has_no_interval_and_what_is_no_number_no_figure():
    figures = MeanFigures({"score": np.array([0.0, 1.0])}, np.array([0, 0]), 1)
    found = estimate(figures, 1, {"score": 0.1})["score"]
    assert (found.value, found.low, found.high, found.guess) == (0.5, None, None, 0.1)
    assert estimate(lambda w: {"none": np.full(len(w), math.nan)}, 3, {}) == {}
    assert interval(np.full(5, math.nan)) is None


def test_draws_without_a_query_are_left_out():
    figures = MeanFigures({"score": np.array([1.0, 0.0])}, np.array([0, 1]), 4)  # two labels have no query
    found = estimate(figures, 4, {}, n_draws=500)["score"]
    assert (found.low, found.high) == (0, 1)
