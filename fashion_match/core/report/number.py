"""How figures are written: the same digits in a table, beside a curve and on a page."""

from __future__ import annotations

import math

from fashion_match.core.evaluation import Estimate

UNKNOWN = "–"
"""Stands where there is no number."""


def number(value: float | None) -> str:
    """Return a figure with three digits or so: ``0.812``, ``0.0042``, ``3.1e-05``, ``12.50``, ``1,234``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size > 1:
        return f"{value:.2f}"
    if size == 0 or size >= 0.01:
        return f"{value:.3f}"
    return f"{value:#.2g}"


def signed(value: float) -> str:
    """Return a difference, which says its sign unless it is nothing: ``+0.012``."""
    return f"+{number(value)}" if value > 0 else number(value)


def probability(value: float) -> str:
    """Return a probability that comes from counting resamplings, which can show neither 0 nor 1: ``93.4 %``."""
    if not math.isfinite(value):
        return UNKNOWN
    return "< 0.1 %" if value < 0.001 else "> 99.9 %" if value > 0.999 else f"{100 * value:.1f} %"


def has_interval(estimate: Estimate) -> bool:
    """Whether both ends of the interval are known."""
    return all(end is not None and math.isfinite(end) for end in (estimate.low, estimate.high))


def interval(estimate: Estimate) -> str:
    """Return ``[0.790, 0.833]``, or nothing where there is no interval."""
    return f"[{number(estimate.low)}, {number(estimate.high)}]" if has_interval(estimate) else ""


def with_interval(estimate: Estimate) -> str:
    """Return ``0.812 [0.790, 0.833]``, or the value alone."""
    return " ".join(filter(None, (number(estimate.value), interval(estimate))))


def counted(n: int, noun: str) -> str:
    """Return ``1 query``, ``1,600 queries``."""
    if n == 1:
        return f"1 {noun}"
    return f"{n:,} {noun[:-1]}ies" if noun.endswith("y") else f"{n:,} {noun}s"


def seconds(value: float) -> str:
    """Return a time with the unit that suits it: ``1,234 s``, ``4.2 s``, ``31 ms``, ``0.12 µs``."""
    if value >= 10:
        return f"{value:,.0f} s"
    if value >= 0.1 or value == 0:
        return f"{value:.1f} s"
    return f"{1e3 * value:.3g} ms" if value >= 1e-4 else f"{1e6 * value:.2g} µs"
