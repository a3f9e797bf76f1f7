"""The figures are those of plain loops, ties go against the model, and half precision blurs nothing."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fashion_match.core.metric.retrieval import leave_one_out, query_gallery

KS = (1, 2, 5)


def unit(n: int, width: int, seed: int) -> Tensor:
    """Random unit rows (N x E)."""
    rows = torch.randn(n, width, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=1)


def corners(n: int, n_signs: int, seed: int) -> Tensor:
    """Random unit rows (N x 16) whose cosines are exact multiples of 1/8, so that many of them tie."""
    rows = torch.ones(n, 16)
    rows[:, :n_signs] = 2.0 * torch.randint(2, (n, n_signs), generator=torch.Generator().manual_seed(seed)) - 1
    return rows / 4


def some_labels(n: int, n_labels: int, seed: int) -> Tensor:
    return torch.randint(-1, n_labels, (n,), generator=torch.Generator().manual_seed(seed))


def assert_same(figures: dict[str, dict[str, float]], others: dict[str, dict[str, float]]) -> None:
    assert figures.keys() == others.keys()
    for name in figures:
        assert figures[name] == pytest.approx(others[name])


def ranked(query: Tensor, others: Tensor, matches: list[bool]) -> list[bool]:
    """Whether each of ``others`` matches, most similar first, what does not match before what ties with it."""
    similar = (others.double() @ query.double()).tolist()
    order = sorted(range(len(others)), key=lambda n: (-similar[n], matches[n]))
    return [matches[n] for n in order]


def plain_leave_one_out(embeddings: Tensor, labels: Tensor) -> dict[str, float]:
    recalls, precisions = {k: [] for k in KS}, []
    for query, label in enumerate(labels.tolist()):
        others = [n for n in range(len(labels)) if n != query]
        matches = [label >= 0 and labels[n].item() == label for n in others]
        n_relevant = sum(matches)
        if not n_relevant:
            continue
        found = ranked(embeddings[query], embeddings[others], matches)
        for k in KS:
            recalls[k].append(any(found[:k]))
        hits = [sum(found[: rank + 1]) / (rank + 1) for rank in range(n_relevant) if found[rank]]
        precisions.append(sum(hits) / n_relevant)
    if not precisions:
        return {"n_queries": 0}
    mean = {f"recall@{k}": sum(recalls[k]) / len(precisions) for k in KS}
    return mean | {"map@r": sum(precisions) / len(precisions), "n_queries": len(precisions)}


def plain_query_gallery(queries: Tensor, asked: Tensor, gallery: Tensor, labels: Tensor) -> dict[str, float]:
    ranks = []
    for query, label in zip(queries, asked.tolist(), strict=True):
        matches = [label >= 0 and other == label for other in labels.tolist()]
        if any(matches):
            ranks.append(1 + ranked(query, gallery, matches).index(True))
    if not ranks:
        return {"n_queries": 0}
    mean = {f"recall@{k}": sum(rank <= k for rank in ranks) / len(ranks) for k in KS}
    return mean | {"mrr": sum(1 / rank for rank in ranks) / len(ranks), "n_queries": len(ranks)}


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 40),
    n_labels=st.integers(1, 12),
    n_signs=st.integers(0, 16),
    seed=st.integers(0, 10_000),
)
def test_leaving_one_out_is_what_plain_loops_give(n, n_labels, n_signs, seed):
    embeddings = corners(n, n_signs, seed)
    labels = {"style": some_labels(n, n_labels, seed), "color": some_labels(n, 2, seed + 1)}
    figures = leave_one_out(embeddings, labels, ks=KS)
    for name, given_labels in labels.items():
        assert figures[name] == pytest.approx(plain_leave_one_out(embeddings, given_labels))


@settings(max_examples=60, deadline=None)
@given(
    b=st.integers(1, 20),
    n=st.integers(1, 20),
    n_labels=st.integers(1, 12),
    n_signs=st.integers(0, 16),
    seed=st.integers(0, 10_000),
)
def test_queries_in_a_gallery_are_what_plain_loops_give(b, n, n_labels, n_signs, seed):
    rows = corners(b + n, n_signs, seed)
    labels = some_labels(b + n, n_labels, seed)
    question = (rows[:b], labels[:b], rows[b:], labels[b:])
    assert query_gallery(*question, ks=KS) == pytest.approx(plain_query_gallery(*question))


def test_random_directions_are_what_plain_loops_give():
    rows, labels = unit(200, 16, 0), some_labels(200, 40, 0)
    assert leave_one_out(rows, {"style": labels}, ks=KS)["style"] == pytest.approx(plain_leave_one_out(rows, labels))


def test_embeddings_that_are_all_alike_score_nothing():
    rows = unit(1, 64, 0).expand(300, 64)
    labels = torch.arange(300) // 10
    figures = leave_one_out(rows, {"style": labels})["style"]
    assert [figures[name] for name in ("recall@1", "recall@10", "map@r")] == [0, 0, 0]
    assert query_gallery(rows, torch.arange(300), rows, torch.arange(300))["mrr"] == pytest.approx(1 / 300)


def test_embeddings_that_are_not_numbers_score_nothing():
    rows = torch.full((20, 8), torch.nan)
    assert leave_one_out(rows, {"style": torch.arange(20) // 2})["style"]["map@r"] == 0


def test_one_direction_for_each_label_scores_all():
    labels = torch.arange(60) % 7
    rows = unit(7, 32, 0)[labels]
    figures = leave_one_out(rows, {"style": labels})["style"]
    assert figures == {"recall@1": 1, "recall@5": 1, "recall@10": 1, "map@r": 1, "n_queries": 60}
    mine = torch.arange(60)
    own = query_gallery(unit(60, 32, 1), mine, unit(60, 32, 1), mine)
    assert own == {"recall@1": 1, "recall@5": 1, "recall@10": 1, "mrr": 1, "n_queries": 60}


def test_rows_without_a_label_are_in_the_way_but_are_no_match():
    rows = unit(3, 8, 0)[torch.tensor([0, 0, 0, 1, 2])]
    alone = leave_one_out(rows, {"style": torch.tensor([0, 0, 1, 2, 3])})["style"]
    assert (alone["n_queries"], alone["recall@1"], alone["recall@5"]) == (2, 0, 1)
    unlabelled = leave_one_out(rows, {"style": torch.tensor([0, 0, -1, -1, -1])})["style"]
    assert unlabelled == alone


def test_without_queries_there_are_no_figures():
    assert leave_one_out(unit(4, 8, 0), {"style": torch.arange(4)}) == {"style": {"n_queries": 0}}
    assert leave_one_out(unit(4, 8, 0)[:0], {"style": torch.arange(0)}) == {"style": {"n_queries": 0}}
    assert query_gallery(unit(2, 8, 0), torch.tensor([-1, 5]), unit(4, 8, 0), torch.arange(4)) == {"n_queries": 0}


def test_half_precision_training_does_not_blur_the_figures():
    rows, labels = unit(300, 64, 3), {"style": some_labels(300, 60, 3)}
    plain = leave_one_out(rows, labels)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert leave_one_out(rows, labels) == plain


@pytest.mark.gpu
def test_a_graphics_card_gives_the_same():
    rows, labels = unit(2000, 64, 0), {"style": some_labels(2000, 400, 0)}
    there = leave_one_out(rows.cuda(), labels)
    assert there["style"] == pytest.approx(leave_one_out(rows, labels)["style"], abs=1e-3)
