"""The processes of a run: which of several this is, and how it waits and remembers."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

SPIN = "10000"
"""Turns that a thread waits before it sleeps. A step of mobilenet_v3_small at 128 px on two cores takes 258 ms where
threads sleep at once, 192 ms after so many turns, 185 ms where they hardly ever do; beside another busy process it is
so many turns that keep it at 0.6 s, where ten times as many took over 1.5 s."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of ``mallopt(3)``."""


def is_first_process() -> bool:
    """Whether this process speaks and writes for all of them."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK"))


def prepare_process() -> None:
    """Say how the threads of torch wait, and keep freed memory; where torch is loaded already, it is too late.

    Every step frees and asks for the same large blocks; giving them back to the system in between costs 4 to 6 % of it.
    """
    if "torch" in sys.modules:
        return
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN)
    with suppress(OSError, AttributeError):  # not the GNU library
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_MMAP_THRESHOLD, 2**30)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
