"""``fm match``: whether two photos show one style; for a pair, or for many in which each photo is embedded once."""

from __future__ import annotations

import math
import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fashion_match.core.compute import Compute
from fashion_match.core.error import UsageError
from fashion_match.core.item import Record
from fashion_match.core.model.calibration import p_same
from fashion_match.core.pair_table import Pair
from fashion_match.core.store.protocol import Location

if TYPE_CHECKING:
    from fashion_match.core.model.embedder import Embedded
    from fashion_match.core.model.image import PhotoError
    from fashion_match.core.plugin.loader import Plugins


class Match(Record):
    """What was found about two photos."""

    a: str
    """Path, as it was given."""
    b: str
    verdict: Literal["same", "different", "unknown"]
    """Whether they show one style; unknown where there is no threshold, or a photo cannot be used."""
    score: float | None = None
    """Cosine, -1..1."""
    p_same: float | None = None
    """Probability that they show one style, both being as likely beforehand; ``None`` without a calibration."""
    threshold: float | None = None
    """Least score of one style."""
    expected: bool | None = None
    """Whether they do, as the table of pairs has it."""
    failure: str | None = None
    """Which photo cannot be used, and why."""


@dataclass(frozen=True)
class Accuracy:
    """How often the verdicts agree with what was expected."""

    n_same: int
    n_missed: int
    """Those of ``n_same`` that were taken for two styles."""
    n_different: int
    n_mistaken: int
    """Those of ``n_different`` that were taken for one style."""

    @property
    def n(self) -> int:
        return self.n_same + self.n_different

    @property
    def share(self) -> float | None:
        """Right ones of all; ``None`` where nothing was expected."""
        return 1 - (self.n_missed + self.n_mistaken) / self.n if self.n else None


def match(
    plugins: Plugins,
    model: Path,
    pairs: Sequence[Pair],
    *,
    folder: Path = Path(),
    threshold: float | None = None,
    compute: Compute | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Iterator[Match]:
    """Yield what is found about each pair, in their order. A vector is kept until its photo has no more pairs.

    Args:
        model: folder of a model.
        folder: that relative paths begin in.
        threshold: by default the model's own, if it has one.

    Raises:
        UsageError: the threshold is no cosine, or there is no such engine or device.
        ModelError: the model cannot be had.
    """
    from fashion_match.core.model.embedder import Photo

    if threshold is not None and not -1 <= threshold <= 1:
        raise UsageError(f"the threshold {threshold} is no cosine.", "Give one between -1 and 1, such as 0.8.")
    compute = compute or Compute()
    places = [(_place(folder, pair.a), _place(folder, pair.b)) for pair in pairs]
    waiting = Counter(place for both in places for place in both)
    embedder = compute.embedder(model, plugins, batch_size=1 if len(waiting) <= 2 else None, notify=notify)
    card = embedder.card
    least = card.threshold if threshold is None else threshold
    with embedder:
        photos = embedder.stream([Photo(place, Path(place)) for place in waiting])
        known: dict[str, _Seen] = {}
        for pair, both in zip(pairs, places, strict=True):
            while not known.keys() >= {*both}:
                embedded = next(photos)
                known[embedded.key] = _Seen.of(embedded)
            yield _compare(pair, known[both[0]], known[both[1]], least, card.calibration)
            waiting.subtract(both)
            for place in {*both}:
                if not waiting[place]:
                    del known[place]


def find_model(plugins: Plugins, location: Location, collection: str, folder: Path | None) -> Path:
    """Return the folder of the model to compare with: that in ``folder``, or the collection's own.

    Raises:
        UsageError: no folder is given, and there is no such collection.
        ModelError: the collection's model cannot be had.
        StoreError: the store cannot be read.
    """
    from fashion_match.core.model.artifact import model_in
    from fashion_match.core.model.choice import ModelChoice, resolve_model

    if folder is not None:
        return model_in(folder)
    if collection not in location.names():
        raise UsageError(
            f"there is no model to compare with: {location.address} has no collection {collection!r}.",
            "Give --model DIR, or the --store and --collection of photos that were ingested.",
        )
    return resolve_model(plugins, location.library, ModelChoice(), location.spec(collection))


def judge(matches: Sequence[Match]) -> Accuracy:
    """Compare the verdicts with what was expected; pairs without either are left out."""
    count = Counter((match.expected, match.verdict) for match in matches)
    missed, mistaken = count[True, "different"], count[False, "same"]
    return Accuracy(count[True, "same"] + missed, missed, count[False, "different"] + mistaken, mistaken)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What became of a photo, in an eighth of the memory: there may be many of them at once."""

    vector: Sequence[float] | None
    content: str
    failure: PhotoError | None

    @classmethod
    def of(cls, embedded: Embedded[str]) -> _Seen:
        vector = None if embedded.vector is None else array("f", embedded.vector)
        return cls(vector, embedded.content, embedded.failure)


def _place(folder: Path, photo: str) -> str:
    return os.path.normpath(folder / photo)


def _compare(pair: Pair, a: _Seen, b: _Seen, threshold: float | None, calibration: Mapping[str, float]) -> Match:
    failed = {name: one.failure for name, one in ((pair.a, a), (pair.b, b)) if one.failure is not None}
    if a.vector is None or b.vector is None:
        failure = "; ".join(f"{name}: {error}" for name, error in failed.items())
        return Match(a=pair.a, b=pair.b, verdict="unknown", threshold=threshold, expected=pair.same, failure=failure)
    # The same bytes are the same photo, whatever the rounding of an engine makes of them in two batches.
    score = 1.0 if a.content == b.content else _cosine(a.vector, b.vector)
    return Match(
        a=pair.a,
        b=pair.b,
        verdict="unknown" if threshold is None else "same" if score >= threshold else "different",
        score=score,
        p_same=p_same(calibration, score),
        threshold=threshold,
        expected=pair.same,
    )


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the cosine of two vectors (E), whose length may differ from one by half a precision's rounding."""
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    return min(1.0, max(-1.0, product / (math.hypot(*a) * math.hypot(*b))))
