"""A comparison as text, diagram and page: what is said of the second, and by how much."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from matplotlib.text import Text

from fashion_match import UsageError
from fashion_match.core.comparison import Comparison
from fashion_match.core.report.comparison import (
    comparison_page,
    comparison_plots,
    comparison_tables,
    comparison_text,
    write_comparison_plots,
)
from fashion_match.core.report.comparison_plot import MOST_ROWS, VERDICT_COLORS
from tests.core.report.evaluations import HOSTILE, LONG, comparison, difference
from tests.core.report.test_page import Page, needs_nothing_else


def test_a_table_says_who_is_better_and_by_how_much() -> None:
    (table,) = comparison_tables(comparison())
    assert table.title == "semihard against batch-hard"
    assert table.columns == ("figure", "batch-hard", "semihard", "difference", "95 % interval", "P(better)", "verdict")
    assert table.rows[0] == ("recall@1", "0.412", "0.455", "+0.043", "[0.028, 0.058]", "> 99.9 %", "better")
    assert table.rows[1][-1] == "no difference that these queries can show"
    assert table.rows[2][3:] == ("-0.036", "[-0.046, -0.026]", "2.0 %", "worse")
    assert table.rows[3][0] == "top-5 error (lower is better)"
    assert table.rows[3][-1] == "better"


def test_the_text_says_what_was_compared() -> None:
    text = comparison_text(comparison())
    for said in (
        "1,600 queries in common, 742 labels, 12 left out",
        "labels, 2,000 times, the same for all",
        "A note.",
    ):
        assert said in text
    assert "left out" not in comparison_text(comparison(n_left_out=0))


def test_each_two_of_several_have_their_table() -> None:
    titles = [table.title for table in comparison_tables(comparison(("a", "b", "c")))]
    assert titles == ["b against a", "c against a", "c against b"]


def test_differences_lie_around_zero_in_the_color_of_their_verdict() -> None:
    plot = comparison_plots(comparison())["differences.png"]
    shares, ranks = plot.figure.axes
    assert plot.title == "semihard against batch-hard"
    dots = [line for line in shares.get_lines() if line.get_marker() == "o"]
    assert [float(line.get_xdata()[0]) for line in dots] == pytest.approx([0.043, 0.008, -0.036, -0.05])
    colors = [VERDICT_COLORS[each.verdict] for each in comparison().differences]
    assert [line.get_color() for line in dots] == colors[:4]
    assert len(set(VERDICT_COLORS.values())) == 3
    words = {text.get_text() for text in plot.figure.findobj(Text)}
    assert {"+0.043 better", "-0.036 worse", "+0.0080 no difference shown"} <= words, "not by color alone"
    assert [tick.get_text() for tick in ranks.get_yticklabels()] == ["median rank (lower is better)"]
    for axis in (shares, ranks):
        assert axis.get_xlim()[0] < 0 < axis.get_xlim()[1]
    assert "recall@1 +0.043 [0.028, 0.058], better" in plot.alt


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "compare.html"
    comparison_page(comparison(), out)
    page = Page(out.read_text("utf-8"))
    needs_nothing_else(page, out.read_text("utf-8"))
    assert page.text["h1"] == ["Comparison of batch-hard, semihard"]
    assert page.text["span"] == ["better", "worse", "better", "better"]
    assert "no difference that these queries can show" in page.text["td"]
    assert len(page.all("img")) == 1


def extremes() -> dict[str, Comparison]:
    nan = difference("recall@1", "a", "b", (0.5, math.nan), 0.1)
    return {
        "hostile": comparison((HOSTILE, LONG), notes=(HOSTILE,), protocol=HOSTILE, resampled=HOSTILE),
        "nothing": comparison(differences=(), notes=()),
        "not numbers": comparison(differences=(nan,)),
        "verdict by name": comparison(("verdict", "verdict")),
        "many": comparison(differences=[difference(f"f{n}", "a", "b", (0.5, 0.6), 0.01) for n in range(100)]),
        "three": comparison(("a", "b", "$c$")),
    }


@pytest.mark.parametrize("case", extremes())
def test_nothing_that_it_holds_breaks_it(case: str, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    given = extremes()[case]
    comparison_page(given, tmp_path / "compare.html")
    html = (tmp_path / "compare.html").read_text("utf-8")
    needs_nothing_else(Page(html), html)
    assert "nan" not in comparison_text(given)
    files = write_comparison_plots(given, tmp_path)
    assert [file.name for file in files] == ([] if case in ("nothing", "not numbers") else ["differences.png"])
    assert not recwarn.list


def test_a_name_that_looks_like_a_column_changes_nothing(tmp_path: Path) -> None:
    comparison_page(comparison(("verdict", "difference")), tmp_path / "compare.html")
    assert Page((tmp_path / "compare.html").read_text("utf-8")).text["span"] == ["better", "worse", "better", "better"]


def test_rows_without_end_are_counted() -> None:
    plot = comparison_plots(extremes()["many"])["differences.png"]
    assert len(plot.figure.axes[0].get_yticklabels()) == MOST_ROWS
    assert plot.figure.get_supxlabel().startswith("and 40 more")


def test_it_comes_back_as_it_was_written() -> None:
    given = comparison(("a", "b", "c"))
    assert Comparison.model_validate_json(given.model_dump_json()) == given


def test_a_name_that_is_no_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Let it end in \.htm or \.html"):
        comparison_page(comparison(), tmp_path / "compare.pdf")
