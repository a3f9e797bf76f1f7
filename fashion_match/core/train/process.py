"""Which of several processes this is: those of one run, started by Lightning or by ``torchrun``."""

from __future__ import annotations

import os


def is_first_process() -> bool:
    """Whether this process speaks and writes for all of them."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK"))
