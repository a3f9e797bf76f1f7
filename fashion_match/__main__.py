"""Where the program starts: ``fm``, or ``python -m fashion_match``."""

from __future__ import annotations

import atexit
import gc
import os
import sys


def main() -> int:
    """Run ``fm`` and return its exit code."""
    # Importing makes tens of thousands of objects and no garbage; looking through them again and again would take a
    # tenth of a query by attributes.
    gc.set_threshold(100_000, 50, 50)
    from fashion_match.cli import main as run

    code = run()
    # Likewise, taking them apart one by one at the end: what must be done at exit is done here, and the rest is memory
    # that goes back with the process. A bug of ours has raised before, and leaves with its traceback.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
