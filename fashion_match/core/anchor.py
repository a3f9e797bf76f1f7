"""What a query is anchored in: the given garments, as examples with vectors, and where they point."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.attribute import canonical_attributes
from fashion_match.core.compute import Compute
from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.item import STANDARD_ATTRIBUTES, Item
from fashion_match.core.protocol import Example
from fashion_match.core.store.protocol import Location, VectorStore
from fashion_match.core.where import Scalar

if TYPE_CHECKING:
    from fashion_match.core.plugin.loader import Plugins

GIVEN = "what was given"
"""Id of the example that a picture or a description makes."""


def fetch_examples(store: VectorStore, ids: Sequence[str]) -> tuple[Example, ...]:
    """Return items of the catalogue as examples.

    Raises:
        UsageError: there is no such item; the remedy gives near ids.
    """
    found = store.fetch(ids, with_vectors=True)
    missing = [item_id for item_id in ids if item_id not in {stored.item.id for stored in found}]
    if missing:
        some = [stored.item.id for stored, _ in zip(store.scan(), range(5000), strict=False)]
        raise UsageError(
            f"the collection {store.name} has no item {missing[0]!r}.",
            did_you_mean(missing[0], some, what="items") if len(some) else "It is empty.",
        )
    return tuple(Example(stored.item, stored.vector) for stored in found)


def make_example(picture: Path | None, attributes: Mapping[str, Scalar], vector: Sequence[float] | None) -> Example:
    """Return a picture or a description as an example."""
    return Example(Item(id=GIVEN, image=picture, role="query", attributes=dict(attributes)), vector)


def direction(positives: Sequence[Example], negatives: Sequence[Example]) -> list[float] | None:
    """Return where examples point (E, unit length); ``None`` where no positive one has a vector.

    It is the mean of the positive ones, moved away from that of the negative ones by the difference of the two: what
    Qdrant calls the average vector strategy. Where vectors cancel out, the first positive one stands for all.
    """
    liked = [example.vector for example in positives if example.vector is not None]
    if not liked:
        return None
    disliked = [example.vector for example in negatives if example.vector is not None]
    if len(liked) == 1 and not disliked:
        return list(liked[0])
    between = _mean(liked)
    if disliked:
        between = [2 * a - b for a, b in zip(between, _mean(disliked), strict=True)]
    length = math.hypot(*between)
    return [x / length for x in between] if length > 1e-6 else list(liked[0])


def embed_anchor(
    plugins: Plugins,
    location: Location,
    store: VectorStore,
    picture: Path | None,
    compute: Compute | None = None,
    notify: Callable[[str], None] = lambda _: None,
    attributes: Mapping[str, Scalar] | None = None,
) -> list[float]:
    """Return the vector (E) of a picture, of attributes, or of both, by the model that made the collection.

    Raises:
        UsageError: the picture cannot be read.
        ModelError: the model cannot be had.
    """
    from fashion_match.core.model.choice import ModelChoice, resolve_model
    from fashion_match.core.model.image import PhotoError

    compute = compute or Compute()
    folder = resolve_model(plugins, location.library, ModelChoice(), store.spec)
    embedder = compute.embedder(folder, plugins, notify=notify)
    try:
        return embedder.embed(picture, attributes=attributes)
    except PhotoError as error:
        raise UsageError(
            f"{picture or 'the description'} cannot be used: {error.detail}.", "Give another one."
        ) from None
    finally:
        embedder.close()


def told_attributes(store: VectorStore, described: Mapping[str, str]) -> dict[str, Scalar]:
    """Return a description in the collection's spelling where it has such values, else in its own words.

    Raises:
        UsageError: there is no such attribute, or a number is not one.
    """
    known = list(dict.fromkeys((*store.spec.kinds, *STANDARD_ATTRIBUTES)))
    told: dict[str, Scalar] = {}
    for name, text in described.items():
        key = name if name in known else next((one for one in known if one.casefold() == name.casefold()), None)
        if key is None:
            raise UsageError(f"there is no attribute {name!r}.", did_you_mean(name, known, what="attributes"))
        if store.spec.kinds.get(key, "keyword") == "keyword":
            meant = str(canonical_attributes({key: text}).get(key, text))
            values = [str(value) for value in store.facet(key)] if key in store.spec.kinds else []
            told[key] = next((value for value in values if value.casefold() == meant.casefold()), meant)
        else:
            told[key] = _number(key, text)
    return told


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{name} is a number, which {text!r} is not.", f"Write {name}=20.")
    return int(number) if number.is_integer() else number


def _mean(vectors: Sequence[Sequence[float]]) -> list[float]:
    return [math.fsum(column) / len(vectors) for column in zip(*vectors, strict=True)]
