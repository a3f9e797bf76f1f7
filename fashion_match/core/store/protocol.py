"""What a collection of vectors can do, whichever engine keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from fashion_match.core.item import Item, Record
from fashion_match.core.where import Where

Kind = Literal["keyword", "integer", "float"]
"""How the values of an attribute are compared: text (and lists of text), whole numbers, numbers."""

Payload = dict[str, Any]
"""What is written beside a vector: the attributes under their own names, everything internal under ``_fm``."""


class CollectionSpec(Record):
    """What a collection is made for; kept with it."""

    version: int = 1
    dim: int = Field(gt=0)
    """E, the width of its vectors."""
    fingerprint: str
    """Of the model that made its vectors."""
    model: dict[str, Any] = Field(default_factory=dict)
    """How that model was asked for: backbone, weights, options, or the folder it was loaded from."""
    kinds: dict[str, Kind] = Field(default_factory=dict)
    """Every attribute that occurs in it, and its kind."""
    scored: tuple[str, ...] = ()
    """Attributes for which some source gave a confidence."""
    created: str = ""
    """UTC time, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Point:
    """An item and its unit vector (E), on the way into a store.

    ``content`` is the hash of photo and box, ``stat`` the photo's size in bytes and modification time in ns: by them
    the next ingest knows an unchanged photo. ``source`` says which ingest it belongs to.
    """

    item: Item
    vector: Sequence[float]
    content: str
    stat: tuple[int, int]
    source: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A point as a store returns it. What comes from an engine is parsed when it is first looked at."""

    item: Item
    content: str
    stat: tuple[int, int]
    source: str
    score: float | None = None
    """Cosine to the anchor, where there was one."""
    vector: list[float] | None = None
    """E, where it was asked for."""
    _parse: Callable[[], tuple[Item, str, tuple[int, int], str]] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    @classmethod
    def unparsed(
        cls,
        parse: Callable[[], tuple[Item, str, tuple[int, int], str]],
        score: float | None = None,
        vector: list[float] | None = None,
    ) -> Stored:
        """Return a point whose item, content, stat and source are what ``parse`` returns once one of them is wanted."""
        stored = object.__new__(cls)
        _set(stored, "_parse", parse)
        _set(stored, "score", score)
        _set(stored, "vector", vector)
        return stored

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:  # called for slots that are empty, so only before parsing
            parse = self._parse if name in _PARSED else None
            if parse is not None:
                for slot, value in zip(_PARSED, parse(), strict=True):
                    _set(self, slot, value)
                _set(self, "_parse", None)
            return object.__getattribute__(self, name)


_PARSED = ("item", "content", "stat", "source")
_set = object.__setattr__


class VectorStore(Protocol):
    """One collection. Every method raises `StoreError` where the engine refuses."""

    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> CollectionSpec:
        """The spec as it now is: `ensure` and `upsert` widen it when new attributes appear."""
        ...

    def ensure(self, kinds: dict[str, Kind], scored: Sequence[str] = ()) -> None:
        """Make sure that these attributes are known and have their payload index; whole numbers may become numbers.

        Raises:
            StoreError: an attribute is known with a kind that does not fit.
        """
        ...

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points; when this returns they survive a kill. Their attributes must be `ensure`d.

        Raises:
            StoreError: a vector has another width than E, is not finite, or is zero.
        """
        ...

    def set_items(self, points: Sequence[Stored]) -> None:
        """Rewrite everything but the vectors of points that exist."""
        ...

    def nearest(
        self,
        vector: Sequence[float],
        *,
        where: Where = Where(),
        k: int = 10,
        offset: int = 0,
        min_score: float | None = None,
        exact: bool = False,
        exclude: Sequence[str] = (),
        with_vectors: bool = False,
        diversity: float = 0.0,
    ) -> list[Stored]:
        """Return at most ``k`` points that match ``where`` by falling cosine to ``vector`` (E).

        Args:
            exclude: ids of items that must not be returned.
            diversity: 0..1; above 0 the points come in the order of maximal marginal relevance among the nearest
                `index.candidates`, so that later ones are unlike the earlier ones. The scores stay cosines.

        Raises:
            StoreError: the vector has another width than E, is not finite, or is zero.
            UsageError: the filter names an unknown attribute, or compares text as a number.
        """
        ...

    def scan(self, where: Where = Where(), *, with_vectors: bool = False) -> Iterator[Stored]:
        """Yield all points that match, in the order of their point ids: a random order that does not change."""
        ...

    def fetch(self, ids: Sequence[str], *, with_vectors: bool = False) -> list[Stored]:
        """Return those of the items that exist, in the order of ``ids``."""
        ...

    def payloads(self, ids: Sequence[str]) -> list[Payload | None]:
        """Return what is stored beside the items' vectors, as `point.make_payload` built it; ``None`` where absent."""
        ...

    def facet(self, key: str, where: Where = Where(), *, limit: int = 10_000) -> dict[str | int | float, int]:
        """Count the values of ``key`` among matching points, most frequent first, ties by value."""
        ...

    def count(self, where: Where = Where()) -> int: ...

    def delete(self, ids: Sequence[str]) -> None: ...

    def optimize(self) -> None:
        """Build or bring up to date what makes queries fast. Call it once after a bulk load."""
        ...

    def close(self) -> None: ...


class Location(Protocol):
    """A place with collections: a folder or a server."""

    @property
    def address(self) -> str:
        """As the user names it: path or URL."""
        ...

    @property
    def library(self) -> Path:
        """Folder for the models its collections were made with: in the store's own folder, or in the user's cache."""
        ...

    def names(self) -> list[str]:
        """Names of its collections, sorted."""
        ...

    def spec(self, name: str) -> CollectionSpec:
        """Spec of a collection, without taking its lock. Raises StoreError, with near names, where there is none."""
        ...

    def create(self, name: str, spec: CollectionSpec) -> VectorStore:
        """Make a collection. Raises StoreError where the name is taken or malformed."""
        ...

    def open(self, name: str) -> VectorStore:
        """Open a collection. Raises StoreError, with near names, where there is none, or saying who holds it."""
        ...

    def drop(self, name: str) -> None:
        """Remove a collection and everything in it."""
        ...

    def close(self) -> None: ...
