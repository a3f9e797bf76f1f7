"""``fm query``: from a picture, a description, items of the catalogue, a filter, or any mix of them to ranked hits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.compute import Compute
from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.item import Hit
from fashion_match.core.protocol import Request
from fashion_match.core.store.protocol import Location, Stored, VectorStore
from fashion_match.core.where import Scalar, Where

if TYPE_CHECKING:
    from fashion_match.core.plugin.loader import Plugins

BY_COSINE = "cosine to the anchor"
"""What a recommender says that it ranks by where its scores are cosines to the one anchor."""


@dataclass(frozen=True)
class Question:
    """What is asked. At least one of ``picture``, ``like``, ``describe`` and ``where``."""

    picture: Path | None = None
    like: tuple[str, ...] = ()
    """Ids of items of the catalogue."""
    describe: Mapping[str, str] = field(default_factory=dict)
    """Attributes of the garment in the picture, or of one without a picture, for a model that looks at them."""
    where: Where = field(default_factory=Where)
    k: int = 10
    offset: int = 0
    min_score: float | None = None
    exact: bool = False
    strategy: str | None = None
    """Name of a recommender; by default ``similar`` where there is an anchor, else ``attributes``."""
    strategy_options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UsageError(f"k = {self.k}: at least one hit must be asked for.")
        if self.offset < 0:
            raise UsageError(f"offset = {self.offset}: it cannot be negative.")
        if self.picture is None and not self.describe and not self.like and not self.where:
            raise UsageError(
                "the query asks for nothing.", "Give a PICTURE, --like ID, or attributes such as --color Blue."
            )


@dataclass(frozen=True)
class Answer(Sequence[Hit]):
    """The hits, best first, and what they mean."""

    hits: list[Hit]
    ranked_by: str
    """What the scores are: ``"cosine to the anchor"``."""
    where: Where
    """The filter as it was understood: ``--color blue`` as ``color=Blue``."""
    note: str = ""
    """Where there are no hits: which condition empties the result."""
    described: Mapping[str, Scalar] = field(default_factory=dict)
    """The description as it was understood."""

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, n: Any) -> Any:
        return self.hits[n]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


def query(
    plugins: Plugins,
    location: Location,
    store: VectorStore,
    question: Question,
    *,
    compute: Compute | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Answer:
    """Answer ``question`` from ``store``.

    Raises:
        UsageError: the filter names what the collection does not hold, or the description what its model does not
            know, or there is no such item.
        PluginError: there is no such strategy.
        ModelError: the picture cannot be embedded with the collection's own model.
    """
    from fashion_match.core.store.check import check_where, explain_empty

    where = check_where(question.where, store)
    liked = _fetch(store, question.like)
    vectors = [stored.vector for stored in liked if stored.vector]
    described = _understood(plugins, location, store, question.describe)
    if question.picture is not None or described:
        vectors.append(embed_anchor(plugins, location, store, question.picture, compute, notify, described))
    recommender = plugins.recommenders[question.strategy or ("similar" if vectors else "attributes")].make(
        question.strategy_options
    )
    hits = recommender.recommend(
        Request(
            where=where,
            vector=_mean(vectors) if vectors else None,
            k=question.k,
            offset=question.offset,
            min_score=question.min_score,
            exact=question.exact,
            anchors=tuple(stored.item for stored in liked),
            exclude=frozenset(question.like),
        ),
        store,
    )
    # What was fitted on pairs of photos says nothing about the direction between several, or an imagined garment.
    if len(vectors) == 1 and not described and recommender.ranked_by == BY_COSINE:
        hits = _with_probability(hits, location, store)
    note = "" if hits else _why_empty(question, where, store, explain_empty)
    return Answer(hits, recommender.ranked_by, where, note, described)


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
    from fashion_match.core.model.embedder import Embedder
    from fashion_match.core.model.image import PhotoError

    compute = compute or Compute()
    folder = resolve_model(plugins, location.library, ModelChoice(), store.spec)
    embedder = Embedder(
        folder,
        plugins,
        engine=compute.engine,
        device=compute.device,
        precision=compute.precision,
        max_pixels=compute.max_pixels,
        notify=notify,
    )
    try:
        return embedder.embed(picture, attributes=attributes)
    except PhotoError as error:
        raise UsageError(
            f"{picture or 'the description'} cannot be used: {error.detail}.", "Give another one."
        ) from None
    finally:
        embedder.close()


def _understood(
    plugins: Plugins, location: Location, store: VectorStore, described: Mapping[str, str]
) -> dict[str, Scalar]:
    if not described:
        return {}
    from fashion_match.core.describe import understand

    return understand(plugins, location, store, described)


def _with_probability(hits: list[Hit], location: Location, store: VectorStore) -> list[Hit]:
    """Add how likely each hit shows the anchor's style, where the collection's model says what a cosine means."""
    from fashion_match.core.model.artifact import find, read_card
    from fashion_match.core.model.calibration import p_same

    model = find(location.library, store.spec.fingerprint)
    calibration = read_card(model).calibration if model is not None else {}
    if not calibration:
        return hits
    return [hit.model_copy(update={"p_same": p_same(calibration, hit.score)}) for hit in hits]


def _fetch(store: VectorStore, ids: Sequence[str]) -> list[Stored]:
    found = store.fetch(ids, with_vectors=True)
    missing = [item_id for item_id in ids if item_id not in {stored.item.id for stored in found}]
    if missing:
        some = [stored.item.id for stored, _ in zip(store.scan(), range(5000), strict=False)]
        raise UsageError(
            f"the collection {store.name} has no item {missing[0]!r}.",
            did_you_mean(missing[0], some, what="items") if len(some) else "It is empty.",
        )
    return found


def _mean(vectors: list[list[float]]) -> list[float]:
    """Return the direction between unit vectors; the first one where they cancel out."""
    if len(vectors) == 1:
        return vectors[0]
    total = [math.fsum(column) for column in zip(*vectors, strict=True)]
    length = math.sqrt(math.fsum(x * x for x in total))
    return [x / length for x in total] if length > 1e-6 else vectors[0]


def _why_empty(
    question: Question, where: Where, store: VectorStore, explain: Callable[[Where, VectorStore], str]
) -> str:
    n = store.count(where)
    if not n:
        return explain(where, store)
    if question.offset >= n:
        return f"{n} items match, so there is nothing from offset {question.offset} on."
    if question.min_score is not None:
        return f"{n} items match, but none scores {question.min_score} or more."
    return f"{n} items match, but only the items that were given as --like."
