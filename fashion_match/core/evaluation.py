"""What an evaluation found: the words that protocols write, that reports draw, and that ``report.json`` holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from fashion_match.core.item import AttributeValue, Record

REPORT = "report.json"
QUERIES = "queries.parquet"
"""Beside it: a row for each query, or pair, with what it scored. It is what `fm compare` resamples."""

LeakKind = Literal["same file", "same content", "same label", "near duplicate"]


class Estimate(Record):
    """A figure with its uncertainty."""

    value: float
    low: float | None = None
    """Lower end of the 95 % interval; ``None`` where nothing can be resampled."""
    high: float | None = None
    guess: float | None = None
    """What a trivial guess gets: a random order, the most frequent class. ``None`` where there is no such thing."""


class Group(Record):
    """The figures of the queries that share a value of an attribute."""

    value: str
    n_queries: int
    figures: dict[str, Estimate]


class Curve(Record):
    """A line to draw, such as the ROC: ``x`` rises."""

    x: tuple[float, ...]
    y: tuple[float, ...]


class Confusion(Record):
    """What was taken for what: a row for each true class, a column for each predicted one."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class ClassRow(Record):
    """How one class fared."""

    value: str
    n: int
    """Items that are of it."""
    precision: float
    """0 where nothing was taken for it."""
    recall: float
    f1: float


class FilterRow(Record):
    """Index against exact search under one filter."""

    filter: str
    share: float
    """Part of the items that it leaves, 0..1."""
    n_matching: int
    recall: Estimate
    index_ms: float
    """Median time of a query by the index."""
    index_p99_ms: float
    exact_ms: float
    exact_p99_ms: float


class Leak(Record):
    """A photo, or a label, that is on both sides of a split."""

    kind: LeakKind
    side: str
    """The other side: ``trained on``, ``gallery``, ``fitted on``."""
    item: str
    """Id of the item that is tested."""
    other: str
    """Id of the item on the other side."""
    file: Path | None = None
    other_file: Path | None = None
    label: str | None = None
    difference: float | None = None
    """Of near duplicates, see `fashion_match.core.evaluate.look.difference`."""


class LeakCheck(Record):
    """What was looked for on both sides of a split, and what was found."""

    sides: tuple[str, ...] = ()
    """Each a line: ``1,600 tested items against 6,400 that the model was trained on``."""
    counts: dict[LeakKind, int] = Field(default_factory=dict)
    """Items that are tested and leak, by kind; every kind that was looked for is there, with 0 where none was found."""
    n_leaking: int = 0
    """Items that are tested and leak in any way."""
    n_dropped: int = 0
    """Those of them that were left out."""
    unknown: tuple[str, ...] = ()
    """What could not be looked at, each as a line."""
    examples: tuple[Leak, ...] = ()

    @property
    def marked(self) -> bool:
        """Whether the figures rest on items that leak, so that each must be marked."""
        return self.n_leaking > self.n_dropped


class Shown(Record):
    """An item as a picture."""

    id: str
    image: Path | None
    box: tuple[float, float, float, float] | None = None
    label: str | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)


class Found(Record):
    """An answer to a query."""

    item: Shown
    score: float
    right: bool | None = None
    """``None`` where it can be neither."""


class Worst(Record):
    """One of the queries that fared worst."""

    query: Shown
    said: str
    """What went wrong, in a line: ``first match at rank 212``; ``taken for Skirts (0.93), is Shorts``."""
    answers: tuple[Found, ...] = ()
    """What was found in its place, best first; of a pair its other photo."""
    expected: tuple[Shown, ...] = ()
    """What should have been found, a few of it."""


class Evaluation(Record):
    """Kept as ``report.json`` in the folder of an evaluation."""

    version: int = 1
    protocol: str
    heading: str
    """What was measured on what, in one line: ``hard pairs (same category): 5 x 10,000, threshold 0.85``."""
    source: str
    model: str
    """How it was asked for: a folder, or a backbone with its weights."""
    fingerprint: str
    created: str
    """UTC time, ISO 8601."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Of the protocol, and how items were chosen."""
    n_items: int
    n_queries: int
    """Queries, or pairs, or items that are classified."""
    n_labels: int
    """Labels that were resampled for the intervals."""
    n_failed: int = 0
    """Records and photos that could not be used."""
    leaks: LeakCheck = Field(default_factory=LeakCheck)
    figures: dict[str, Estimate]
    groups: dict[str, tuple[Group, ...]] = Field(default_factory=dict)
    """By attribute, most frequent value first."""
    draws: tuple[dict[str, float], ...] = ()
    """Of pairs: a row of figures for each draw."""
    classes: dict[str, tuple[ClassRow, ...]] = Field(default_factory=dict)
    """By attribute; of pairs under ``verdict``."""
    confusion: dict[str, Confusion] = Field(default_factory=dict)
    """By attribute; of pairs under ``verdict``."""
    curves: dict[str, Curve] = Field(default_factory=dict)
    """``roc`` (FMR, 1 - FNMR), ``det`` (FMR, FNMR), ``same`` and ``different`` (score, share); ``recall@k``
    (k, recall), ``top-k error`` (k, error)."""
    filters: tuple[FilterRow, ...] = ()
    worst: tuple[Worst, ...] = ()
    seconds: dict[str, float] = Field(default_factory=dict)
    """By stage: ``embed``, ``compare``, ``resample``."""
    notes: tuple[str, ...] = ()
    """What a reader must know before trusting a figure, each as a line."""
