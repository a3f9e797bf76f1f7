"""Which slot of an outfit a category fills: by a table that users lay their own over."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fashion_match import UsageError

DEFAULT = "slots.toml"


@dataclass(frozen=True)
class Slots:
    """Slots by category, and the slots whose garment fills several."""

    by_category: Mapping[str, str]
    """By the plain form of the category."""
    fills: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...]
    """Every slot there is."""

    def slot_of(self, category: str) -> str | None:
        """Return the slot of a category, ``None`` where the table does not know it.

        Of a name that is not listed the last words count, as many as are.
        """
        words = plain(category).split()
        for start in range(len(words)):
            found = self.by_category.get(" ".join(words[start:]))
            if found is not None:
                return found
        return None

    def covered(self, slots: Iterable[str]) -> set[str]:
        """Return what is filled by garments in ``slots``: a dress fills top and bottom."""
        return {part for slot in slots for part in self.fills.get(slot, (slot,))} | set(slots)

    def by_slot(self, categories: Iterable[str]) -> dict[str, list[str]]:
        """Return categories by the slot that they fill; those without one are left out."""
        found: dict[str, list[str]] = {}
        for category in categories:
            slot = self.slot_of(category)
            if slot is not None:
                found.setdefault(slot, []).append(category)
        return found


@lru_cache(4096)  # a catalogue has a few dozen categories, which every outfit asks about
def plain(category: str) -> str:
    """Return a category without case, punctuation and plural: ``"T-Shirts"`` and ``"Tshirt"`` are ``"tshirt"``."""
    text = re.sub(r"\bt[\s-]+(shirt|strap)", r"t\1", category.casefold()).replace("&", " and ")
    return " ".join(map(_singular, re.findall(r"[^\W_]+", text)))


def _singular(word: str) -> str:
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith("arves"):
        return f"{word[:-3]}f"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def load_slots(file: Path | None, put: Mapping[str, str]) -> Slots:
    """Return the table: the built-in one, a file laid over it, and single categories over that.

    Raises:
        UsageError: the file cannot be read, or is no such table, or a category is put into a slot that there is not.
    """
    by_category, fills = _read(_built_in(), DEFAULT)
    if file is not None:
        more, more_fills = _read(_parse(file), str(file))
        by_category, fills = by_category | more, fills | more_fills
    names = tuple(dict.fromkeys(by_category.values()))
    for category, slot in put.items():
        if slot not in names:
            raise UsageError(f"there is no slot {slot!r} to put {category} into.", f"There are {', '.join(names)}.")
        by_category[plain(category)] = slot
    return Slots(by_category, fills, names)


@lru_cache(1)
def _built_in() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(DEFAULT).read_text("utf-8"))


def _parse(file: Path) -> Any:
    try:
        text = file.read_text("utf-8")
        return json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"cannot read the slots of {file}: {error}.", FORM) from None


FORM = 'Write [slots] and a line for each, as shoes = ["Sneakers", "Boots"]; and [fills], as whole = ["top", "bottom"].'


def _read(table: Any, where: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    slots, fills = (table.get("slots"), table.get("fills", {})) if isinstance(table, dict) else (None, None)
    if not isinstance(slots, dict) or not all(map(_is_list, slots.values())) or set(table) - {"slots", "fills"}:
        raise UsageError(f"{where} is no table of slots.", FORM)
    if not isinstance(fills, dict) or not all(map(_is_list, fills.values())):
        raise UsageError(f"{where}: [fills] does not name slots.", FORM)
    by_category = {plain(category): slot for slot, categories in slots.items() for category in categories}
    return by_category, {slot: tuple(parts) for slot, parts in fills.items()}


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(member, str) for member in value)
