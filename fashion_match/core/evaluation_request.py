"""What an evaluation is asked for, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.tested import Part

Policy = Literal["refuse", "allow", "drop"]
"""What is done about items that are on both sides."""


@dataclass(frozen=True)
class EvalRequest:
    """What is asked for.

    Raises:
        UsageError: there is no such part, or no such policy.
    """

    source: str
    protocol: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the protocol, see `fashion_match.core.evaluate.option`."""
    reader: str | None = None
    reader_options: Mapping[str, Any] = field(default_factory=dict)
    label_by: tuple[str, ...] = ()
    """Attributes whose values together are the label, in place of the items' own."""
    part: Part = "auto"
    gallery: str | None = None
    """A source that is searched."""
    trained_on: tuple[str, ...] = ()
    """Sources that the model was trained on, where it does not say so itself."""
    by: tuple[str, ...] | None = None
    """Attributes for figures by value; ``None`` for the usual ones."""
    leaks: Policy = "refuse"
    n_resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for value, known, what in ((self.part, Part, "splits"), (self.leaks, Policy, "ways to deal with leaks")):
            if value not in get_args(known):
                raise UsageError(f"{value!r} is none of the {what}.", did_you_mean(value, get_args(known), what=what))


@dataclass(frozen=True)
class EvalProgress:
    """How far an evaluation has come."""

    stage: str
    """``read``, ``compare``, ``embed``, ``rank``."""
    done: int
    total: int


Tell = Callable[[EvalProgress], None]
