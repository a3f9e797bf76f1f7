"""What is still to be fetched, by host: the next one is of the host that has been left alone for longest."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from fashion_match.core.collect.record import Wanted
from fashion_match.core.web.address import WebAddress

PER_HOST = 2
"""Downloads from one host at once. The pace says how often one may begin; this is for those that take long."""


@dataclass
class Task:
    """One address to fetch, for all the rows that name it."""

    address: WebAddress
    wanted: list[Wanted]
    attempt: int = 1
    not_before: float = 0.0


@dataclass
class _Host:
    fresh: deque[Task] = field(default_factory=deque)
    again: list[tuple[float, int, Task]] = field(default_factory=list)
    """Failed once or more: the time from which to ask again, and a number that keeps their order."""

    def ready_at(self) -> float:
        return 0.0 if self.fresh else self.again[0][0]


class HostQueue:
    """Tasks that wait.

    Args:
        ready_at: the time from which a host may be asked, see `Pace`.
    """

    def __init__(self, ready_at: Callable[[str], float]) -> None:
        self._ready_at = ready_at
        self._hosts: dict[str, _Host] = {}
        self._running: Counter[str] = Counter()
        self._n = 0
        self._number = 0

    def __len__(self) -> int:
        return self._n

    def add(self, task: Task) -> None:
        """Put a task in, at its time if it has one."""
        host = self._hosts.setdefault(task.address.host, _Host())
        if task.attempt > 1:
            self._number += 1
            heapq.heappush(host.again, (task.not_before, self._number, task))
        else:
            host.fresh.append(task)
        self._n += 1

    def take(self, now: float) -> Task | None:
        """Return a task that may start now, and count its host as busy; ``None`` where none may."""
        at, name = self._next()
        if name is None or at > now:
            return None
        host = self._hosts[name]
        again = host.again and host.again[0][0] <= now
        task = heapq.heappop(host.again)[2] if again else host.fresh.popleft()
        self._n -= 1
        self._running[name] += 1
        if not host.fresh and not host.again:
            del self._hosts[name]
        return task

    def done(self, task: Task) -> None:
        """Say that a task that was taken has ended."""
        self._running[task.address.host] -= 1

    def wait_s(self, now: float) -> float | None:
        """Return how long until a task may start; ``None`` where that depends on one that runs."""
        at, name = self._next()
        return None if name is None else max(0.0, at - now)

    def _next(self) -> tuple[float, str | None]:
        free = [
            (max(self._ready_at(name), host.ready_at()), name)
            for name, host in self._hosts.items()
            if self._running[name] < PER_HOST
        ]
        return min(free, default=(0.0, None))
