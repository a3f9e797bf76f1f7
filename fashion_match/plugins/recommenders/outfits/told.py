"""An outfit as a hit, in words."""

from __future__ import annotations

from collections.abc import Sequence

from fashion_match import Hit, Request
from fashion_match.plugins.recommenders.reason import make_hit

from .compose import Outfit
from .garment import Garment, agreement, harmony_of


def outfit_hit(outfit: Outfit, given: Sequence[Garment], request: Request, budget: float | None, spent: float) -> Hit:
    """Return an outfit as the hit of its first garment.

    Args:
        spent: price of the given garments, as far as it counts.
    """
    parts = tuple(_part(garment, outfit, given, request) for garment in outfit.garments)
    return parts[0].model_copy(
        update={"score": outfit.score, "outfit": parts, "why": tuple(_reasons(outfit, given, budget, spent))}
    )


def _part(garment: Garment, outfit: Outfit, given: Sequence[Garment], request: Request) -> Hit:
    assert garment.stored is not None
    others = [*given, *(other for other in outfit.garments if other is not garment)]
    score = sum(agreement(garment.look, other.look) for other in others) / len(others) if others else 1.0
    # A given garment is what the others are chosen for; without one, the first of the outfit is.
    base = given[0] if given else outfit.garments[0]
    between = harmony_of(base.look, garment.look) if garment is not base else None
    reasons = [] if given or garment is base else _agreeing([base], [garment])
    hit = make_hit(garment.stored, request, score=score, reasons=[*reasons, *([str(between)] if between else [])])
    return hit.model_copy(update={"slot": garment.slot})


def _reasons(outfit: Outfit, given: Sequence[Garment], budget: float | None, spent: float) -> list[str]:
    every = [*given, *outfit.garments]
    base, *others = every
    reasons = [*_harmonies(base, others), *_agreeing(given, outfit.garments)]
    if any(garment.price is not None for garment in outfit.garments):
        total = outfit.price + spent
        reasons.append(f"{total:g} in all" + ("" if budget is None else f" of {budget:g}"))
    return reasons


def _harmonies(base: Garment, others: Sequence[Garment]) -> list[str]:
    """Return how the colours go with that of the base: ``"neutral colour: Blue/Black, White"``."""
    by_relation: dict[tuple[str, str], dict[str, None]] = {}
    for other in others:
        between = harmony_of(base.look, other.look)
        if between is not None:
            by_relation.setdefault((str(between.relation), between.base), {})[between.other] = None
    return [f"{relation} colour: {name}/{', '.join(names)}" for (relation, name), names in by_relation.items()]


def _agreeing(given: Sequence[Garment], added: Sequence[Garment]) -> list[str]:
    """Return what the added garments have in common with each other, and with what is known of the given ones."""
    known = [garment.look for garment in (*given, *added) if garment.look.seasons or garment in added]
    seasons = set.intersection(*(set(look.seasons) for look in known))
    said = [f"all for {', '.join(sorted(seasons))}"] if seasons and len(known) > 1 else []
    usages = {garment.look.usage for garment in (*given, *added) if garment.look.usage or garment in added}
    if len(usages) == 1 and None not in usages and len(known) > 1:
        said.append(f"all {next(iter(usages))}")
    return said
