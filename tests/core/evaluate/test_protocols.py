"""Each protocol measures what it says, in its table and in words; labels that mean nothing score what chance scores."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

from fashion_match.core.error import UsageError
from fashion_match.core.evaluate.bootstrap import estimate
from fashion_match.core.evaluate.classify import by_neighbours, classify, from_probabilities, joined
from fashion_match.core.evaluate.group import group_figures
from fashion_match.core.evaluate.match import match
from fashion_match.core.evaluate.pairs import fit_threshold, pairs
from fashion_match.core.evaluate.retrieval import retrieval
from fashion_match.core.evaluate.sample import Sample
from fashion_match.core.evaluate.table import make_figures
from tests.core.evaluate.samples import around, sample


def figures(protocol: str, outcome, n_draws: int = 300):
    made, labels = make_figures(protocol, outcome.table)
    guesses = dict(outcome.guesses) | {name: float(np.mean(values)) for name, values in outcome.chances.items()}
    return estimate(made, len(labels), guesses, n_draws=n_draws)


# -- pairs ------------------------------------------------------------------------------------------------------------


def test_the_published_test_of_pairs_is_the_default():
    """Five draws of 10,000 pairs, half of them of one style, and a fixed threshold of 0.85."""
    rows, labels = around(40, 4, 0.3)
    outcome = pairs(sample(rows, labels), threshold=0.85)
    table = outcome.table
    assert len(table["a"]) == 50_000
    assert [sum(draw == n for draw in table["draw"]) for n in range(5)] == [10_000] * 5
    assert sum(table["same"]) == 25_000
    assert outcome.heading == "random pairs: 5 x 10,000, half of them of one style, threshold 0.850 (given)"
    scores, same = np.array(table["score"]), np.array(table["same"])
    found = figures("pairs", outcome, 50)
    right = (scores >= 0.85) == same
    assert found["accuracy"].value == pytest.approx(right.mean())
    assert [draw["accuracy"] for draw in outcome.draws] == pytest.approx(list(right.reshape(5, -1).mean(axis=1)))
    assert found["auc"].value == pytest.approx(roc_auc_score(same, scores))
    assert found["auc"].low < found["auc"].value < found["auc"].high
    counts = outcome.confusion["verdict"]
    assert counts.classes == ("different", "same")
    assert counts.counts[1] == (int((same & (scores < 0.85)).sum()), int((same & (scores >= 0.85)).sum()))


def test_labels_that_mean_nothing_are_told_apart_as_by_a_coin():
    rows, labels = around(60, 4, 0.3)
    shuffled = np.random.default_rng(0).permutation(np.array(labels)).tolist()
    found = figures("pairs", pairs(sample(rows, shuffled), threshold=0.5, n_pairs=4000))
    for name in ("auc", "eer", "accuracy"):
        assert found[name].guess == 0.5
        assert found[name].low <= 0.5 <= found[name].high, name
    assert found["fnmr@fmr=0.1"].value == pytest.approx(0.9, abs=0.05)


def test_hard_pairs_are_harder_and_the_heading_says_so():
    rows, labels = around(30, 4, 0.8)
    kinds = [f"kind {n // 12}" for n in range(120)]
    random = np.random.default_rng(1)
    rows = rows + 2.0 * np.repeat(random.normal(size=(10, 16)), 12, axis=0)  # what is of one kind looks alike
    one = sample(rows, labels, category=kinds)
    easy, hard = (pairs(one, threshold=None, n_pairs=2000, negatives=kind) for kind in ("random", "hard"))
    assert figures("pairs", hard)["auc"].value < figures("pairs", easy)["auc"].value - 0.05
    assert "hard pairs (different styles of the same category)" in hard.heading
    assert "random pairs" in easy.heading
    with pytest.raises(UsageError, match="no item has the attribute 'brand'"):
        pairs(one, threshold=None, negatives="hard", hard_by="brand")


def test_a_fitted_threshold_beats_a_fixed_one_on_other_labels():
    rows, labels = around(60, 4, 0.9)
    fit, tested = (sample(rows[part], labels[part]) for part in (slice(0, 120), slice(120, 240)))
    threshold = fit_threshold(fit, n_pairs=2000)
    fitted, fixed = (figures("pairs", pairs(tested, threshold=t, n_pairs=2000)) for t in (threshold, 0.85))
    assert fitted["accuracy"].value > fixed["accuracy"].value + 0.05


def test_the_worst_pairs_are_the_ones_that_are_most_wrong():
    rows, labels = around(20, 4, 0.6)
    outcome = pairs(sample(rows, labels), threshold=0.5, n_pairs=1000)
    assert len(outcome.worst) == 20
    told = list(zip(outcome.table["same"], outcome.table["score"], strict=True))
    first, second = outcome.worst[:2]
    assert first.answers[0].score == min(score for same, score in told if same)
    assert second.answers[0].score == max(score for same, score in told if not same)
    assert "one style" in first.said
    assert "taken for two styles" in first.said
    pairs_shown = {frozenset((worst.query.id, worst.answers[0].item.id)) for worst in outcome.worst}
    assert len(pairs_shown) == 20


# -- retrieval and match ----------------------------------------------------------------------------------------------


def test_labels_that_mean_nothing_are_found_as_by_a_random_order():
    rows, labels = around(60, 4, 0.3)
    shuffled = np.random.default_rng(1).permutation(np.array(labels)).tolist()
    found = figures("retrieval", retrieval(sample(rows, shuffled)))
    good = figures("retrieval", retrieval(sample(rows, labels)))
    for name, figure in found.items():
        assert figure.value == pytest.approx(figure.guess, abs=0.06), name
        assert good[name].value > figure.guess + 0.02
    assert good["recall@1"].value > 0.95


def test_queries_are_searched_in_a_gallery_of_their_own():
    rows, labels = around(10, 3, 0.2)
    queries = sample(rows[::3], labels[::3])
    gallery = sample(np.delete(rows, np.s_[::3], axis=0), [name for n, name in enumerate(labels) if n % 3])
    outcome = retrieval(queries, gallery, ks=(1, 2))
    assert outcome.heading == "retrieval of 10 queries, 20 in the gallery"
    assert outcome.table["item"] == [item.id for item in queries.items]
    assert figures("retrieval", outcome)["recall@1"].value == 1
    assert outcome.chances["recall@1"] == [pytest.approx(0.1)] * 10


def test_a_query_without_anything_to_find_is_none():
    rows, labels = around(3, 2, 0.2)
    outcome = retrieval(sample(rows, [*labels[:4], None, "alone"]))
    assert outcome.table["item"] == ["i0", "i1", "i2", "i3"]
    assert "2 items have nothing to find" in outcome.notes[0]
    with pytest.raises(UsageError, match="no query has anything to find"):
        retrieval(sample(rows, [None] * 6))


def test_of_classes_the_own_style_is_no_answer():
    """Two photos of a style look alike; what is asked for is another style of the class, which looks like neither."""
    rows = np.array([[1, 0, 0, 0], [1, 0, 0, 0.1], [0, 1, 0, 0], [0, 1, 0, 0.1]] * 2)
    rows[4:, :2] += 0.2  # each style of one class is nearest to one of the other class
    styles = [f"style {n // 2}" for n in range(8)]
    classes = ["a", "a", "a", "a", "b", "b", "b", "b"]
    one = sample(rows, classes)
    apart = Sample(one.items, one.vectors, classes, styles)
    easy, honest = (figures("retrieval", retrieval(each, ks=(1,)))["recall@1"].value for each in (one, apart))
    assert easy == 1
    assert honest == 0
    assert retrieval(apart, ks=(1,)).chances["recall@1"] == [pytest.approx(2 / 6)] * 8


def test_by_product_the_photos_of_one_style_are_one_answer():
    ahead = [[1, 0, 0.3], [1, 0, 0.31], [1, 0, 0.32]]  # three photos of one wrong product
    rows = np.array([[1, 0, 0.0], [1, 0, 0.5], *ahead, [0, 1, 0]])
    one = sample(rows, ["x", "x", "y", "y", "y", "z"])
    by_photo, by_product = (retrieval(one, ks=(1, 2), by_product=flag) for flag in (False, True))
    assert by_photo.table["recall@2"][0] == 0
    assert by_product.table["recall@2"][0] == 1
    assert "by product" in by_product.heading


def test_the_worst_queries_come_with_what_was_found_instead():
    rows, labels = around(12, 3, 0.1)
    labels[0], labels[35] = labels[35], labels[0]  # two photos that look like another style
    outcome = retrieval(sample(rows, labels))
    assert {worst.query.id for worst in outcome.worst[:2]} == {"i0", "i35"}
    worst = outcome.worst[0]
    assert len(worst.answers) == 6
    assert not worst.answers[0].right
    assert [answer.score for answer in worst.answers] == sorted((a.score for a in worst.answers), reverse=True)
    assert {item.label for item in worst.expected} == {worst.query.label}
    assert worst.query.id not in {answer.item.id for answer in worst.answers}
    first = 1 / outcome.table["mrr"][outcome.table["item"].index(worst.query.id)]
    assert worst.said == f"first match at rank {first:.0f} of 35"
    assert len(outcome.worst) == 20


def test_figures_by_value_are_those_of_the_queries_that_have_it():
    rows, labels = around(20, 4, 1.0)
    one = sample(rows, labels)
    outcome = retrieval(one)
    values = ["Shirts" if n < 48 else "Shoes" if n < 76 else None for n in range(80)]
    shirts, shoes = group_figures(outcome, values, n_draws=200, seed=0)
    assert (shirts.value, shirts.n_queries, shoes.value, shoes.n_queries) == ("Shirts", 48, "Shoes", 28)
    assert shirts.figures["recall@1"].value == pytest.approx(np.mean(outcome.table["recall@1"][:48]))
    assert shirts.figures["recall@1"].guess == pytest.approx(np.mean(outcome.chances["recall@1"][:48]))
    assert shoes.figures["map@r"].value == pytest.approx(np.mean(outcome.table["map@r"][48:76]))
    assert shirts.figures["recall@1"].low < shirts.figures["recall@1"].value < shirts.figures["recall@1"].high


@pytest.mark.parametrize("metric", ["cosine", "l2", "l1"])
def test_the_error_among_the_first_k_is_that_of_a_plain_loop(metric):
    rows, labels = around(17, 3, 1.5)
    queries = sample(np.concatenate([rows[1::3], rows[2::3]]), labels[1::3] + labels[2::3])
    targets = sample(rows[::3], labels[::3])
    outcome = match(queries, targets, ks=(1, 3, 5, 17), metric=metric)
    distance = {
        "cosine": lambda a, b: -float(a @ b),
        "l2": lambda a, b: float(((a - b) ** 2).sum()),
        "l1": lambda a, b: float(np.abs(a - b).sum()),
    }[metric]
    for k in (1, 3, 5, 17):
        missed = 0
        for vector, label in zip(queries.vectors, queries.labels, strict=True):
            order = sorted(range(17), key=lambda m: distance(vector, targets.vectors[m]))
            missed += label not in [targets.labels[m] for m in order[:k]]
        assert np.mean(outcome.table[f"top-{k} error"]) == pytest.approx(missed / 34)
        assert outcome.curves["top-k error"].y[k - 1] == pytest.approx(missed / 34, abs=1e-6)
    assert np.mean(outcome.chances["top-5 error"]) == pytest.approx(1 - 5 / 17)
    assert metric in outcome.heading


# -- classify ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 5])
def test_neighbours_tell_what_those_of_scikit_learn_tell(k):
    rows, labels = around(6, 40, 2.0)
    order = np.random.default_rng(0).permutation(240)
    train, test = order[:160], order[160:]
    gallery = sample(rows[train], [labels[n] for n in train])
    tested = sample(rows[test], [labels[n] for n in test])
    told = by_neighbours(tested, gallery, gallery.labels, k=k)
    theirs = KNeighborsClassifier(k, metric="cosine").fit(gallery.vectors, list(gallery.labels))
    votes = np.sort(theirs.predict_proba(tested.vectors), axis=1)
    clear = votes[:, -1] > votes[:, -2]  # a tie is broken by name there, by nearness here
    assert clear.sum() > 50
    assert (np.array(told.taken)[clear] == theirs.predict(tested.vectors)[clear]).all()
    assert all(taken == top[0] for taken, top in zip(told.taken, told.top, strict=True))
    assert all(len(set(top)) == 5 for top in told.top)


def test_without_a_gallery_no_item_tells_itself():
    rows, labels = around(5, 2, 0.01)
    classes = [f"class {n}" for n in range(10)]
    one = Sample(sample(rows, classes).items, sample(rows, classes).vectors, classes, labels)
    told = by_neighbours(one, None, classes)
    assert all(taken != truth for taken, truth in zip(told.taken, classes, strict=True))
    partner = [classes[n ^ 1] for n in range(10)]
    assert not {*zip(told.taken, partner, strict=True)} & {*zip(partner, partner, strict=True)}  # nor its own style


def test_classes_are_counted_and_what_has_none_is_left_out():
    rows, _ = around(1, 6, 0.1)
    truth = ["a", "a", "b", "b", "c", None]
    probabilities = np.array(
        [[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3], [0.5, 0.3, 0.2], [0.9, 0.1, 0.0]],
        np.float32,
    )
    told = from_probabilities(probabilities, ["a", "b", "d"])
    outcome = classify(sample(rows, [None] * 6), {"kind": truth}, {"kind": told}, how="a test", clusters=[*"uvwxyz"])
    found = figures("classify", outcome)
    assert found["accuracy"].value == pytest.approx(3 / 5)
    assert found["accuracy"].guess == pytest.approx(2 / 5)
    assert found["top-5"].value == pytest.approx(4 / 5)
    rows_of = {row.value: (row.n, row.precision, row.recall) for row in outcome.classes["kind"]}
    assert rows_of == {"a": (2, 0.5, 0.5), "b": (2, pytest.approx(2 / 3), 1), "c": (1, 0, 0)}
    assert outcome.confusion["kind"].counts == ((1, 1, 0), (0, 2, 0), (1, 0, 0))
    assert outcome.notes == ("1 items have no kind and were left out of it.",)
    assert outcome.worst[0].said == "taken for b (0.80), is a"
    assert "told by a test" in outcome.heading


def test_two_attributes_together_are_right_where_both_are():
    color = from_probabilities(np.array([[0.9, 0.1], [0.4, 0.6]], np.float32), ["Blue", "Red"])
    kind = from_probabilities(np.array([[0.3, 0.7], [0.2, 0.8]], np.float32), ["Shirt", "Skirt"])
    both = joined([kind, color])
    assert both.taken == ["Skirt / Blue", "Skirt / Red"]
    assert both.confidence == pytest.approx([0.7, 0.6])


def test_an_attribute_that_nobody_has_is_said():
    rows, _ = around(1, 2, 0.1)
    told = from_probabilities(np.ones((2, 1), np.float32), ["a"])
    with pytest.raises(UsageError, match="no item that is tested has the attribute 'kind'"):
        classify(sample(rows, [None] * 2), {"kind": [None, None]}, {"kind": told}, how="", clusters=["a", "b"])
