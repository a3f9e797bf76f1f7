"""The words of collecting: what is wanted, and what became of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from fashion_match.core.item import AttributeName, AttributeValue, Box, Record
from fashion_match.core.web.reason import CollectReason

RIGHTS = ("license", "licence", "rights", "copyright", "credit", "attribution", "author", "photographer", "creator")
"""Attributes that say whose a picture is, compared by how their names begin; they are copied into its provenance."""

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def plain_text(text: str) -> str:
    """Return ``text`` without what no table could hold: control characters and halves of surrogate pairs."""
    return _NOT_TEXT.sub(" ", text).strip()


def is_plain(text: str) -> bool:
    """Whether a table can hold ``text`` as it is."""
    return _NOT_TEXT.search(text) is None


def row_number(where: str) -> int:
    """Return the number in ``"line 12"``, by which what the source names comes into its order again."""
    found = re.search(r"\d{1,15}", where)
    return int(found[0]) if found else 0


@dataclass(frozen=True)
class Wanted:
    """One picture that the source names, with what the source says about it."""

    address: str
    """As the source writes it."""
    where: str
    """Where the source says so, such as ``"line 12"``."""
    id: str | None = None
    """``None`` where the source has none: then it is made of the content's hash."""
    label: str | None = None
    split: Literal["train", "val", "test"] | None = None
    role: Literal["gallery", "query"] = "gallery"
    box: Box | None = None
    attributes: dict[str, AttributeValue] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """Return what goes into the item, by the names of an entry's fields."""
        return {
            "label": self.label,
            "split": self.split,
            "role": self.role,
            "box": self.box,
            "attributes": self.attributes,
            "rights": {name: str(value) for name, value in self.attributes.items() if name.lower().startswith(RIGHTS)},
        }


class BadWanted(NamedTuple):
    """A record of the source that names no picture."""

    where: str
    detail: str
    id: str | None = None


class Entry(Record):
    """One line of the provenance: what became of one address. The last line about an address is what holds."""

    event: Literal["stored", "updated", "duplicate", "refused", "failed"]
    """``updated``: stored before, and the source says something else about it now."""
    id: str | None
    """Of the item; of a duplicate, the item that shows the same picture."""
    address: str
    """That was asked for, in its canonical form."""
    final_address: str | None = None
    """Where redirects led."""
    source: str
    where: str
    at: str
    """UTC time, ISO 8601."""
    robots: str | None = None
    """Why it was permitted to ask: ``allowed`` or ``no robots.txt``."""
    status: int | None = None
    content_type: str | None = None
    n_bytes: int | None = None
    sha256: str | None = None
    file: str | None = None
    """Relative to the folder of the collection."""
    width: int | None = None
    height: int | None = None
    """Of the upright picture, in pixels."""
    rights: dict[str, str] = Field(default_factory=dict)
    """What the source says about licence and credit."""
    label: str | None = None
    split: Literal["train", "val", "test"] | None = None
    role: Literal["gallery", "query"] = "gallery"
    box: Box | None = None
    attributes: dict[AttributeName, AttributeValue] = Field(default_factory=dict)
    reason: CollectReason | None = None
    detail: str | None = None

    @property
    def has_photo(self) -> bool:
        """Whether this entry is an item's own."""
        return self.event in ("stored", "updated")


class Missing(Record):
    """One line of the list of failures."""

    id: str | None
    address: str | None
    where: str
    reason: CollectReason
    detail: str


class CollectReport(Record):
    """What became of every picture that the source names.

    ``n_seen = n_stored + n_duplicate + n_unchanged + n_refused + n_failed``.
    """

    source: str
    out: str
    n_seen: int
    n_stored: int
    """New files."""
    n_duplicate: int
    """Pictures that another item shows already, byte by byte or by their address."""
    n_unchanged: int
    """Stored by an earlier run."""
    n_updated: int
    """Those of ``n_unchanged`` of which the source says something else than before."""
    n_refused: int
    """Not asked for: see ``reasons``."""
    n_failed: int
    reasons: dict[CollectReason, int] = Field(default_factory=dict)
    """Of what was refused and what failed."""
    skipped: dict[str, int] = Field(default_factory=dict)
    """What was passed over by intent, such as drawings in a page."""
    n_bytes: int
    """Received in pictures that were stored or are duplicates."""
    n_items: int
    """In the folder, from all runs."""
    items_file: Path | None
    provenance_file: Path
    failures_file: Path | None
    seconds: float

    def model_post_init(self, _: object) -> None:
        parts = self.n_stored + self.n_duplicate + self.n_unchanged + self.n_refused + self.n_failed
        if self.n_seen != parts:
            raise ValueError(f"{self.n_seen} seen, but {parts} accounted for")
        if self.n_refused + self.n_failed != sum(self.reasons.values()):
            raise ValueError(f"{self.n_refused} refused + {self.n_failed} failed, reasons: {self.reasons}")
