"""Reader ``queries-targets``, in its three layouts."""

from __future__ import annotations

import pytest

from fashion_match import ReaderError, Reason


def shown(items):
    return [(i.id, i.role, i.label) for i in items]


def test_folders_of_queries_per_label(fill, read):
    root = fill("queries/a/1.jpg", "queries/a/2.jpg", "queries/b/1.png", "targets/a.jpg", "targets/b.png")
    items, failures = read("queries-targets", root)
    assert not failures
    assert shown(items) == [
        ("targets/a.jpg", "gallery", "a"),
        ("targets/b.png", "gallery", "b"),
        ("queries/a/1.jpg", "query", "a"),
        ("queries/a/2.jpg", "query", "a"),
        ("queries/b/1.png", "query", "b"),
    ]
    assert items[2].image == root / "queries/a/1.jpg"


def test_record_of_pairs(fill, read):
    record = "Q0.jpg,T0.jpg\nqueries/Q1.jpg,targets/T0.jpg\nQ9.jpg,T0.jpg\nQ1.jpg,T5.jpg\nnonsense\n\n"
    root = fill("queries/Q0.jpg", "queries/Q1.jpg", "queries/Q2.jpg", "targets/T0.jpg", files={"record.csv": record})
    items, failures = read("queries-targets", root)
    assert shown(items) == [
        ("targets/T0.jpg", "gallery", "T0"),
        ("queries/Q0.jpg", "query", "T0"),
        ("queries/Q1.jpg", "query", "T0"),
        ("queries/Q2.jpg", "query", None),
    ]
    assert [(f.item, f.reason, f.detail.split(":")[0]) for f in failures] == [
        (None, Reason.BAD_RECORD, "line 4"),
        (None, Reason.BAD_RECORD, "line 5"),
        ("Q9.jpg", Reason.MISSING_FILE, "line 3"),
    ]


def test_one_folder_with_a_table_of_pairs(fill, read):
    root = fill(
        "q1.jpg",
        "q2.jpg",
        "t1.jpg",
        "other.jpg",
        files={"pairs.tsv": "query\ttarget\nq1.jpg\tt1.jpg\nq2.jpg\tt1.jpg\n"},
    )
    items, failures = read("queries-targets", root, pairs="pairs.tsv")
    assert not failures
    assert shown(items) == [
        ("other.jpg", "gallery", None),
        ("q1.jpg", "query", "t1"),
        ("q2.jpg", "query", "t1"),
        ("t1.jpg", "gallery", "t1"),
    ]


def test_what_is_missing_is_named(fill, read):
    root = fill("queries/a.jpg")
    with pytest.raises(ReaderError, match=r"no folders queries and targets, and no record\.csv"):
        read("queries-targets", root)
    with pytest.raises(ReaderError, match=r"no table of pairs 'p\.csv'"):
        read("queries-targets", root, pairs="p.csv")
    fill(files={"record.csv": "query,target\n"})
    with pytest.raises(ReaderError, match="has no pairs"):
        read("queries-targets", root)
