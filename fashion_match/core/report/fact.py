"""What must be known about an evaluation beside its figures: on what, of what, how sure, and whether items leak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fashion_match.core.evaluation import Evaluation, LeakCheck
from fashion_match.core.report.caption import one_line, shorten
from fashion_match.core.report.number import counted, has_interval, seconds

ASKED = {"pairs": "pair", "classify": "classified item"}
"""What the queries of a protocol are; else they are queries."""
FINGERPRINT = 12
"""Characters of a fingerprint that tell models apart."""


@dataclass(frozen=True)
class LeakWords:
    """What was found out about leaks."""

    state: Literal["marked", "clean", "unknown"]
    """``unknown`` where nothing could be looked at."""
    headline: str
    details: tuple[str, ...]
    """Counts by kind, and what was compared with what."""
    unknown: tuple[str, ...]
    """What could not be looked at."""


def facts(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """Yield what was measured on what as pairs of a name and a value."""
    asked = ASKED.get(evaluation.protocol, "query")
    counts = [counted(evaluation.n_items, "item"), counted(evaluation.n_queries, asked)]
    if evaluation.n_labels:
        counts.append(counted(evaluation.n_labels, "label"))
    if evaluation.n_failed:
        counts.append(f"{evaluation.n_failed:,} could not be used")
    yield "protocol", one_line(evaluation.protocol)
    yield "source", one_line(evaluation.source)
    yield "model", one_line(evaluation.model)
    yield "fingerprint", one_line(evaluation.fingerprint)[:FINGERPRINT]
    yield "made", when(evaluation.created)
    yield "counts", ", ".join(counts)
    yield "intervals", how_sure(evaluation)
    if evaluation.options:
        yield "options", ", ".join(f"{one_line(name)}={_option(value)}" for name, value in evaluation.options.items())
    if evaluation.seconds:
        yield "time", ", ".join(f"{one_line(stage)} {seconds(spent)}" for stage, spent in evaluation.seconds.items())


def when(created: str) -> str:
    """Return an ISO time as people write it: ``2025-11-29 16:12 UTC``."""
    date, separator, time = one_line(created).partition("T")
    return f"{date} {time[:5]} UTC" if separator else date


def how_sure(evaluation: Evaluation) -> str:
    """Return how the intervals came about."""
    if not any(map(has_interval, evaluation.figures.values())):
        return "none"
    return f"95 %, from resampling {counted(evaluation.n_labels, 'label')} with everything that bears them"


def leak_words(check: LeakCheck) -> LeakWords:
    """Put into words what was looked for on both sides of a split, and what was found."""
    counts = tuple(f"{kind} {count:,}" for kind, count in check.counts.items())
    details = (*map(one_line, check.sides), *((f"tested items by kind: {', '.join(counts)}",) if counts else ()))
    unknown = tuple(map(one_line, check.unknown))
    if check.marked:
        left = check.n_leaking - check.n_dropped
        stand = "stands" if left == 1 else "stand"
        said = (
            f"Leaks allowed: {counted(left, 'tested item')} {stand} on the other side too. Every figure rests on them."
        )
        return LeakWords("marked", said, details, unknown)
    if not check.counts:
        return LeakWords("unknown", "Leaks could not be looked for.", details, unknown)
    if check.n_dropped:
        were = "was" if check.n_dropped == 1 else "were"
        said = f"{counted(check.n_dropped, 'tested item')} leaked and {were} left out."
    else:
        said = "Looked for leaks, found none."
    return LeakWords("clean", said, details, unknown)


def _option(value: object) -> str:
    if isinstance(value, list | tuple):
        return "/".join(map(_option, value))
    return shorten("none" if value is None else str(value), 80)
