"""Diagrams of an evaluation: which there are, what they say, and that nothing an evaluation holds can break them."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from PIL import Image

from fashion_match import UsageError
from fashion_match.core.evaluation import Confusion, Curve, Estimate
from fashion_match.core.report.bar_plot import MOST_BARS
from fashion_match.core.report.confusion_plot import most_frequent
from fashion_match.core.report.evaluation_plot import evaluation_plots, write_evaluation_plots
from fashion_match.core.report.plot import Plot
from tests.core.report.evaluations import (
    EXTREMES,
    HOSTILE,
    MARKED,
    PROTOCOLS,
    classify,
    evaluation,
    filtered,
    group,
    many,
    match,
    pairs,
    retrieval,
)

FILES = {
    "pairs": ["roc.png", "det.png", "scores.png", "confusion-verdict.png", "classes-verdict.png"],
    "retrieval": ["recall@k.png", "by-category.png", "by-color.png"],
    "match": ["top-k-error.png"],
    "classify": ["confusion-category.png", "classes-category.png"],
    "filtered": ["filter-recall.png", "filter-time.png"],
}


def words(plot: Plot) -> set[str]:
    """Return every text of a diagram, as it is drawn."""
    plot.figure.draw_without_rendering()
    texts = (text.get_text().replace(r"\$", "$") for text in plot.figure.findobj(Text) if text.get_visible())
    return {" ".join(text.split()) for text in texts}


def drawn(axis: Axes) -> Iterator[tuple[list[float], list[float]]]:
    for line in axis.get_lines():
        yield list(map(float, line.get_xdata())), list(map(float, line.get_ydata()))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_gives_its_files(protocol: str, tmp_path: Path) -> None:
    files = write_evaluation_plots(PROTOCOLS[protocol](), tmp_path)
    assert [file.name for file in files] == FILES[protocol]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(FILES[protocol])
    for file in files:
        assert Image.open(file).format == "PNG"


def test_a_roc_says_its_area_the_guess_and_where_the_threshold_lies() -> None:
    plot = evaluation_plots(pairs())["roc.png"]
    assert {"AUC 0.981 [0.975, 0.986]", "trivial guess: 0.500"} <= words(plot)
    assert "at threshold 0.620: FMR 0.021, FNMR 0.039" in words(plot)
    assert ([0.021], [1 - 0.0389]) in list(drawn(plot.figure.axes[0]))
    assert ([0.0, 1.0], [0.0, 1.0]) in list(drawn(plot.figure.axes[0]))
    assert "AUC 0.981 [0.975, 0.986]" in plot.alt


def test_a_det_is_logarithmic_and_marks_where_both_errors_are_equal() -> None:
    plot = evaluation_plots(pairs())["det.png"]
    (axis,) = plot.figure.axes
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert "EER 0.032 [0.028, 0.036]" in words(plot)
    assert ([0.0319], [0.0319]) in list(drawn(axis))
    assert all(min(xs) > 0 and min(ys) > 0 for xs, ys in drawn(axis)), "nothing is drawn where there is no place"


def test_the_threshold_is_found_among_the_options_too() -> None:
    given = pairs(figures={"accuracy": Estimate(value=0.9)}, options={"threshold": 0.85})
    assert "threshold 0.850" in words(evaluation_plots(given)["scores.png"])
    unknown = words(evaluation_plots(pairs(figures={}, heading="pairs"))["scores.png"])
    assert not [word for word in unknown if "threshold" in word]


def test_scores_are_shown_where_there_are_any() -> None:
    scores = Curve(x=(-0.9, 0.7, 0.8, 0.9), y=(0, 0.5, 0.5, 0))
    (axis,) = evaluation_plots(pairs(curves={"same": scores}))["scores.png"].figure.axes
    assert axis.get_xlim() == pytest.approx((0.6, 0.82)), "from the threshold to the highest score that occurs"


@pytest.mark.parametrize("make", [retrieval, match])
def test_lines_over_k_show_intervals_and_the_guess(make) -> None:
    plot = next(iter(evaluation_plots(make()).values()))
    (axis,) = plot.figure.axes
    assert {"95 % interval", "trivial guess", "this model"} <= words(plot)
    assert axis.get_xscale() == ("log" if make is retrieval else "linear")


def test_a_guess_given_as_a_curve_is_drawn_as_it_is() -> None:
    guess = Curve(x=(1, 2, 3), y=(0.1, 0.2, 0.3))
    given = retrieval(curves={"recall@k": Curve(x=(1, 2, 3), y=(0.5, 0.6, 0.7)), "recall@k guess": guess})
    plots = evaluation_plots(given)
    assert [name for name in plots if not name.startswith("by-")] == ["recall@k.png"]
    assert ([1, 2, 3], [0.1, 0.2, 0.3]) in list(drawn(plots["recall@k.png"].figure.axes[0]))


def test_bars_come_most_frequent_first_with_counts_and_say_how_many_are_left_out() -> None:
    given = retrieval(groups={"color": tuple(group(f"value {n}", n, 0.5) for n in range(44))})
    plot = evaluation_plots(given)["by-color.png"]
    labels = [text.get_text() for text in plot.figure.axes[0].get_yticklabels()]
    assert labels == [*(f"value {43 - n}" for n in range(MOST_BARS)), "and 14 more"]
    assert {"43", "14", "queries", "trivial guess", "95 % interval"} <= words(plot)
    assert len(plot.figure.axes[0].patches) == MOST_BARS
    few = evaluation_plots(retrieval())["by-category.png"]
    assert not [word for word in words(few) if "more" in word]


def test_classes_show_what_f1_is_made_of() -> None:
    plot = evaluation_plots(classify())["classes-category.png"]
    assert {"F1", "recall", "precision", "T-shirts", "318"} <= words(plot)


def test_a_small_confusion_matrix_is_written_out_and_a_large_one_is_put_together() -> None:
    small = evaluation_plots(classify())["confusion-category.png"]
    assert {"300", "T-shirts", "taken for", "is"} <= words(small)
    large = evaluation_plots(classify(many(75)))["confusion-category.png"]
    assert "other (45)" in words(large)
    assert "300" not in words(large)
    width, height = Image.open(io.BytesIO(large.png)).size
    assert max(width, height) < 2500


def test_other_classes_lose_no_count() -> None:
    counts = ((1, 2, 3), (4, 50, 6), (7, 8, 9))
    classes, merged = most_frequent(Confusion(classes=("a", "b", "c"), counts=counts), 1)
    assert classes == ["b", "other (2)"]
    assert merged == [[50, 4 + 6], [2 + 8, 1 + 3 + 7 + 9]]
    classes, whole = most_frequent(Confusion(classes=("a", "b", "c"), counts=counts), 3)
    assert classes == ["b", "c", "a"]
    assert whole[0] == [50, 6, 4]


def test_a_confusion_matrix_is_colored_by_the_shares_of_its_rows() -> None:
    plot = evaluation_plots(classify(confusion={"category": Confusion(classes=("a", "b"), counts=((3, 1), (0, 0)))}))
    (shares,) = [image.get_array() for image in plot["confusion-category.png"].figure.axes[0].images]
    assert shares.tolist() == [[0.75, 0.25], [0, 0]]


def test_filters_are_drawn_over_the_share_they_leave() -> None:
    plots = evaluation_plots(filtered())
    (recall,), (time,) = plots["filter-recall.png"].figure.axes, plots["filter-time.png"].figure.axes
    assert recall.get_xscale() == time.get_xscale() == time.get_yscale() == "log"
    assert {"index, median", "exact search, median", "index, 99 %", "exact search, 99 %"} <= words(
        plots["filter-time.png"]
    )
    assert "category=Tops price<6$" in words(plots["filter-recall.png"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_rests_on_leaks_says_so_in_its_title(protocol: str) -> None:
    for plot in evaluation_plots(PROTOCOLS[protocol](leaks=MARKED)).values():
        assert plot.title.endswith("· leaks allowed")
        assert plot.figure.get_suptitle().endswith("· leaks allowed")
    for plot in evaluation_plots(PROTOCOLS[protocol]()).values():
        assert "leaks" not in plot.title + plot.figure.get_suptitle()


@pytest.mark.parametrize("case", EXTREMES)
def test_nothing_that_an_evaluation_holds_breaks_a_diagram(case: str, recwarn: pytest.WarningsRecorder) -> None:
    for name, plot in evaluation_plots(EXTREMES[case]).items():
        assert len(name) < 80
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789@._-")
        assert plot.png.startswith(b"\x89PNG")
        assert "nan" not in plot.alt
        for axis in plot.figure.axes:
            for xs, ys in drawn(axis):
                assert all(map(math.isfinite, (*xs, *ys)))
    assert not recwarn.list


def test_what_is_no_number_is_not_drawn() -> None:
    assert evaluation_plots(EXTREMES["not numbers"]) == {}
    assert evaluation_plots(EXTREMES["nothing"]) == {}


def test_dollars_are_dollars_and_long_names_stay_inside() -> None:
    given = retrieval(groups={"a$b$c": (group("cost $5$ each", 5, 0.5), group("x" * 300, 4, 0.5))}, heading=HOSTILE)
    (plot,) = [plot for plot in evaluation_plots(given).values() if plot.part]
    assert "cost $5$ each" in words(plot)
    plot.figure.draw_without_rendering()
    (axis,) = plot.figure.axes
    assert axis.get_window_extent().width > plot.figure.bbox.width / 2, "names do not crowd out the bars"
    for label in axis.get_yticklabels():
        assert label.get_window_extent().x0 >= 0


@pytest.mark.parametrize("names", [("same", "different"), many(75), ("x" * 300,), ("a", "b" * 300)])
def test_a_title_and_every_label_of_a_matrix_stay_inside(names: tuple[str, ...]) -> None:
    plot = evaluation_plots(classify(names, leaks=MARKED))["confusion-category.png"]
    plot.figure.draw_without_rendering()
    texts = [plot.figure._suptitle, *plot.figure.axes[0].get_xticklabels(), *plot.figure.axes[0].get_yticklabels()]
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= plot.figure.bbox.x1 + 1


def test_names_that_differ_in_signs_only_do_not_overwrite_each_other() -> None:
    given = retrieval(
        groups={"a b": (group("x", 1, 0.5),), "a/b": (group("y", 1, 0.5),), "../b": (group("z", 1, 0.5),)}
    )
    assert list(evaluation_plots(given))[1:] == ["by-a-b.png", "by-a-b-2.png", "by-..-b.png"]


def test_a_curve_of_a_plugin_is_drawn_too() -> None:
    given = evaluation("own", curves={"loss over time": Curve(x=(1, 2), y=(3, 4))})
    assert list(evaluation_plots(given)) == ["curve-loss-over-time.png"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        write_evaluation_plots(match(), tmp_path / "no")


def test_no_state_is_left_behind() -> None:
    from matplotlib import pyplot, rcParams

    before = dict(rcParams)
    for plot in evaluation_plots(match()).values():
        assert plot.png
    assert dict(rcParams) == before
    assert pyplot.get_fignums() == []
