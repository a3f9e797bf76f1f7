"""How often a host is asked, and how long it is left alone after it said that it is busy."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0


class Pace:
    """When each host may be asked next. Threads share it.

    Args:
        interval_s: between the starts of two requests to one host.
        now, sleep: a clock in seconds; others than the system's are for tests.
    """

    def __init__(
        self,
        interval_s: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval_s = interval_s
        self._slower: dict[str, float] = {}
        self._free_at: dict[str, float] = {}
        self._lock = Lock()
        self.now = now
        self.sleep = sleep

    def ready_at(self, host: str) -> float:
        """Return the time from which ``host`` may be asked."""
        with self._lock:
            return self._free_at.get(host, 0.0)

    def wait(self, host: str) -> None:
        """Wait for this caller's turn at ``host``."""
        while True:
            with self._lock:
                now = self.now()
                wait_s = self._free_at.get(host, 0.0) - now
                if wait_s <= 0:
                    self._free_at[host] = now + self._slower.get(host, self._interval_s)
                    return
            self.sleep(wait_s)

    def slow_down(self, host: str, interval_s: float) -> bool:
        """Keep to the host's own wish, where it is for less; return whether it is."""
        with self._lock:
            slower = interval_s > self._slower.get(host, self._interval_s)
            if slower:
                self._slower[host] = interval_s
            return slower

    def pause(self, host: str, wait_s: float) -> None:
        """Leave ``host`` alone for that long from now."""
        with self._lock:
            self._free_at[host] = max(self._free_at.get(host, 0.0), self.now() + wait_s)


def retry_wait_s(attempt: int, asked_s: float | None = None) -> float:
    """Return how long to wait after the first, second, ... failed ``attempt``: doubled each time, never in step.

    Args:
        asked_s: what the server asks for; it is never undercut.
    """
    backoff_s: float = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)
    return max(backoff_s, asked_s or 0.0)


def retry_after_s(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, in either of its forms; ``None`` where it says nothing."""
    text = (header or "").strip()
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
