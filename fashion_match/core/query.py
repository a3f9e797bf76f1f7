"""``fm query`` and ``fm recommend``: from pictures, descriptions, items, a filter, or any mix of them to hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_match.core.anchor import direction, embed_anchor, fetch_examples, make_example, told_attributes
from fashion_match.core.compute import Compute
from fashion_match.core.error import UsageError
from fashion_match.core.item import Hit
from fashion_match.core.one_per_product import one_per_product
from fashion_match.core.protocol import Request
from fashion_match.core.store.protocol import Location, VectorStore
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
    unlike: tuple[str, ...] = ()
    """Ids of items whose like is not wanted."""
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
    one_per_product: bool = False
    """Of the items of one label only the best is returned, and none of the anchors' own labels."""
    recommending: bool = False
    """A strategy that is named is question enough, and a description may be in words that the model does not know."""

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UsageError(f"k = {self.k}: at least one hit must be asked for.")
        if self.offset < 0:
            raise UsageError(f"offset = {self.offset}: it cannot be negative.")
        if self.unlike and self.picture is None and not self.describe and not self.like:
            raise UsageError("--unlike alone says nothing of what is wanted.", "Give a PICTURE or --like ID as well.")
        both = [item_id for item_id in self.unlike if item_id in self.like]
        if both:
            raise UsageError(f"item {both[0]!r} is given as --like and as --unlike.", "Leave one of them out.")
        named = self.recommending and self.strategy is not None
        if self.picture is None and not self.describe and not self.like and not self.where and not named:
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
    """Where there are no hits, or fewer than asked for: what leaves them out."""
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
    positives, negatives = fetch_examples(store, question.like), fetch_examples(store, question.unlike)
    understood, words = _described(plugins, location, store, question)
    if question.picture is not None or understood or words:
        vector = None
        if question.picture is not None or understood:
            vector = embed_anchor(plugins, location, store, question.picture, compute, notify, understood)
        positives = (*positives, make_example(question.picture, understood | words, vector))
    vector = direction(positives, negatives)
    recommender = plugins.recommenders[question.strategy or ("similar" if vector else "attributes")].make(
        question.strategy_options
    )
    request = Request(
        where=where,
        vector=vector,
        k=question.k,
        offset=question.offset,
        min_score=question.min_score,
        exact=question.exact,
        anchors=tuple(example.item for example in positives[: len(question.like)]),
        exclude=frozenset((*question.like, *question.unlike)),
        positives=positives,
        negatives=negatives,
    )
    left_out = ""
    if question.one_per_product:
        hits, left_out = one_per_product(recommender, request, store)
    else:
        hits = recommender.recommend(request, store)
    # What was fitted on pairs of photos says nothing about the direction between several, or an imagined garment.
    if len(positives) == 1 and not (negatives or understood) and recommender.ranked_by == BY_COSINE:
        hits = _with_probability(hits, location, store)
    note = getattr(recommender, "note", "") or left_out
    if not hits and not note:
        note = _why_empty(question, where, store, explain_empty)
    return Answer(hits, recommender.ranked_by, where, note, understood | words)


def _described(
    plugins: Plugins, location: Location, store: VectorStore, question: Question
) -> tuple[dict[str, Scalar], dict[str, Scalar]]:
    """Return the description as the model understands it, and in words what it does not look at.

    Only a recommendation takes words: other strategies than similarity know what to do with them.
    """
    if not question.describe:
        return {}, {}
    from fashion_match.core.describe import understand

    if not question.recommending:
        return understand(plugins, location, store, question.describe), {}
    understood: dict[str, Scalar] = {}
    words: dict[str, str] = {}
    for name, text in question.describe.items():
        try:
            understood |= understand(plugins, location, store, {name: text})
        except UsageError:
            words[name] = text
    return understood, told_attributes(store, words)


def _with_probability(hits: list[Hit], location: Location, store: VectorStore) -> list[Hit]:
    """Add how likely each hit shows the anchor's style, where the collection's model says what a cosine means."""
    from fashion_match.core.model.artifact import find, read_card
    from fashion_match.core.model.calibration import p_same

    model = find(location.library, store.spec.fingerprint)
    calibration = read_card(model).calibration if model is not None else {}
    if not calibration:
        return hits
    return [hit.model_copy(update={"p_same": p_same(calibration, hit.score)}) for hit in hits]


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
