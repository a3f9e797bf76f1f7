"""Why a hit was recommended, in one line."""

from __future__ import annotations

from collections.abc import Collection

from fashion_match.core.item import STANDARD_ATTRIBUTES, Hit
from fashion_match.core.report.caption import one_line


def because(hit: Hit, filtered: Collection[str] = ()) -> str:
    """Return such as ``"same category and pattern; complementary colour: Blue/Orange"``.

    What a hit has in common with the given garment comes first, without its values, which the hit shows anyway. A hit
    that nothing more is known about is there for its looks.

    Args:
        filtered: attributes that the filter is about: that a hit meets it goes without saying.
    """
    same: list[str] = []
    others: list[str] = []
    asked: list[str] = []
    for reason in hit.why:
        name, colon, value = reason.partition(": ")
        if reason == "same label":
            same.append("product")
        elif colon and name in STANDARD_ATTRIBUTES and _text(hit, name) == value:
            (asked if name in filtered else same).append(name)
        else:
            others.append(one_line(reason))
    if any(" colour: " in reason for reason in others) and "color" in same:  # which says it better
        same.remove("color")
    agreed = [f"same {_listed(same)}"] if same else []
    return "; ".join([*agreed, *others]) or (f"as asked: {_listed(asked)}" if asked else "alike in looks")


def _text(hit: Hit, name: str) -> str | None:
    value = hit.attributes.get(name)
    return ", ".join(value) if isinstance(value, list) else None if value is None else str(value)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
