"""A difference is called one only where its interval leaves out zero, and lower is better for errors."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_match import Evaluation, UsageError
from fashion_match.core.comparing import compare_tables


def evaluation(protocol: str = "match") -> Evaluation:
    told = {"heading": "", "source": "s", "model": "m", "fingerprint": "f", "created": "", "figures": {}}
    return Evaluation(protocol=protocol, n_items=1, n_queries=1, n_labels=1, **told)


def table(scores, figure: str = "top-1 error", n_labels: int = 30):
    n = len(scores)
    return {"item": list(range(n)), "label": [f"l{k % n_labels}" for k in range(n)], figure: list(scores)}


@pytest.mark.parametrize(("figure", "verdict"), [("top-1 error", "better"), ("recall@1", "worse")])
def test_lower_is_better_for_errors_alone(figure, verdict):
    before, after = table([1.0] * 90, figure), table([float(n % 30 >= 20) for n in range(90)], figure)
    found = compare_tables(
        {"a": (evaluation(), before), "b": (evaluation(), after)}, n_resamples=200, seed=0
    ).differences[0]
    assert (found.value_a, found.value_b) == (1, pytest.approx(1 / 3))
    assert found.difference.value == pytest.approx(-2 / 3)
    assert found.difference.low < -2 / 3 < found.difference.high < 0
    assert found.verdict == verdict
    assert found.p_better == (1 if verdict == "better" else 0)


def test_what_labels_by_chance_differ_in_is_no_difference():
    random = np.random.default_rng(0)
    a, b = (table(random.integers(2, size=90).astype(float)) for _ in range(2))
    found = compare_tables({"a": (evaluation(), a), "b": (evaluation(), b)}, n_resamples=300, seed=0).differences[0]
    assert found.verdict == "no difference that these queries can show"
    assert 0.01 < found.p_better < 0.99


def test_what_is_hard_for_both_does_not_blur_the_difference():
    """Labels differ widely, but one is better by a little in each of them."""
    levels = np.repeat(np.random.default_rng(1).random(30), 3)
    a, b = table(levels + 0.02, n_labels=30), table(levels, n_labels=30)
    found = compare_tables({"a": (evaluation(), a), "b": (evaluation(), b)}, n_resamples=300, seed=0).differences[0]
    assert found.verdict == "better"
    assert found.difference.high - found.difference.low < 1e-6


def test_only_shared_queries_count_and_labels_must_agree():
    a, b = table([1.0] * 9), table([0.0] * 12)
    found = compare_tables({"a": (evaluation(), a), "b": (evaluation(), b)}, n_resamples=10, seed=0)
    assert (found.n_queries, found.n_left_out) == (9, 3)
    other = {**a, "label": ["x"] * 9}
    with pytest.raises(UsageError, match="do not agree"):
        compare_tables({"a": (evaluation(), a), "b": (evaluation(), other)}, n_resamples=10, seed=0)
    with pytest.raises(UsageError, match="several protocols"):
        compare_tables({"a": (evaluation(), a), "b": (evaluation("pairs"), a)}, n_resamples=10, seed=0)
