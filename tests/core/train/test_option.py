"""What was given wins over what a method prefers, which wins over what is usual; and mistakes are named."""

from __future__ import annotations

from typing import Any

import pytest

from fashion_match import UsageError
from fashion_match.core.train.option import EPOCHS, Stage, TrainOptions, parse_options


def test_given_wins_over_preferred_which_wins_over_usual() -> None:
    options = parse_options({"lr": 0.5, "epochs": None}, {"lr": 0.1, "weight_decay": 0.3, "epochs": 4})
    assert (options.lr, options.weight_decay, options.epochs) == (0.5, 0.3, 4)
    assert options.batch_size == TrainOptions().batch_size
    assert parse_options({}) == TrainOptions()


@pytest.mark.parametrize(
    ("given", "lengths"),
    [
        ({}, [2, 3]),
        ({"epochs": 7}, [7]),
        ({"max_minutes": 5}, [EPOCHS]),
        ({"max_minutes": 5, "epochs": 4}, [4]),
        ({"stages": ["epochs=9"]}, [9]),
        ({"stages": ["epochs=9"], "epochs": 7}, [9]),
        ({"stages": ["epochs=9", "epochs=1"], "max_minutes": 5}, [9, 1]),
        ({"lr": 1}, [2, 3]),
    ],
)
def test_a_length_that_is_asked_for_takes_the_place_of_a_methods_stages(
    given: dict[str, Any], lengths: list[int]
) -> None:
    preferred = {"stages": [{"epochs": 2}, {"epochs": 3}], "epochs": 6}
    options = parse_options(given, preferred)
    assert [stage.epochs for stage in options.plan()] == lengths
    assert options.epochs == given.get("epochs", None if "max_minutes" in given else 6), "epochs bound the time"


def test_a_stage_is_written_as_text_or_as_a_table() -> None:
    text = "epochs=5, lr=1e-2,train=head,schedule=cosine,image_size_px=64,stop_early=true"
    expected = Stage(epochs=5, lr=1e-2, train="head", schedule="cosine", image_size_px=64, stop_early=True)
    options = parse_options({"stages": (text, {"epochs": 2})})
    assert options.stages == (expected, Stage(epochs=2))
    assert parse_options(options.model_dump(mode="json")) == options, "a manifest holds them"


def test_a_stage_has_the_rate_and_schedule_of_the_run_unless_it_has_its_own() -> None:
    options = parse_options({"stages": ["epochs=1", "epochs=2,lr=0.5,schedule=constant"], "lr": 0.1})
    assert [(s.epochs, s.lr, s.schedule) for s in options.plan()] == [(1, 0.1, "one-cycle"), (2, 0.5, "constant")]


def test_lists_may_be_written_with_commas() -> None:
    options = parse_options({"freeze": "features.0, features.1", "label_by": ("color",), "loggers": "csv,tensorboard"})
    assert (options.freeze, options.label_by) == (("features.0", "features.1"), ("color",))
    assert options.loggers == ("tensorboard",), "the table is always written"


@pytest.mark.parametrize(
    ("given", "problem", "remedy"),
    [
        ({"epoch": 3}, "a training run has no option 'epoch'", "Did you mean 'epochs'?"),
        ({"stages": ["epochs=5,trian=head"]}, "a stage has no option 'trian'", "Did you mean 'train'?"),
        ({"stages": ["epochs=5,batch_size=3"]}, "a stage has no option 'batch_size'", "Known options: epochs"),
        ({"stages": ["head"]}, "a stage is written epochs=5,lr=1e-2,train=head", ""),
        ({"stages": ["lr=1"]}, "stages.0.epochs", ""),
        ({"stages": ["epochs=1", "epochs=0"]}, "stages.1.epochs = '0'", ""),
        ({"lr": -1}, "the option lr = -1: input should be greater than 0", "fm train --help"),
        ({"schedule": "cosin"}, "schedule = 'cosin'", ""),
        ({"loggers": "tensorbord"}, "csv, tensorboard, wandb, mlflow", ""),
        ({"stages": ["epochs=1,stop_early=yes"], "validation": 0}, "a stage stops early by the validation loss", ""),
        ({"validation": 1}, "validation = 1", ""),
        ({"batch_size": 1}, "batch_size = 1", ""),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], problem: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_options(given)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert "\n" not in caught.value.problem


def test_what_a_method_prefers_is_checked_as_well() -> None:
    with pytest.raises(UsageError, match="no option 'epoch'"):
        parse_options({}, {"epoch": 3})
