"""What collecting is asked for, and how far it has come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fashion_match.core.error import UsageError
from fashion_match.core.web.request import Patience


@dataclass(frozen=True)
class CollectRequest:
    """What is asked for. Either ``table`` or ``page`` is given.

    Raises:
        UsageError: a value makes no sense.
    """

    out: Path
    table: str | None = None
    """Table of addresses."""
    page: str | None = None
    """Address or file of a page of products."""
    column: str | None = None
    """Of the table, with the addresses; by default told by its name."""
    table_options: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None
    """What the relative addresses of a saved page start from."""
    contact: str | None = None
    rate: float = 1.0
    """Requests to one host in a second."""
    workers: int = 4
    """Downloads at once."""
    retries: int = 3
    patience: Patience = field(default_factory=Patience)
    max_bytes: int = 20_000_000
    max_pixels: int = 100_000_000
    min_px: int = 64
    """What the shorter side of a photo must have."""
    allow_private: bool = False
    limit: int | None = None
    """Pictures to ask for in this run."""
    retry_failed: bool = False

    def __post_init__(self) -> None:
        if (self.table is None) == (self.page is None):
            raise UsageError(
                "a table of addresses and a page are two sources."
                if self.table is not None
                else "there is nothing to collect.",
                "Give a table of addresses, or --page ADDRESS.",
            )
        if self.page is None and self.base is not None:
            raise UsageError("--base is for a page.", "Addresses in a table are written in full.")
        if self.page is not None and (self.column is not None or self.table_options):
            raise UsageError("--column and --set are for a table of addresses.", "Leave them out with --page.")
        if not 0 < self.rate <= 1000 or not math.isfinite(self.rate):
            raise UsageError(f"--rate {self.rate:g} is no number of requests a second.", "Say --rate 0.5, for example.")
        if not 0 < self.patience.total_s < math.inf or self.max_bytes < 1:
            raise UsageError("--timeout and --max-mb must be more than 0.", "Leave them out for what is usual.")

    @property
    def source(self) -> str:
        return self.table if self.table is not None else str(self.page)


@dataclass
class CollectProgress:
    """Counts of a run under way."""

    n_seen: int = 0
    n_stored: int = 0
    n_duplicate: int = 0
    n_unchanged: int = 0
    n_updated: int = 0
    n_refused: int = 0
    n_failed: int = 0
    n_bytes: int = 0

    @property
    def n_done(self) -> int:
        return self.n_stored + self.n_duplicate + self.n_unchanged + self.n_refused + self.n_failed
