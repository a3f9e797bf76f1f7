"""Curves show what a run wrote down, whatever is missing from it, and name it beside the lines."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fashion_match import UsageError
from fashion_match.core.report.curve import draw_search, draw_training, learning_rate_plot, training_curves

PNG = b"\x89PNG\r\n\x1a\n"
BEFORE = {"epoch": 0.0, "val/map@r": 0.2, "val/recall@1": 0.4}
ROWS: list[dict[str, float]] = [
    {
        "epoch": float(epoch),
        "step": 10.0 * epoch,
        "seconds": 3.0 * epoch,
        "stage": 1.0,
        "lr": 1e-3 / epoch,
        "train/loss": 2 / epoch,
        "train/triplet": 1 / epoch,
        "train/triplet.violations": 100.0 / epoch,
        "val/map@r": [0.3, 0.6, 0.5][epoch - 1],
        "val/recall@1": 0.5,
        "val/recall@1:color": 0.9,
        "val/map@r:color": 0.4,
        "val/accuracy:color": 0.7,
        "val/loss": 0.9,
    }
    for epoch in (1, 2, 3)
]


def panels(figure: Figure) -> dict[str, Axes]:
    return {axis.get_ylabel(): axis for axis in figure.axes}


def legend(axis: Axes) -> list[str]:
    shown = axis.get_legend()
    return [text.get_text() for text in shown.get_texts()] if shown else []


def lines(axis: Axes) -> dict[str, Any]:
    return {line.get_label(): line for line in axis.get_lines()}


def test_each_kind_of_figure_has_its_panel():
    shown = panels(draw_training([BEFORE, *ROWS], "a run"))
    assert list(shown) == [
        "loss",
        "validation",
        "map@r by attribute",
        "accuracy by attribute",
        "learning rate",
        "violations in training",
    ]
    assert legend(shown["loss"]) == ["loss", "triplet", "loss of validation"]
    assert legend(shown["validation"]) == ["map@r", "best: 0.600, epoch 2", "recall@1", "before training"]
    assert shown["learning rate"].get_yscale() == "log"
    assert list(lines(shown["loss"])["triplet"].get_xdata()) == [1, 2, 3]
    assert list(lines(shown["loss"])["triplet"].get_ydata()) == [1, 1 / 2, 1 / 3]
    dotted = [line for line in shown["validation"].get_lines() if line.get_linestyle() == ":" and len(line.get_ydata())]
    assert sorted(line.get_ydata()[0] for line in dotted) == [0.2, 0.4]


def test_the_monitored_figure_is_marked_and_a_run_that_made_it_worse_says_so():
    marked = panels(draw_training(ROWS, "a run", monitor="val/accuracy:color"))
    assert "best: 0.700, epoch 1" in legend(marked["accuracy by attribute"])
    assert not any("best" in label for label in legend(marked["validation"]))
    worse = panels(draw_training([BEFORE | {"val/map@r": 0.9}, *ROWS], "a run"))
    assert "best: 0.900, before training" in legend(worse["validation"])


def test_a_joined_terms_own_figures_are_told_from_the_losses():
    row = {"epoch": 1.0, "train/loss": 1.0, "train/a/triplet": 0.5, "train/a/triplet.violations": 7.0}
    shown = panels(draw_training([row], "two methods"))
    assert legend(shown["loss"]) == ["loss", "a/triplet"]
    assert "violations in training" in shown
    both = {"train/category": 1.0, "train/category.accuracy": 0.5, "train/color": 1.0, "train/color.accuracy": 0.6}
    accuracies = panels(draw_training([row | both], "two terms"))["accuracy in training"]
    assert legend(accuracies) == ["category", "color"]


@pytest.mark.parametrize(
    "history",
    [
        [],
        [BEFORE],
        ROWS[:1],
        [{"epoch": 1.0, "lr": 0.0, "train/loss": math.nan}],
        [{"train/loss": 1.0}, {"lr": 1e-3}],
        [{**row, "epoch": row["epoch"] - 1} for row in ROWS],
        [{"epoch": 1.0, "train/loss": 1.0}, {"epoch": 2.0, "val/map@r": 0.5}, {"epoch": 3.0, "train/loss": math.inf}],
        [{"epoch": float(n), **{f"val/accuracy:{k}": 0.5 for k in range(30)}} for n in range(1, 100)],
    ],
)
def test_whatever_is_missing_the_rest_is_drawn(tmp_path: Path, history, recwarn):
    out = tmp_path / "curves.png"
    training_curves(history, out, "cost in $ and\nmore_$")
    assert out.read_bytes().startswith(PNG)
    assert not recwarn.list


def test_names_stand_beside_the_lines():
    figure = draw_training([BEFORE, *ROWS], "a run")
    figure.draw_without_rendering()
    for axis in figure.axes:
        if axis.get_legend():
            assert axis.get_legend().get_window_extent().x0 > axis.get_window_extent().x1
            assert axis.get_legend().get_window_extent().x1 <= figure.bbox.x1


def test_the_suggested_rate_is_marked(tmp_path: Path):
    rates = [10**n for n in (-5, -4, -3, -2, -1)]
    losses = [1.0, 0.9, 0.5, 3000.0, math.nan]
    (axis,) = draw_search(rates, losses, 3e-4).axes
    assert axis.get_xscale() == "log"
    assert legend(axis) == ["suggested: 0.0003"]
    assert axis.get_ylim()[1] < 2  # what diverges is left out
    for found in (3e-4, None):
        learning_rate_plot(rates, losses, found, tmp_path / "rates.png")
        assert (tmp_path / "rates.png").read_bytes().startswith(PNG)
    learning_rate_plot([], [], None, tmp_path / "none.png")


def test_no_state_is_left_behind(tmp_path: Path):
    from matplotlib import pyplot

    training_curves(ROWS, tmp_path / "curves.png", "a run")
    assert pyplot.get_fignums() == []
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_what_cannot_be_written_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match=r"\.png"):
        training_curves(ROWS, tmp_path / "curves.gif", "a run")
    with pytest.raises(UsageError, match="no folder"):
        learning_rate_plot([1e-3], [1.0], None, tmp_path / "no" / "rates.png")
