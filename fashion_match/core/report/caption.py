"""What is said beside a picture: the one place that knows how a hit is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fashion_match.core.item import AttributeValue, Hit

_ADJECTIVES = ("color", "pattern")
_SHOWN_FIRST = ("category", "color", "pattern", "season", "gender", "brand", "price")


@dataclass(frozen=True)
class Caption:
    """One hit in words. All texts are single lines and valid Unicode."""

    title: str
    """The item's name, or its description where it has none."""
    facts: tuple[str, ...]
    """Main attributes that the title does not say, in a fixed order."""
    id: str
    score: str
    fraction: float
    """The score as 0..1, for a bar; what is below zero is empty."""
    alt: str
    """Stands in for the picture."""
    why: tuple[str, ...]
    details: tuple[tuple[str, str], ...]
    """Every attribute, names in the same order as in ``facts``, the others by name."""


def caption(hit: Hit) -> Caption:
    """Put a hit into words."""
    described, used = _describe(hit.attributes)
    name = _text(hit.attributes.get("name"))
    season = _text(hit.attributes.get("season"))
    shown = [key for key in _SHOWN_FIRST if key in hit.attributes and (name or key not in used)]
    score = f"{hit.score:.3f}" if hit.p_same is None else f"{hit.score:.3f} · {hit.p_same:.0%} same"
    others = sorted(key for key in hit.attributes if key not in _SHOWN_FIRST)
    return Caption(
        title=name or described or one_line(hit.id),
        facts=tuple(_text(hit.attributes[key]) for key in shown),
        id=one_line(hit.id),
        score=score,
        fraction=min(max(hit.score, 0.0), 1.0),
        alt=name or ", ".join(part for part in (described, season) if part) or f"item {one_line(hit.id)}",
        why=tuple(map(one_line, hit.why)),
        details=tuple(
            (one_line(key), _text(hit.attributes[key]))
            for key in (*_SHOWN_FIRST, *others)
            if key in hit.attributes and key != "name"
        ),
    )


def one_line(text: str) -> str:
    """Return ``text`` with every run of white space as one blank, and what UTF-8 cannot say as ``?``."""
    return " ".join(text.split()).encode("utf-8", "replace").decode("utf-8")


def shorten(text: str, most: int) -> str:
    """Return ``text`` on one line, cut off with an ellipsis where it has more than ``most`` characters."""
    line = one_line(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _describe(attributes: Mapping[str, AttributeValue]) -> tuple[str, set[str]]:
    """Return such as ``"Blue striped T-shirt"``, and the attributes that it says; nothing without a category."""
    if "category" not in attributes:
        return "", set()
    words = [_text(attributes[key]) for key in _ADJECTIVES if key in attributes]
    return " ".join([*words, _text(attributes["category"])]), {*_ADJECTIVES, "category"}


def _text(value: AttributeValue | None) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return one_line(", ".join(value) if isinstance(value, list) else str(value))
