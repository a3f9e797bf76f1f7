"""Pairs are what they are said to be, and every label is as likely."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_match.core.error import UsageError
from fashion_match.core.evaluate.pair_draw import PairSource


def test_half_of_the_pairs_are_of_one_label_and_never_a_photo_with_itself():
    labels = np.array([0, 0, 0, 1, 1, 2, -1, -1])
    a, b, same = PairSource(labels).draw(2001, np.random.default_rng(0))
    assert same.sum() == 1000
    assert (a != b).all()
    assert (labels[np.concatenate([a, b])] >= 0).all()
    np.testing.assert_array_equal(labels[a] == labels[b], same)
    assert {*a[same], *b[same]} == {0, 1, 2, 3, 4}  # a single photo is of no same pair
    assert {*a[~same], *b[~same]} == {0, 1, 2, 3, 4, 5}


def test_each_label_is_as_likely_however_many_photos_it_has():
    labels = np.repeat([0, 1, 2], [100, 2, 10])
    a, b, same = PairSource(labels).draw(30_000, np.random.default_rng(1))
    of_same = np.bincount(labels[a[same]]) / same.sum()
    of_different = np.bincount(np.concatenate([labels[a[~same]], labels[b[~same]]])) / (2 * (~same).sum())
    np.testing.assert_allclose(of_same, 1 / 3, atol=0.02)
    np.testing.assert_allclose(of_different, 1 / 3, atol=0.02)
    first = np.bincount(a[same], minlength=112)[:100]
    assert first.min() > 20  # every photo of a label


def test_hard_pairs_are_of_one_group():
    labels = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4])
    groups = np.array([7, 7, 7, 7, 8, 8, 8, 8, 9])
    a, b, same = PairSource(labels, groups).draw(2000, np.random.default_rng(2))
    assert (groups[a[~same]] == groups[b[~same]]).all()
    assert (labels[a[~same]] != labels[b[~same]]).all()
    assert 8 not in {*a[~same], *b[~same]}  # the only one of its group


def test_a_label_may_be_in_several_groups():
    labels, groups = np.array([0, 0, 1, 1]), np.array([5, 6, 5, 6])
    a, b, same = PairSource(labels, groups).draw(400, np.random.default_rng(3))
    assert {frozenset(pair) for pair in zip(a[~same].tolist(), b[~same].tolist(), strict=True)} == {
        frozenset((0, 2)),
        frozenset((1, 3)),
    }


def test_the_same_seed_draws_the_same():
    source = PairSource(np.repeat(np.arange(9), 3))
    one, two, other = (source.draw(50, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert all((x == y).all() for x, y in zip(one, two, strict=True))
    assert (one[0] != other[0]).any()


@pytest.mark.parametrize(
    ("labels", "groups", "message"),
    [
        ([0, 1, 2], None, "no pair of one style"),
        ([-1, -1], None, "no pair of one style"),
        ([0, 0], None, "no pair of two styles"),
        ([0, 0, 1], [1, 1, 2], "no pair of two styles"),
    ],
)
def test_where_there_are_no_such_pairs_that_is_said(labels, groups, message):
    with pytest.raises(UsageError, match=message):
        PairSource(np.array(labels), None if groups is None else np.array(groups))
