from __future__ import annotations

import math

import pytest

from fashion_match.core.model.calibration import p_same


def test_the_probability_is_a_sigmoid_of_the_score():
    calibration = {"slope": 20.0, "intercept": -14.0, "false_match_rate": 0.01}
    assert p_same(calibration, 0.7) == pytest.approx(0.5)
    assert p_same(calibration, 0.8) == pytest.approx(1 / (1 + math.exp(-2)))
    assert p_same(calibration, 0.6) == pytest.approx(1 / (1 + math.exp(2)))


def test_a_steep_one_does_not_overflow():
    assert p_same({"slope": 1e6, "intercept": 0.0}, -1) == 0
    assert p_same({"slope": 1e6, "intercept": 0.0}, 1) == 1


def test_without_a_slope_there_is_none():
    assert p_same({}, 0.5) is None
    assert p_same({"false_match_rate": 0.01}, 0.5) is None
