"""Figures of classes are those of scikit-learn on the items that were drawn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from fashion_match.core.evaluate.class_figure import ClassFigures, guesses


@pytest.mark.parametrize("seed", range(10))
def test_figures_are_those_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    n, n_labels = 60, 9
    truth, taken, top = random.integers(5, size=n), random.integers(7, size=n), random.random(n) < 0.7
    labels = random.integers(n_labels, size=n)
    drawn = random.integers(0, 3, size=(6, n_labels)).astype(float)
    found = ClassFigures(truth, taken, top, labels, n_labels)(drawn)
    for row, counts in enumerate(drawn):
        items = np.repeat(np.arange(n), counts[labels].astype(int))
        assert found["accuracy"][row] == pytest.approx(accuracy_score(truth[items], taken[items]))
        assert found["top-5"][row] == pytest.approx(top[items].mean())
        assert found["macro f1"][row] == pytest.approx(f1_score(truth[items], taken[items], average="macro"))


def test_the_guess_says_the_most_frequent_class():
    truth = np.repeat(np.arange(8), [40, 10, 10, 10, 10, 10, 5, 5])
    told = guesses(truth)
    always = np.zeros_like(truth)
    assert told["accuracy"] == pytest.approx(accuracy_score(truth, always))
    assert told["macro f1"] == pytest.approx(f1_score(truth, always, average="macro"))
    assert told["top-5"] == pytest.approx(0.8)
    assert guesses(np.array([], dtype=int)) == {}
