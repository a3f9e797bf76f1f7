"""What the names of colours mean, whoever's catalogue they stand in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .lab import Lab, Lch, lab_of_hex, lab_of_lch, lch_of_lab
from .name_table import FAMILIES, NEUTRAL_FAMILIES, NEUTRALS


@dataclass(frozen=True)
class Shade:
    """A colour with its name."""

    name: str
    """As a catalogue writes it, or the nearest usual name of a measured colour."""
    lch: Lch
    family: str
    """One of the dozen basic colours: ``"blue"``."""
    neutral: bool = False
    """Whether it goes with any other colour: black, white, grey, beige, navy and their like."""

    @cached_property
    def lab(self) -> Lab:
        return lab_of_lch(self.lch)


def shade_of(text: str) -> Shade | None:
    """Return what ``text`` means, the first colour where it names several, ``None`` where no colour is meant.

    Understood are the names of the table in any spelling of case, blanks and hyphens; names with one or more words
    such as light, dark or fluorescent before or behind them; and what differs from a name by a letter or two.
    """
    found = shades_of(text)
    return found[0] if found else None


def shades_of(value: object) -> list[Shade]:
    """Return the colours of an attribute: a name, a list of names, or several in one text as ``"Blue/White"``."""
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []
    return list(dict.fromkeys(shade for text in texts for shade in _shades_in(text)))


def says_several(value: object) -> bool:
    """Return whether an attribute says that a garment has many colours, without naming them: ``"Multi"``."""
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return any(_MULTI.search(_plain(text)) for text in texts)


def family_of(text: str) -> str | None:
    """Return the basic colour that a name belongs to."""
    shade = shade_of(text)
    return None if shade is None else shade.family


_BETWEEN = re.compile(r"\s*(?:/|,|;|\+|&|\band\b|\bwith\b)\s*", re.IGNORECASE)
_MODIFIERS = {
    "light": 15.0,
    "pale": 20.0,
    "pastel": 20.0,
    "baby": 20.0,
    "powder": 15.0,
    "soft": 8.0,
    "bright": 5.0,
    "dark": -18.0,
    "deep": -12.0,
    "midnight": -20.0,
}
"""Words before a name, and by how much they change its lightness."""
_SAYING_NOTHING = re.compile(
    r"melange|melee|heather|marl|mix|solid|plain|matte|metallic|washed|faded|vintage|dusty|fluorescent|neon|medium|mid"
    r"|true|classic|pure|tone|shade|wash|colou?r(ed)?"
)
_MULTI = re.compile(r"multi(ple)?( ?colou?r(ed)?)?|several|assorted|various|rainbow|patterned")
_NO_COLOR = {"na", "none", "nan", "null", "unknown", "other", "others", "any", "not", "available"}
_NEAR_ENOUGH = 0.75
"""Least likeness (difflib) of a misspelt name: a letter of four may be wrong, or two may have changed places."""


def _plain(text: str) -> str:
    words = re.sub(r"[^a-z]+", " ", text.casefold()).split()
    return " ".join("grey" if word in ("gray", "greyish", "grayish") else word for word in words)


@lru_cache(4096)  # a catalogue names a few dozen colours, and they come with every item
def _shades_in(text: str) -> tuple[Shade, ...]:
    found = []
    for name in map(str.strip, _BETWEEN.split(text)):
        known = _understood(_plain(name))
        if known is not None:
            found.append(Shade(name, known.lch, known.family, known.neutral))
    return tuple(found)


def _understood(plain: str) -> Shade | None:
    known = _table()
    if plain in known:
        return known[plain]
    words = plain.split()
    if not words or _NO_COLOR & set(words) or _MULTI.search(plain):
        return None
    kept = [word for word in words if word not in _MODIFIERS and not _SAYING_NOTHING.fullmatch(word)]
    base = known.get(" ".join(kept)) if kept else None
    if base is None and kept and len(kept) < len(words):
        base = _nearest(" ".join(kept), known)
    if base is None:
        return _nearest(plain, known)
    lightness, chroma, hue = base.lch
    changed = min(max(lightness + sum(_MODIFIERS.get(word, 0.0) for word in words), 0.0), 100.0)
    return Shade(base.name, (changed, chroma, hue), base.family, base.neutral)


def _nearest(plain: str, known: dict[str, Shade]) -> Shade | None:
    if len(plain) < 4:  # too short for a misspelling to be told from another word
        return None
    near = difflib.get_close_matches(plain, known, n=1, cutoff=_NEAR_ENOUGH)
    if near:
        return known[near[0]]
    last = plain.rpartition(" ")[2]  # "brick red", "bottle green": the last word is the colour
    return known.get(last) if last != plain else None


@lru_cache(1)
def _table() -> dict[str, Shade]:
    table = {}
    for family, names in FAMILIES.items():
        for name, code in names.items():
            neutral = family in NEUTRAL_FAMILIES or name in NEUTRALS
            table[_plain(name)] = Shade(name, lch_of_lab(lab_of_hex(code)), family, neutral)
    return table


def known_shades(names: Iterable[str]) -> list[Shade]:
    """Return the shades of names of the table. Raises KeyError for another name."""
    return [_table()[_plain(name)] for name in names]
