"""Errors are for the user: two lines, an exit code, and the nearest spelling."""

from __future__ import annotations

import pytest

from fashion_match import (
    DataError,
    FashionMatchError,
    ModelError,
    PluginError,
    ReaderError,
    StoreError,
    UsageError,
)
from fashion_match.core.error import did_you_mean, nearest_spelling


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UsageError, 2), (PluginError, 2), (ReaderError, 2), (DataError, 3), (ModelError, 4), (StoreError, 5)],
)
def test_exit_codes_say_which_part_refused(kind: type[FashionMatchError], code: int) -> None:
    assert kind("no").exit_code == code
    assert issubclass(kind, FashionMatchError)


def test_problem_and_remedy_are_two_lines() -> None:
    error = UsageError("the sky is green.", "Look again.")
    assert str(error) == "the sky is green.\nLook again."
    assert (error.problem, error.remedy) == ("the sky is green.", "Look again.")
    assert str(UsageError("alone")) == "alone"


def test_nearest_spelling_ignores_case_and_answers_in_the_known_case() -> None:
    known = ["Navy Blue", "Blue", "Steel", "Red"]
    assert nearest_spelling("blu", known) == ["Blue"]
    assert nearest_spelling("NAVY BLUE", known)[0] == "Navy Blue"
    assert nearest_spelling("xylophone", known) == []


def test_remedy_falls_back_to_what_is_known_and_stays_short() -> None:
    assert did_you_mean("blu", ["Blue", "Red"], what="colours") == "Did you mean 'Blue'?"
    assert did_you_mean("q", ["Blue", "Red"], what="colours") == "Known colours: Blue, Red."
    assert did_you_mean("q", [], what="colours") == "There are no colours."
    many = did_you_mean("q", [f"name{n:02}" for n in range(30)], what="names")
    assert many == "Known names: " + ", ".join(f"name{n:02}" for n in range(12)) + ", ... (30 in all)."
