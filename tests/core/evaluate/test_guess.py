"""A random order is expected to score what shuffling many times scores."""

from __future__ import annotations

import random

import pytest

from fashion_match.core.evaluate.guess import random_order, recall_over_k

KS = (1, 5, 50)


@pytest.mark.parametrize(("n_relevant", "n"), [(1, 1), (1, 12), (3, 12), (7, 9), (12, 12), (2, 400)])
def test_the_guess_is_the_mean_over_shuffled_answers(n_relevant, n):
    shuffled = random.Random(0)
    names = [f"{figure}@{k}" for figure in ("recall", "precision") for k in KS]
    sums = dict.fromkeys((*names, "map@r", "r-precision", "mrr"), 0.0)
    rounds = 20_000
    answers = [True] * n_relevant + [False] * (n - n_relevant)
    for _ in range(rounds):
        shuffled.shuffle(answers)
        for k in KS:
            sums[f"recall@{k}"] += any(answers[:k])
            sums[f"precision@{k}"] += sum(answers[:k]) / k
        places = [place for place, right in enumerate(answers, start=1) if right]
        sums["mrr"] += 1 / places[0]
        sums["r-precision"] += sum(answers[:n_relevant]) / n_relevant
        sums["map@r"] += sum(m / p for m, p in enumerate(places, start=1) if p <= n_relevant) / n_relevant
    guess = random_order([n_relevant], [n], KS)
    assert guess.keys() == sums.keys()
    for name, total in sums.items():
        assert guess[name] == [pytest.approx(total / rounds, abs=0.01)], name


def test_each_query_has_its_own():
    guess = random_order([1, 2], [4, 4], (1,))
    assert guess["recall@1"] == [pytest.approx(0.25), pytest.approx(0.5)]


def test_over_k_it_is_the_mean_over_queries():
    assert recall_over_k([1, 2], [4, 4], 4) == pytest.approx([0.375, 2 / 3, 0.875, 1])
