"""What an ingest may be told, and what it tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IngestOptions:
    """What `ingest` does with what it finds."""

    update: bool = True
    """Re-embed changed photos and rewrite changed attributes; otherwise only new items are stored."""
    prune: bool = False
    """Remove items of this source that it no longer has."""
    retry_failed: bool = False
    """Take only what failed in the last ingest of the collection."""
    strict: bool = False
    """Stop at the first failure."""
    verify: bool = False
    """Read every photo again instead of trusting its size and modification time."""
    prefix: str = ""
    """Put before every item id, so that sources with the same ids fit into one collection."""


@dataclass
class Progress:
    """Counts of a run under way."""

    n_seen: int = 0
    n_stored: int = 0
    n_embedded: int = 0
    n_unchanged: int = 0
    n_failed: int = 0
