"""The words everyone shares: what a reader yields, what a query returns, and what could not be read."""

from __future__ import annotations

import math
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

STANDARD_ATTRIBUTES = (
    "category",
    "color",
    "pattern",
    "season",
    "gender",
    "brand",
    "price",
    "year",
    "usage",
    "name",
)
"""Attribute names that readers map their columns to. A source's other columns keep their own names."""

RESERVED_NAMES = frozenset({"id", "label", "split", "role", "source"})
"""Names that a filter uses for an item's own fields, so no attribute may have them."""


@lru_cache(4096)  # the same few names come with every item
def _check_name(name: str) -> str:
    if not name or name.startswith("_") or name in RESERVED_NAMES or any(c in name for c in '".[]\n'):
        raise ValueError(f"{name!r} cannot be the name of an attribute")
    return name


def _check_value(value: str | float | int | list[str]) -> str | float | int | list[str]:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    if isinstance(value, (str, list)) and not value:
        raise ValueError("is empty; leave a missing attribute out")
    return value


AttributeName = Annotated[str, AfterValidator(_check_name)]
AttributeValue = Annotated[str | float | int | list[str], AfterValidator(_check_value)]
Box = tuple[float, float, float, float]


class Record(BaseModel):
    """Base of everything that crosses the program's edge: frozen, and refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(Record):
    """One garment photo with what is known about it."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    """Unique within a collection."""
    image: Path | None
    """Photo file; ``None`` where the source gives attributes alone."""
    box: Box | None = None
    """The garment within the photo: x0, y0, x1, y1 in pixels of the upright photo; ``None`` for the whole photo."""
    label: str | None = None
    """Same label, same style or product."""
    role: Literal["gallery", "query"] = "gallery"
    split: Literal["train", "val", "test"] | None = None
    attributes: dict[AttributeName, AttributeValue] = Field(default_factory=dict)
    scores: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """Confidence (0..1) of an attribute, where the source gives one."""


class Reason(StrEnum):
    """Why an item was not stored: a closed list, so that reports can be counted and acted on."""

    MISSING_FILE = "missing_file"
    NO_PHOTO = "no_photo"
    UNREADABLE = "unreadable"
    LINK_LOOP = "link_loop"
    OUTSIDE_SOURCE = "outside_source"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    BAD_BOX = "bad_box"
    BAD_RECORD = "bad_record"
    DUPLICATE_ID = "duplicate_id"
    ATTRIBUTE_TYPE = "attribute_type"
    BAD_VECTOR = "bad_vector"


class Failure(Record):
    """One record or photo that could not be used. The run goes on without it."""

    item: str | None
    """Item id, where the record got far enough to have one."""
    file: str
    """The photo, or the table or JSON file that the record stands in."""
    reason: Reason
    detail: str
    """One line for people: which line of the file, what was found, what was expected."""


class Hit(Record):
    """One result of a query."""

    id: str
    score: float
    """Cosine (-1..1) to the anchor, or the confidence (0..1) where a query by attributes ranks by confidence."""
    p_same: float | None = None
    """Calibrated probability that both photos show the same style; ``None`` where the model has no calibration."""
    image: Path | None
    label: str | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    why: tuple[str, ...] = ()
    """What agreed, such as ``"color: Blue"``, and what else speaks for it: ``"complementary colour: Blue/Orange"``."""
    slot: str | None = None
    """The part that it plays in an outfit: ``"shoes"``."""
    outfit: tuple[Hit, ...] = ()
    """Where the hit stands for a whole outfit: what is added to the given garments, one hit for each slot, itself
    first. The score is then that of the outfit."""


class IngestReport(Record):
    """What became of every record that the reader yielded: ``n_seen = n_stored + n_unchanged + n_failed``."""

    collection: str
    source: str
    reader: str
    n_seen: int
    n_stored: int
    """New items, and items whose photo or attributes changed."""
    n_embedded: int
    """Those of ``n_stored`` that went through the model."""
    n_unchanged: int
    n_failed: int
    n_pruned: int = 0
    """Items removed because the source no longer has them."""
    failures_by_reason: dict[Reason, int] = Field(default_factory=dict)
    failures_file: Path | None = None
    seconds: float
    """Wall time from the first record to the end of indexing, without the start-up: imports and loading the model."""
    images_per_s: float

    def model_post_init(self, _: object) -> None:
        if self.n_seen != self.n_stored + self.n_unchanged + self.n_failed:
            raise ValueError(
                f"{self.n_seen} seen is not {self.n_stored} stored + {self.n_unchanged} unchanged"
                f" + {self.n_failed} failed"
            )
        if self.n_failed != sum(self.failures_by_reason.values()):
            raise ValueError(f"{self.n_failed} failed, but the reasons count {sum(self.failures_by_reason.values())}")
