"""Errors that are the user's to mend: a problem, a remedy, and an exit code that says which part refused.

Anything else that is raised is a bug of ours (or of a plugin) and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class FashionMatchError(Exception):
    """A mistake that the user can mend.

    Args:
        problem: one line that names the culprit, with the offending value in it.
        remedy: one line that says what to do next; may be empty where the problem says it already.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}\n{remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy


class UsageError(FashionMatchError):
    """A wrong option, name, value or filter."""


class PluginError(FashionMatchError):
    """A plugin that is unknown, broken, registered twice, or was given options that it does not have."""


class ReaderError(FashionMatchError):
    """A source that cannot be read at all. A single bad record is a `Failure` instead, and reading goes on."""


class DataError(FashionMatchError):
    """Data of the user's that failed where the run was told to stop at the first failure."""

    exit_code = 3


class ModelError(FashionMatchError):
    """A model that is missing, damaged, cannot be downloaded, or does not fit the collection."""

    exit_code = 4


class StoreError(FashionMatchError):
    """A store that is unreachable, locked by another process, damaged, or lacks the collection."""

    exit_code = 5


def nearest_spelling(word: str, known: Iterable[str], *, n: int = 3) -> list[str]:
    """Return up to ``n`` of ``known``, best first, that ``word`` may have meant, whatever its case."""
    by_folded: dict[str, str] = {}
    for name in known:
        by_folded.setdefault(name.casefold(), name)
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=n, cutoff=0.6)
    return [by_folded[match] for match in matches]


def did_you_mean(word: str, known: Iterable[str], *, what: str) -> str:
    """Return the remedy line for an unknown ``word``: the nearest spellings, else all that is known (at most twelve).

    Args:
        what: plural noun of the known things, such as ``"readers"``.
    """
    names = sorted(known)
    near = nearest_spelling(word, names)
    if near:
        return f"Did you mean {' or '.join(map(repr, near))}?"
    if not names:
        return f"There are no {what}."
    shown = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    return f"Known {what}: {shown}."
