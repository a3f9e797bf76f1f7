"""Ranks are those of plain loops: whatever the tiles, with ties, rows left out, products, rows that are no numbers."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fashion_match.core.metric import ranking
from fashion_match.core.metric.ranking import rank
from fashion_match.core.metric.retrieval import scores

KS = (1, 2, 5, 50)


def corners(n: int, n_signs: int, random: torch.Generator) -> Tensor:
    """Unit rows (N x 16) whose cosines are exact multiples of 1/8, so that many of them tie."""
    rows = torch.ones(n, 16)
    rows[:, :n_signs] = 2.0 * torch.randint(2, (n, n_signs), generator=random) - 1
    return rows / 4


def plain(queries, query_labels, gallery, gallery_labels, *, apart=None, products=None, metric="cosine"):
    """Yield for each query its number and what it scores, in plain loops."""
    for q, label in enumerate(query_labels.tolist()):
        answers: dict[object, tuple[float, bool]] = {}
        for g, other in enumerate(gallery_labels.tolist()):
            matches = label >= 0 and label == other
            if matches and apart is not None and apart[0][q] == apart[1][g] >= 0:
                continue
            a, b = queries[q].tolist(), gallery[g].tolist()
            if metric == "l1":
                similar = -sum(abs(x - y) for x, y in zip(a, b, strict=True))
            else:
                similar = sum(x * y for x, y in zip(a, b, strict=True))
            key = g if products is None else (other, int(products[g]))
            answers[key] = max(answers.get(key, (-math.inf, matches)), (similar, matches))
        n_relevant = sum(matches for _, matches in answers.values())
        if not n_relevant:
            continue
        found = [matches for _, matches in sorted(answers.values(), key=lambda answer: (-answer[0], answer[1]))]
        at = [n for n, matches in enumerate(found, start=1) if matches]
        precisions = [sum(found[:n]) / n for n in at if n <= n_relevant]
        told = {f"recall@{k}": float(any(found[:k])) for k in KS}
        told |= {f"precision@{k}": sum(found[:k]) / k for k in KS}
        told |= {"map@r": sum(precisions) / n_relevant, "r-precision": sum(found[:n_relevant]) / n_relevant}
        yield q, len(found), n_relevant, told | {"mrr": 1 / at[0]}


def assert_plain(*question: Tensor, **options) -> None:
    found = rank(*question, ks=KS, **options)
    told = scores(found, KS)
    expected = list(plain(*question, **options))
    assert found.query.tolist() == [q for q, *_ in expected]
    assert found.n_compared.tolist() == [n for _, n, _, _ in expected]
    assert found.n_relevant.tolist() == [n for _, _, n, _ in expected]
    for name, values in told.items():
        assert values.tolist() == pytest.approx([scored[name] for *_, scored in expected]), name


@settings(max_examples=150, deadline=None)
@given(
    b=st.integers(1, 25),
    n=st.integers(1, 60),
    n_labels=st.integers(1, 12),
    n_signs=st.integers(0, 16),
    tile=st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 8), st.integers(1, 200)),
    kind=st.sampled_from(["gallery", "left out", "products", "products left out", "l1", "l2"]),
    seed=st.integers(0, 10_000),
)
def test_ranks_are_what_plain_loops_give_whatever_the_tiles(b, n, n_labels, n_signs, tile, kind, seed):
    random = torch.Generator().manual_seed(seed)
    rows = corners(b + n, n_signs, random)
    labels = torch.randint(-1, n_labels, (b + n,), generator=random)
    question = (rows[:b], labels[:b], rows[b:], labels[b:])
    options = {}
    if "left out" in kind:
        groups = torch.randint(-1, 6, (b + n,), generator=random)
        options["apart"] = (groups[:b], groups[b:])
    if "products" in kind:
        options["products"] = torch.randint(0, 9, (n,), generator=random)
    if kind in ("l1", "l2"):
        options["metric"] = kind
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("ROWS", "COLUMNS", "BLOCK", "CELLS"), tile, strict=True):
            patch.setattr(ranking, name, value)
        assert_plain(*question, **options)


def test_many_rows_in_random_directions_are_what_plain_loops_give():
    random = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(320, 8, generator=random))
    labels = torch.randint(-1, 45, (320,), generator=random)
    numbers = torch.arange(320)
    assert_plain(rows, labels, rows, labels, apart=(numbers, numbers))


def test_what_differs_by_rounding_alone_ties_and_counts_against_the_model():
    gallery = torch.nn.functional.normalize(torch.tensor([[1.0, 0.001], [1.0, 0.0010001], [0.0, 1.0]]))
    found = rank(torch.tensor([[1.0, 0.0]]), torch.tensor([0]), gallery, torch.tensor([0, 1, 2]))
    assert found.first.tolist() == [2]
    nearer = torch.nn.functional.normalize(torch.tensor([[1.0, 0.001], [1.0, 0.003], [0.0, 1.0]]))
    assert rank(torch.tensor([[1.0, 0.0]]), torch.tensor([0]), nearer, torch.tensor([0, 1, 2])).first.tolist() == [1]


def test_rows_that_are_no_numbers_come_last_and_find_nothing():
    rows = torch.eye(4).repeat(2, 1)
    rows[5] = math.nan
    labels = torch.arange(4).repeat(2)
    found = rank(rows[4:], labels[4:], rows[:4], labels[:4])
    assert found.first.tolist() == [1, 4, 1, 1]  # the second query is as similar to all
    found = rank(rows[:4], labels[:4], rows[4:], labels[4:])
    assert found.first.tolist() == [1, 4, 1, 1]  # what the second one looks for is no number


def test_no_more_than_a_tile_is_in_memory(monkeypatch):
    random = torch.Generator().manual_seed(0)
    rows, labels = torch.randn(3000, 8, generator=random), torch.arange(3000) // 3
    monkeypatch.setattr(ranking, "ROWS", 100)
    monkeypatch.setattr(ranking, "COLUMNS", 500)
    shapes, compare = [], ranking._Columns.similarities

    def watched(*asked):
        shapes.append((made := compare(*asked)).shape)
        return made

    monkeypatch.setattr(ranking._Columns, "similarities", watched)
    seen: list[int] = []
    rank(rows, labels, rows, labels, apart=(torch.arange(3000),) * 2, on_progress=seen.append)
    assert max(b for b, _ in shapes) == 100
    assert max(n for _, n in shapes) == 500
    assert sum(b * n for b, n in shapes if n > 400) == 3000 * 3000  # each similarity once
    assert seen == [*range(100, 3001, 100)]


def test_without_a_match_there_is_no_query():
    rows = torch.eye(3)
    none = rank(rows, torch.tensor([-1, 7, 8]), rows, torch.tensor([0, 1, -1]), ks=KS)
    assert len(none.query) == 0
    assert none.hits.shape == (0, len(KS))
    assert all(len(values) == 0 for values in scores(none, KS).values())
    alone = rank(rows, torch.arange(3), rows, torch.arange(3), apart=(torch.arange(3),) * 2)
    assert len(alone.query) == 0


def test_without_ties_the_figures_are_those_of_pytorch_metric_learning():
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    random = torch.Generator().manual_seed(1)
    rows = torch.nn.functional.normalize(torch.randn(400, 12, generator=random))
    labels, numbers = torch.arange(400) // 8, torch.arange(400)

    def nearest(queries, k, gallery, leaves_out):
        assert leaves_out
        return (queries @ gallery.T).fill_diagonal_(-2).topk(k)

    theirs_of = {"precision_at_1": "recall@1", "r_precision": "r-precision", "mean_average_precision_at_r": "map@r"}
    calculator = AccuracyCalculator(
        include=[*theirs_of, "mean_reciprocal_rank"], k=399, device=torch.device("cpu"), knn_func=nearest
    )
    theirs = calculator.get_accuracy(rows, labels)
    ours = scores(rank(rows, labels, rows, labels, apart=(numbers, numbers)), (1, 5, 10))
    for name, figure in (*theirs_of.items(), ("mean_reciprocal_rank", "mrr")):
        assert float(ours[figure].mean()) == pytest.approx(theirs[name]), name


@pytest.mark.gpu
def test_a_graphics_card_gives_the_same():
    random = torch.Generator().manual_seed(2)
    rows = torch.nn.functional.normalize(torch.randn(5000, 64, generator=random))
    labels, numbers = torch.arange(5000) // 4, torch.arange(5000)
    here = scores(rank(rows, labels, rows, labels, apart=(numbers, numbers)), (1, 5, 10))
    there = scores(rank(rows.cuda(), labels, rows.cuda(), labels, apart=(numbers, numbers)), (1, 5, 10))
    for name, values in here.items():
        assert float(there[name].mean()) == pytest.approx(float(values.mean()), abs=1e-3)
