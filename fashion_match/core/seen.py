"""Which ids were met."""

from __future__ import annotations


class SeenIds:
    """Ids met so far, by their 64-bit hashes, so that 44,000 of them weigh little; two share one in 2 * 10^10 runs."""

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def add(self, item_id: str) -> bool:
        """Add an id; return whether it is new."""
        before = len(self._hashes)
        self._hashes.add(hash(item_id))
        return len(self._hashes) > before

    def forget(self, item_id: str) -> None:
        self._hashes.discard(hash(item_id))

    def __contains__(self, item_id: str) -> bool:
        return hash(item_id) in self._hashes
