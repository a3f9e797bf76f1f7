"""The pictures of a study show every row, also where nothing varies or a single repeat is done."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image

from fashion_match import UsageError
from fashion_match.core.report.study import draw_curves, draw_normal, error_curves, normal_plots


def curves(n_backbones: int = 4, n_repeats: int = 20) -> dict[str, dict[str, list[list[float]]]]:
    source = random.Random(0)
    return {
        f"backbone_{n}": {
            weights: [
                [max(0.0, start - 0.01 * step + source.gauss(0, 0.04)) for step in range(16)] for _ in range(n_repeats)
            ]
            for weights, start in (("pretrained", 0.2), ("random", 0.5))
        }
        for n in range(n_backbones)
    }


def rows() -> dict[str, dict[str, list[float]]]:
    source = random.Random(1)
    fixed = {"before": [0.3] * 20, "stop": [source.gauss(0.25, 0.03) for _ in range(20)], "oracle": [0.2] * 20}
    free = {
        name: [source.gauss(mean, 0.03) for _ in range(20)]
        for name, mean in (("before", 0.5), ("stop", 0.45), ("oracle", 0.4))
    }
    return {"alexnet, pretrained": fixed, "alexnet, random": free}


def test_curves_have_a_panel_for_each_backbone_and_a_line_for_each_weights():
    figure = draw_curves(curves(), "top-5 error")
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title(loc="left") for axis in shown] == [f"backbone_{n}" for n in range(4)]
    for axis in shown:
        assert [line.get_label() for line in axis.lines] == ["pretrained", "random"]
        assert len(axis.collections) == 2  # the bands
        assert list(axis.lines[0].get_xdata()) == list(range(16))
    first = curves()["backbone_0"]["random"]
    mean = sum(run[3] for run in first) / len(first)
    assert shown[0].lines[1].get_ydata()[3] == pytest.approx(mean)


def test_what_does_not_vary_is_said_instead_of_drawn():
    figure = draw_normal(rows(), "top-5 error")
    fixed, free = (axis for axis in figure.axes if axis.get_visible())
    (text,) = [text.get_text() for text in fixed.texts]
    assert text == "before: 0.3 in all repeats\noracle: 0.2 in all repeats"
    assert not free.texts
    assert len(free.lines) == 6  # points and a line, three times


def test_pictures_are_written(tmp_path: Path):
    error_curves(curves(9), tmp_path / "curves.png", "top-5 error")
    normal_plots(rows(), tmp_path / "normal.png", "top-5 error")
    for name in ("curves.png", "normal.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width == 1200
    with pytest.raises(UsageError, match="cannot write"):
        error_curves({}, tmp_path / "nowhere" / "curves.png", "error")


def test_a_single_repeat_and_runs_of_unequal_length_can_be_drawn():
    draw_curves({"a": {"random": [[0.5, 0.4]]}}, "error")
    figure = draw_curves({"a": {"random": [[0.5, 0.4, 0.3], [0.5, 0.2]]}}, "error")
    assert len(figure.axes[0].lines[0].get_xdata()) == 2
    draw_normal({"a": {"before": [0.5]}}, "error")
