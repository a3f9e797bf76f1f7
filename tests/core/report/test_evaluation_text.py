"""The text of an evaluation: one source for the terminal and for the file, whole, and marked where it must be."""

from __future__ import annotations

import pytest

from fashion_match.core.evaluation import Estimate, Leak, LeakCheck
from fashion_match.core.report.evaluation_text import (
    LEGEND,
    MOST_ROWS,
    evaluation_head,
    evaluation_tables,
    evaluation_text,
)
from fashion_match.core.report.number import UNKNOWN, number, probability, seconds, signed, with_interval
from fashion_match.core.report.table import Table, plain_table
from tests.core.report.evaluations import (
    CLEAN,
    EXTREMES,
    HOSTILE,
    MARKED,
    PROTOCOLS,
    classify,
    filtered,
    group,
    many,
    match,
    pairs,
    retrieval,
)


def tables(evaluation) -> dict[str, Table]:
    return {table.title: table for table in evaluation_tables(evaluation)}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.8124, "0.812"),
        (1, "1.000"),
        (0, "0.000"),
        (0.0042, "0.0042"),
        (0.00042, "0.00042"),
        (0.0000311, "3.1e-05"),
        (12.5, "12.50"),
        (1234.5, "1,234"),
        (-0.25, "-0.250"),
        (float("nan"), UNKNOWN),
        (float("inf"), UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_numbers_have_three_digits_or_so(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_an_interval_stands_beside_its_value() -> None:
    assert with_interval(Estimate(value=0.812, low=0.79, high=0.833)) == "0.812 [0.790, 0.833]"
    assert with_interval(Estimate(value=0.812, low=0.79)) == "0.812"
    assert (signed(0.25), signed(-0.25), signed(0)) == ("+0.250", "-0.250", "0.000")
    assert [probability(p) for p in (0, 0.934, 1)] == ["< 0.1 %", "93.4 %", "> 99.9 %"]


def test_a_time_has_the_unit_that_suits_it() -> None:
    shown = [seconds(value) for value in (1234.4, 41.3, 4.23, 0.42, 0.031, 1.2e-7, 0)]
    assert shown == ["1,234 s", "41 s", "4.2 s", "0.4 s", "31 ms", "0.12 µs", "0.0 s"]


def test_the_head_says_what_was_measured_on_what() -> None:
    head = "\n".join(evaluation_head(pairs()))
    assert head.startswith("hard pairs (same category): 5 x 10,000, threshold 0.62\n")
    for said in (
        "/data/products",
        "/store/models/3f2a",
        "3f2a9c0d7e5b\n",
        "2025-11-29 16:12 UTC",
        "8,000 items, 50,000 pairs, 742 labels, 3 could not be used",
        "95 %, from resampling 742 labels",
        "seed=0, split=test, ks=1/5/10, where=none",
        "embed 41 s, compare 0.4 s",
        "Note: Class sizes are very uneven",
    ):
        assert said in head


def test_figures_have_value_interval_and_guess() -> None:
    table = tables(pairs())["Figures"]
    assert table.columns == ("figure", "value", "95 % interval", "trivial guess")
    assert table.rows[1] == ("auc", "0.981", "[0.975, 0.986]", "0.500")
    assert table.rows[2] == ("eer", "0.032", "[0.028, 0.036]", "")
    plain = tables(pairs(figures={"accuracy": Estimate(value=0.5)}))["Figures"]
    assert plain.columns == ("figure", "value"), "a column that would be empty is left out"


def test_each_protocol_has_its_tables() -> None:
    assert list(tables(pairs())) == ["Figures", "Draws", "Classes of verdict", "Confusion of verdict"]
    assert list(tables(retrieval())) == ["Figures", "By category", "By color"]
    assert list(tables(match())) == ["Figures"]
    assert list(tables(classify())) == ["Figures", "Classes of category", "Confusion of category"]
    assert list(tables(filtered())) == ["Figures", "Index against exact search"]
    assert list(tables(classify(many(75)))) == ["Figures", "Classes of category"]


def test_rows_come_most_frequent_first_and_the_others_are_counted() -> None:
    groups = tuple(group(f"value {n}", n, 0.5) for n in range(44))
    table = tables(retrieval(groups={"color": groups}))["By color"]
    assert [row[0] for row in table.rows] == [f"value {43 - n}" for n in range(MOST_ROWS)]
    assert table.below == ("and 29 more values in report.json",)
    assert table.columns == ("color", "queries", "recall@1", "95 % interval", "trivial guess", "map@r")
    assert tables(classify(many(75)))["Classes of category"].below == ("and 60 more classes in report.json",)
    whole = evaluation_tables(retrieval(groups={"color": groups}), most_rows=None)[1]
    assert len(whole.rows) == 44
    assert whole.below == ()


def test_every_figure_that_rests_on_leaks_is_marked() -> None:
    for make in PROTOCOLS.values():
        marked, clean = tables(make(leaks=MARKED)), tables(make())
        assert LEGEND in marked["Figures"].below
        for title, table in clean.items():
            for row, other in zip(table.rows, marked[title].rows, strict=True):
                for cell, there in zip(row, other, strict=True):
                    assert there in (cell, f"{cell} !")
            assert "!" not in "".join(cell for row in table.rows for cell in row)
        scores = ("value", "accuracy", "recall@1", "precision", "recall", "F1", "map@r")
        for table in marked.values():
            for column in set(scores) & set(table.columns):
                assert all(row[table.columns.index(column)].endswith(" !") for row in table.rows), (table.title, column)


def test_the_leaks_line_says_how_it_stands() -> None:
    def said(check: LeakCheck) -> str:
        return "\n".join(evaluation_head(pairs(leaks=check)))

    assert "! Leaks allowed: 120 tested items stand on the other side too." in said(MARKED)
    assert "same label 117" in said(MARKED)
    assert "Looked for leaks, found none." in said(CLEAN)
    dropped = LeakCheck(counts={"same label": 2}, n_leaking=2, n_dropped=2)
    assert "2 tested items leaked and were left out." in said(dropped)
    assert "Leaks could not be looked for." in said(LeakCheck())
    assert "not looked at: no manifest" in said(LeakCheck(unknown=("no manifest",)))
    assert "not looked at: no manifest" in said(CLEAN.model_copy(update={"unknown": ("no manifest",)}))


def test_examples_of_leaks_are_listed_where_they_count() -> None:
    assert tables(pairs(leaks=MARKED))["Examples of leaks"].rows[1] == (
        "10003",
        "near duplicate",
        "10007",
        "trained on",
        "",
        "0.012",
    )
    example = Leak(kind="same label", side="gallery", item="a", other="b")
    dropped = LeakCheck(counts={"same label": 1}, n_leaking=1, n_dropped=1, examples=(example,))
    assert "Examples of leaks" not in tables(pairs(leaks=dropped))


def test_draws_that_lack_a_figure_and_groups_without_queries_have_a_dash() -> None:
    assert [row[1:] for row in tables(EXTREMES["hostile"])["Draws"].rows] == [("1.000 !",), (UNKNOWN,)]
    assert ("Red", "0", UNKNOWN, "", "", UNKNOWN) in tables(EXTREMES["no queries in groups"])["By color"].rows
    assert tables(EXTREMES["not numbers"])["By color"].rows == (("Red", "2", UNKNOWN),)


@pytest.mark.parametrize("case", EXTREMES)
def test_any_evaluation_becomes_text(case: str) -> None:
    text = evaluation_text(EXTREMES[case])
    assert text.endswith("\n")
    assert "nan" not in text
    for table in evaluation_tables(EXTREMES[case]):
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(line in text.splitlines() for line in plain_table(table.columns, table.rows, table.numbers))


def test_the_file_holds_the_head_and_every_table() -> None:
    text = evaluation_text(pairs())
    assert text.startswith("\n".join(evaluation_head(pairs())))
    positions = [text.index(f"\n{title}\n") for title in tables(pairs())]
    assert positions == sorted(positions)


def test_names_keep_to_one_line() -> None:
    given = retrieval(groups={"a\nb": (group("x\ny" + "z" * 300, 1, 0.5),)}, heading="two\nlines", source=HOSTILE)
    assert evaluation_head(given)[0] == "two lines"
    table = tables(given)["By a b"]
    assert table.rows[0][0].startswith("x yzzz")
    assert len(table.rows[0][0]) < 60


def test_wide_characters_keep_columns_under_each_other() -> None:
    lines = plain_table(("name", "n"), (("夏のワンピース", "1"), ("tee", "1,000")), ("n",))
    assert lines == ["name                n", "--------------  -----", "夏のワンピース      1", "tee             1,000"]
