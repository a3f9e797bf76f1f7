"""What is done about leaks: looked for on all sides, then refused, left out, or let pass with every figure marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fashion_match.core.error import DataError, UsageError
from fashion_match.core.evaluate.evidence import Evidence, Shot, shot_of_item
from fashion_match.core.evaluate.leak import (
    TWIN,
    LeakProgress,
    describe_side,
    find_leaks,
    find_twins,
    find_unknown,
    summarize,
    write_leaks,
)
from fashion_match.core.evaluation import Leak, LeakCheck, LeakKind
from fashion_match.core.evaluation_request import EvalProgress, Policy, Tell
from fashion_match.core.item import Item

PHOTO_KINDS: tuple[LeakKind, ...] = ("same file", "same content", "near duplicate")
ADVICE = "Leave them out with --drop-leaks, or mark every figure with --allow-leaks."
N_SHOWN = 5
"""Leaks that are named when a run is refused."""


class OtherSide:
    """Photos that the tested ones must not meet.

    Args:
        name: ends the sentence "photos ...": ``that the model was trained on``.
        labels: whether it must not share a label either; between queries and gallery that is the task itself.
    """

    def __init__(self, name: str, shots: Sequence[Shot], *, labels: bool) -> None:
        self.name, self.shots = name, shots
        self.kinds: tuple[LeakKind, ...] = (*PHOTO_KINDS, "same label") if labels else PHOTO_KINDS


def check_leaks(
    tested: Sequence[Item],
    others: Sequence[OtherSide],
    *,
    within: bool,
    policy: Policy,
    evidence: Evidence,
    out: Path,
    tell: Tell = lambda _: None,
) -> tuple[list[Item], LeakCheck, list[Leak]]:
    """Return the items that may be tested, what was found, and all leaks.

    Args:
        within: whether the tested items are searched among each other, so that one must not be another's twin.
        out: where all leaks are listed when they are the reason to refuse.

    Raises:
        DataError: there are leaks, and the policy is to refuse.
        UsageError: nothing is left.
    """

    def on_progress(progress: LeakProgress) -> None:
        tell(EvalProgress(progress.stage, progress.done, progress.total))

    shots = [shot_of_item(item) for item in tested]
    leaks: list[Leak] = []
    lines, unknown = [], []
    for side in others:
        leaks += find_leaks(
            shots, side.shots, side=side.name, kinds=side.kinds, photos=evidence, on_progress=on_progress
        )
        lines.append(describe_side(len(shots), len(side.shots), side.name))
        unknown += find_unknown(side.shots, what=f"photos {side.name}", photos=evidence)
    if within:
        leaks += find_twins(shots, photos=evidence, on_progress=on_progress)
        lines.append(f"{len(shots):,} tested items against each other")
    unknown += find_unknown(shots, what="tested photos", photos=evidence)
    kinds = {kind for side in others for kind in side.kinds} | ({*PHOTO_KINDS} if within else set())
    check = summarize(leaks, kinds=kinds, sides=lines, unknown=unknown)
    kept = list(tested)
    if leaks and policy == "refuse":
        raise DataError(_refusal(check), f"All are in {_list(leaks, out)}. {ADVICE}")
    if leaks and policy == "drop":
        kept = _without(tested, leaks)
        n_gone = len(tested) - len(kept)
        check = check.model_copy(update={"n_leaking": n_gone, "n_dropped": n_gone})
    return kept, check, leaks


def _without(tested: Sequence[Item], leaks: Sequence[Leak]) -> list[Item]:
    """Return the items that do not leak; of twins one stays."""
    gone: set[str] = set()
    for leak in sorted(leaks, key=lambda leak: leak.side == TWIN):
        if leak.side != TWIN or leak.other not in gone:
            gone.add(leak.item)
    kept = [item for item in tested if item.id not in gone]
    if not kept:
        raise UsageError("every tested item leaks.", "Give a source that the model has not met.")
    return kept


def _refusal(check: LeakCheck) -> str:
    counted = ", ".join(f"{n:,} by {kind}" for kind, n in check.counts.items() if n)
    shown = "; ".join(f"{leak.item} and {leak.other} ({leak.kind})" for leak in check.examples[:N_SHOWN])
    items = "item is" if check.n_leaking == 1 else "items are"
    return f"{check.n_leaking:,} tested {items} on both sides: {counted}. Such as {shown}."


def _list(leaks: Sequence[Leak], out: Path) -> Path:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}.", "Name another folder with --out.") from None
    write_leaks(leaks, out)
    return out
