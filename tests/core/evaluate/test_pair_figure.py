"""Rates of pairs are those of plain loops and of scikit-learn, with ties and weights."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fashion_match.core.evaluate.pair_figure import FMRS, PairFigures, best_threshold, guesses, make_roc


def some_pairs(seed: int, n: int = 60, step: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with many ties, whether each pair is of one label, and the labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(6, size=(n, 2))
    labels[: n // 2, 1] = labels[: n // 2, 0]
    labels[n // 2 :, 1] = (labels[n // 2 :, 0] + random.integers(1, 6, size=n - n // 2)) % 6
    same = labels[:, 0] == labels[:, 1]
    scores = np.round(random.normal(0.3 * same, 0.3) / step) * step
    return scores, same, labels


def plain_rates(scores, same, weights, threshold):
    accepted = [(weight, one) for score, one, weight in zip(scores, same, weights, strict=True) if score >= threshold]
    total = {kind: sum(w for w, one in zip(weights, same, strict=True) if one == kind) for kind in (True, False)}
    rate = {kind: sum(weight for weight, one in accepted if one == kind) / total[kind] for kind in (True, False)}
    return rate[False], 1 - rate[True]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), draws=st.integers(1, 4))
def test_rates_are_those_of_plain_loops(seed, draws):
    scores, same, labels = some_pairs(seed)
    drawn = np.random.default_rng(seed).integers(0, 4, size=(draws, 6)).astype(float)
    found = PairFigures(scores, same, labels, 0.2)(drawn)
    for row, counts in enumerate(drawn):
        weights = [counts[a] if one else counts[a] * counts[b] for (a, b), one in zip(labels, same, strict=True)]
        if not any(w for w, one in zip(weights, same, strict=True) if one) or not any(
            w for w, one in zip(weights, same, strict=True) if not one
        ):
            assert not np.isfinite(found["auc"][row])
            continue
        assert found["auc"][row] == pytest.approx(roc_auc_score(same, scores, sample_weight=weights))
        fmr, fnmr = plain_rates(scores, same, weights, 0.2)
        assert (found["fmr"][row], found["fnmr"][row]) == (pytest.approx(fmr), pytest.approx(fnmr))
        assert found["accuracy"][row] == pytest.approx(1 - (fmr + fnmr) / 2)
        curve = [plain_rates(scores, same, weights, t) for t in [np.inf, *sorted(set(scores), reverse=True)]]
        for limit in FMRS:
            expected = min(fnmr for fmr, fnmr in curve if fmr <= limit)
            assert found[f"fnmr@fmr={limit:g}"][row] == pytest.approx(expected)
        (low, high) = next((a, b) for a, b in pairwise(curve) if b[0] >= b[1])
        part = (low[1] - low[0]) / ((high[0] - high[1]) - (low[0] - low[1]))
        assert found["eer"][row] == pytest.approx(low[0] + part * (high[0] - low[0]))


def test_blocks_of_draws_change_nothing(monkeypatch):
    scores, same, labels = some_pairs(1)
    drawn = np.random.default_rng(1).integers(0, 4, size=(30, 6)).astype(float)
    whole = PairFigures(scores, same, labels, 0.2)(drawn)
    monkeypatch.setattr("fashion_match.core.evaluate.pair_figure.CELLS", 130)
    for name, values in PairFigures(scores, same, labels, 0.2)(drawn).items():
        np.testing.assert_allclose(values, whole[name])


def test_perfect_and_useless_scores():
    same = np.repeat([True, False], 50)
    perfect = make_roc(np.where(same, 0.9, 0.1), same, np.ones((1, 100)))
    assert (perfect.auc()[0], perfect.equal_error_rate()[0], perfect.fnmr_at(0.0001)[0]) == (1, 0, 0)
    alike = make_roc(np.full(100, 0.5), same, np.ones((1, 100)))
    assert (alike.auc()[0], alike.equal_error_rate()[0], alike.fnmr_at(0.1)[0]) == (0.5, 0.5, 1)
    told = guesses()
    assert (told["auc"], told["accuracy"], told["fnmr@fmr=0.1"]) == (0.5, 0.5, 0.9)


@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_is_more_accurate_than_the_best(seed):
    scores, same, _ = some_pairs(seed)
    best = best_threshold(scores, same)

    def accuracy(threshold):
        rates = plain_rates(scores, same, np.ones(len(scores)), threshold)
        return 1 - sum(rates) / 2

    tried = [-np.inf, *(scores - 1e-9), *(scores + 1e-9)]
    assert accuracy(best) == pytest.approx(max(accuracy(threshold) for threshold in tried))
    assert not np.isclose(scores, best, atol=1e-9).any()


def test_without_a_threshold_there_is_no_accuracy():
    scores, same, labels = some_pairs(0)
    assert {"accuracy", "fmr", "fnmr"}.isdisjoint(PairFigures(scores, same, labels, None)(np.ones((1, 6))))
