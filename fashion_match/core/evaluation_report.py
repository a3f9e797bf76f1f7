"""An outcome with its uncertainty, and with everything that a reader must know about it."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fashion_match.core.evaluate.option import Options
from fashion_match.core.evaluation import Evaluation, Group, LeakCheck
from fashion_match.core.evaluation_request import EvalRequest
from fashion_match.core.item import Item

if TYPE_CHECKING:
    from fashion_match.core.evaluate.outcome import Outcome

GROUPED = ("category", "color", "pattern", "season", "gender", "brand", "usage")
"""Attributes by whose values there are figures, unless others are asked for."""
MOST_VALUES = 100
"""Of such an attribute."""


def make_evaluation(
    outcome: Outcome,
    request: EvalRequest,
    options: Options,
    *,
    tested: Sequence[Item],
    n_searched: int,
    leaks: LeakCheck,
    model: tuple[str, str],
    n_failed: int,
    seconds: Mapping[str, float],
    notes: Sequence[str],
) -> Evaluation:
    """Resample what a protocol found, and write down what it was found on.

    Args:
        tested: items that could be tested.
        n_searched: other items, which they were searched among.
        model: how it was asked for, and its fingerprint.
    """
    from fashion_match.core.evaluate.bootstrap import estimate
    from fashion_match.core.evaluate.table import make_figures

    began = time.perf_counter()
    figures, labels = make_figures(request.protocol, outcome.table)
    guesses = dict(outcome.guesses) | {
        name: math.fsum(values) / len(values) for name, values in outcome.chances.items()
    }
    found = estimate(figures, len(labels), guesses, n_draws=request.n_resamples, seed=request.seed)
    groups = _groups(outcome, {item.id: item for item in tested}, request)
    spent = {**seconds, "resample": time.perf_counter() - began, **outcome.seconds}
    return Evaluation(
        protocol=request.protocol,
        heading=outcome.heading,
        source=request.source,
        model=model[0],
        fingerprint=model[1],
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        options=_said(request, options) | dict(outcome.options),
        n_items=len(tested) + n_searched,
        n_queries=len(next(iter(outcome.table.values()), ())),
        n_labels=len(labels),
        n_failed=n_failed,
        leaks=leaks,
        figures=found,
        groups=groups,
        draws=outcome.draws,
        classes=dict(outcome.classes),
        confusion=dict(outcome.confusion),
        curves=dict(outcome.curves),
        filters=outcome.filters,
        worst=outcome.worst,
        seconds={name: float(f"{value:.4g}") for name, value in spent.items()},
        notes=(*notes, *outcome.notes),
    )


def _said(request: EvalRequest, options: Options) -> dict[str, Any]:
    """Return what was asked for, as the report holds it."""
    said: dict[str, Any] = options.model_dump(mode="json")
    said |= {"split": request.part, "leaks": request.leaks, "resamples": request.n_resamples, "seed": request.seed}
    more = {"label by": list(request.label_by), "gallery": request.gallery, "trained on": list(request.trained_on)}
    return said | {name: value for name, value in more.items() if value}


def _groups(outcome: Outcome, items: Mapping[str, Item], request: EvalRequest) -> dict[str, tuple[Group, ...]]:
    """Return the figures by the values of attributes, where figures are means over queries."""
    from fashion_match.core.evaluate.group import group_figures

    if not outcome.chances:
        return {}
    asked = [items[one] for one in outcome.table["item"]]
    return {
        name: group_figures(
            outcome,
            [_text(item.attributes.get(name)) for item in asked],
            n_draws=request.n_resamples,
            seed=request.seed,
        )
        for name in (_grouped(items.values()) if request.by is None else request.by)
    }


def _grouped(items: Collection[Item]) -> list[str]:
    """Return the usual attributes that have several values, but not too many."""
    values: dict[str, set[str]] = {}
    for item in items:
        for name in GROUPED:
            if (value := _text(item.attributes.get(name))) is not None:
                values.setdefault(name, set()).add(value)
    return [name for name in GROUPED if 1 < len(values.get(name, ())) <= MOST_VALUES]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return ", ".join(sorted(value)) if isinstance(value, list) else str(value)
