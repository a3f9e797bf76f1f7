"""Workers that fetch what waits, host by host, and ask again later for what may be better then."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from fashion_match.core.collect.host_queue import HostQueue, Task
from fashion_match.core.collect.photo_check import CheckedPhoto
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.fetch import Fetched
from fashion_match.core.web.pace import Pace, retry_wait_s

POLL_S = 0.5

Photo = tuple[Fetched, CheckedPhoto]


@dataclass(frozen=True)
class Done:
    """A task that has ended, one way or another."""

    task: Task
    photo: Photo | None = None
    error: FetchError | None = None


class FetchPool:
    """Threads that call ``fetch``. Everything else is for the one thread that owns the pool.

    Args:
        fetch: returns a photo, or raises FetchError; what else it raises is a bug, and comes out of `next_done`.
        n_attempts: calls for one task at most.
    """

    def __init__(self, fetch: Callable[[Task], Photo], pace: Pace, *, n_workers: int, n_attempts: int) -> None:
        self._fetch = fetch
        self._pace = pace
        self._n_workers = n_workers
        self._n_attempts = n_attempts
        self._waiting = HostQueue(pace.ready_at)
        self._n_running = 0
        self._jobs: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[tuple[Task, Photo | BaseException]] = queue.SimpleQueue()

    @property
    def n_waiting(self) -> int:
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits or runs."""
        return not self._n_running and not self._waiting

    def add(self, task: Task) -> None:
        self._waiting.add(task)

    def next_done(self) -> Done | None:
        """Start what may start, and return the next task that has ended; ``None`` where none has for half a second."""
        while self._n_running < self._n_workers and (task := self._waiting.take(self._pace.now())):
            self._n_running += 1
            self._jobs.put(task)
        try:
            task, result = self._ended.get(timeout=self._wait_s())
        except queue.Empty:
            return None
        self._n_running -= 1
        self._waiting.done(task)
        if isinstance(result, tuple):
            return Done(task, photo=result)
        if not isinstance(result, FetchError):
            raise result
        if not result.retry or task.attempt >= self._n_attempts:
            return Done(task, error=result)
        task.not_before = self._pace.now() + retry_wait_s(task.attempt, result.wait_s)
        task.attempt += 1
        self._waiting.add(task)
        return None

    def __enter__(self) -> FetchPool:
        for n in range(self._n_workers):
            # Daemons: on Ctrl-C what is in flight is left to itself; it has written nothing.
            threading.Thread(target=self._work, name=f"fm-collect-{n}", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in range(self._n_workers):
            self._jobs.put(None)

    def _work(self) -> None:
        while (task := self._jobs.get()) is not None:
            try:
                self._ended.put((task, self._fetch(task)))
            except BaseException as error:
                self._ended.put((task, error))

    def _wait_s(self) -> float:
        """Return how long to wait for a worker; not for ever, so that Ctrl-C is heard on every system."""
        wait_s = self._waiting.wait_s(self._pace.now()) if self._n_running < self._n_workers else None
        return POLL_S if wait_s is None else min(wait_s, POLL_S)
