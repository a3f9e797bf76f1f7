"""Cells of a study side by side, each on one processor core.

A step over a few photos does not fill several cores: its threads wait for each other at every layer, and the longer
the more other programs run. Cells need nothing of each other, so as many as there are cores train at the same time.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from fashion_match.core.error import FashionMatchError, ModelError
from fashion_match.core.model.torch_engine import find_device
from fashion_match.core.plugin.loader import Plugins

CELL_BYTES = 3 * 2**30
"""Memory of a process: what the largest of the usual networks takes for a step over 64 photos."""


def usual_jobs(device: str) -> int:
    """Return how many cells are trained at the same time: one a core, where memory allows; one on a graphics card."""
    if find_device(device) != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") if hasattr(os, "sysconf") else CELL_BYTES
    return max(1, min(cores, memory // CELL_BYTES))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one core: how sums are split between threads shows in the last digits, and those grow with steps.

    So a cell is the same however many are trained beside it.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class Work:
    """What a process must know to run cells."""

    make_plugins: Callable[[], Plugins]
    make_runner: Callable[[Plugins, Callable[[str], None]], Callable[[Any], Any]]
    """Called once in each process; it returns what turns a key into a cell. Both must be picklable."""


def run_side_by_side(
    work: Work, keys: Sequence[Any], jobs: int, *, skip: Callable[[Any], bool], notify: Callable[[str], None]
) -> Iterator[tuple[Any, Any]]:
    """Yield each key with its cell, in the order in which they end.

    Args:
        skip: asked before a key is given out; a key that is skipped is not run.

    Raises:
        FashionMatchError: what a process raised.
        ModelError: a process was killed, as one is where memory runs out.
    """
    context = mp.get_context("spawn")  # torch's threads do not survive a fork
    waiting = list(reversed(keys))
    busy: dict[Connection, tuple[Any, Any]] = {}
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded there
    try:
        for _ in range(min(jobs, len(keys))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(work, theirs), daemon=True)
            process.start()
            theirs.close()  # so that the end of the process ends the pipe
            busy[ours] = (process, None)
        for connection in list(busy):
            _give(connection, busy, waiting, skip)
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                process, key = busy[ready]
                try:
                    kind, value = ready.recv()
                except (EOFError, OSError):
                    raise ModelError(
                        f"a process of the study ended by itself, at {key}.", "Fewer --jobs take less memory."
                    ) from None
                if kind == "say":
                    notify(value)
                elif kind == "error":
                    raise value[0](*value[1:])
                else:
                    yield key, value
                    _give(ready, busy, waiting, skip)
    finally:
        for connection, (process, _) in busy.items():
            process.terminate()
            process.join()
            connection.close()
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _give(connection: Connection, busy: dict[Connection, Any], waiting: list[Any], skip: Callable[[Any], bool]) -> None:
    """Give the process its next key; where there is none, it ends."""
    process, _ = busy[connection]
    while waiting and skip(waiting[-1]):
        waiting.pop()
    if waiting:
        key = waiting.pop()
        busy[connection] = (process, key)
        connection.send(key)
    else:
        del busy[connection]
        connection.close()
        process.join()


def _serve(work: Work, connection: Connection) -> None:
    """Run the cells that come through ``connection``, until the other side closes it or is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of them; the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from fashion_match.core.train.process import prepare_process

    prepare_process()
    with suppress(EOFError, OSError):
        try:
            run = work.make_runner(work.make_plugins(), lambda line: connection.send(("say", line)))
            while True:
                connection.send(("cell", run(connection.recv())))
        except FashionMatchError as error:
            connection.send(("error", (type(error), error.problem, error.remedy)))


def _end_with_parent() -> None:
    """End this process when the one that started it is no more, in the middle of a cell too."""
    parent = mp.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
