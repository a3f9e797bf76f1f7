"""Writing beside other work."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from fashion_match.core.store.protocol import Point, VectorStore


class BackgroundWriter:
    """Upserts in a thread of its own, one batch behind, so that embedding does not wait for the disk."""

    def __init__(self, store: VectorStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, "fm-store")
        self._pending: Future[None] | None = None

    def upsert(self, points: list[Point]) -> None:
        self._wait()
        if points:
            self._pending = self._thread.submit(self._store.upsert, points)

    def _wait(self) -> None:
        if self._pending is not None:
            pending, self._pending = self._pending, None
            pending.result()

    def __enter__(self) -> BackgroundWriter:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._wait()
        finally:
            self._thread.shutdown()
