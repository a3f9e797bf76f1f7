"""A second ingest of an unchanged source against the first one: the time that finding out takes.

Floor of the second: reading the table, asking the file system for every photo, and fetching what is stored of it. Both
times are those of the report, so without start-up; with --by-clock the whole call is timed instead.

    python benchmarks/ingest_again.py [--rounds 3] [--by-clock]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from ingest_rate import DATA

from fashion_match import Catalogue, Plugins
from fashion_match.core.model.artifact import make_model
from fashion_match.core.model.engine import make_engine


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--backbone", default="mobilenet_v3_small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--by-clock", action="store_true")
    asked = parser.parse_args()
    source = DATA / "products"
    if not source.exists():
        raise SystemExit(f"{source}: nothing there; set FM_DATA to the folder with the data.")
    plugins = Plugins(installed=[])
    with tempfile.TemporaryDirectory() as scratch:
        model = make_model(
            plugins, asked.backbone, weights="none", options={}, seed=0, library=Path(scratch, "library")
        )
        make_engine(model, plugins).close()
        first, second = [], []
        for n in range(asked.rounds):
            for times in (first, second):
                began = time.perf_counter()
                with Catalogue(Path(scratch, f"store{n}"), plugins=plugins) as catalogue:
                    report = catalogue.ingest(source, model=model)
                times.append(time.perf_counter() - began if asked.by_clock else report.seconds)
            assert report.n_unchanged == report.n_seen, report
    print(f"{'first ingest':16} {statistics.median(first):8.2f} s, {report.n_seen:,} items")
    each = 1e6 * statistics.median(second) / report.n_seen
    print(f"{'second ingest':16} {statistics.median(second):8.2f} s, {each:.0f} µs each")
    print(f"{statistics.median(first) / statistics.median(second):.1f} times the first")


if __name__ == "__main__":
    main()
