"""A filter against what a collection holds: mistyped names and values are told, and an empty result is explained."""

from __future__ import annotations

from itertools import combinations

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.store.filter import as_number, kind_of_key
from fashion_match.core.store.point import OWN_FIELDS
from fashion_match.core.store.protocol import VectorStore
from fashion_match.core.where import SEASON_NAMES, Condition, Where


def check_key(key: str, store: VectorStore) -> str:
    """Return the attribute (or field of the item) that ``key`` names, in its stored spelling.

    Raises:
        UsageError: the collection has no such attribute; the remedy gives the nearest spellings.
    """
    known = ["id", *OWN_FIELDS, *store.spec.kinds]
    if key in known:
        return key
    alike = [name for name in known if name.casefold() == key.casefold()]
    if len(alike) == 1:
        return alike[0]
    raise UsageError(
        f"the collection {store.name} has no attribute {key!r}.",
        did_you_mean(key, store.spec.kinds, what="attributes"),
    )


def check_where(where: Where, store: VectorStore) -> Where:
    """Return ``where`` in the spelling of the collection: ``Color=blue`` as ``color=Blue``, ``season=Autumn`` as Fall.

    Raises:
        UsageError: an attribute or value does not occur in the collection, or text is compared with a number.
    """
    return Where(conditions=tuple(_checked(condition, store) for condition in where.conditions))


def _checked(condition: Condition, store: VectorStore) -> Condition:
    key = check_key(condition.key, store)
    kind = kind_of_key(key, store.spec.kinds)
    if kind != "keyword":
        values = tuple(as_number(value, condition) for value in condition.values)
        return Condition(key=key, op=condition.op, values=values)
    if condition.op not in ("in", "not in"):
        raise UsageError(
            f"{key} holds text, which cannot be compared by {condition.op}.", f"Write {key}=VALUE or '{key} in A,B'."
        )
    spelled = (text for value in condition.values for text in _spelled(key, str(value), store))
    return Condition(key=key, op=condition.op, values=tuple(dict.fromkeys(spelled)))


def _spelled(key: str, value: str, store: VectorStore) -> list[str]:
    """Return the stored spellings of ``value``: itself if it occurs, else those that differ in case alone."""
    meant = SEASON_NAMES.get(value.casefold(), value) if key == "season" else value
    exact = [word for word in dict.fromkeys((meant, value)) if store.count(Where.equal(key, word))]
    if exact:
        return exact
    if key == "id":
        raise UsageError(f"the collection {store.name} has no item {value!r}.", "`fm items list` shows its items.")
    stored = [str(word) for word in store.facet(key)]
    alike = [word for word in stored if word.casefold() in (meant.casefold(), value.casefold())]
    if not alike:
        raise UsageError(f"no item has {key}={value}.", did_you_mean(meant, stored, what=f"values of {key}"))
    return alike


def explain_empty(where: Where, store: VectorStore) -> str:
    """Return which condition of a checked ``where``, or which two, leave nothing; one line for people."""
    groups: dict[str, Where] = {}
    for condition in where.conditions:  # both ends of a range are one condition to whoever wrote it
        groups[condition.key] = Where(conditions=(*groups.get(condition.key, Where()).conditions, condition))
    if not store.count():
        return f"the collection {store.name} is empty."
    alone = {key: store.count(group) for key, group in groups.items()}
    for key, n in alone.items():
        if not n:
            return f"no item has {groups[key]}{_values(key, store)}."
    for one, two in combinations(groups, 2):
        if not store.count(_both(groups[one], groups[two])):
            return (
                f"no item is both {groups[one]} and {groups[two]}: "
                f"{alone[one]:,} match the first alone, {alone[two]:,} the second."
            )
    without = []
    for key, group in groups.items():
        n = store.count(Where(conditions=tuple(c for c in where.conditions if c.key != key)))
        if n:
            without.append(f"{n:,} without {group}")
    helped = f": {', '.join(without)} match." if without else "; leaving out one of them does not help."
    return f"no item meets all {len(groups)} conditions{helped}"


def _both(one: Where, two: Where) -> Where:
    return Where(conditions=(*one.conditions, *two.conditions))


def _values(key: str, store: VectorStore) -> str:
    """Return the range of a numeric attribute, as a help towards a condition that matches."""
    if kind_of_key(key, store.spec.kinds) == "keyword":
        return ""
    numbers = [value for value in store.facet(key, limit=1_000_000) if not isinstance(value, str)]
    return f"; it runs from {min(numbers)} to {max(numbers)}" if numbers else ""
