"""Ingest against its floor B = 1 / (1/F + 1/(c D)): forward alone on all c cores, decoding alone on each of them.

With --busy a second process takes a core's worth of time, for the floor and for the ingest alike.

    python benchmarks/ingest_floor.py [--source clothing] [--backbone NAME] [--photos 1000] [--rounds 3] [--busy]
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from ingest_rate import parser, prepared, rates, table, whole_ingest

from fashion_match.core.model.embedder import Embedder, Photo
from fashion_match.core.model.engine import Batch, make_engine, run
from fashion_match.core.model.image import decode, read_photo
from fashion_match.core.model.pixel import to_pixels


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--busy", action="store_true")
    asked = arguments.parse_args()
    with prepared(asked) as (plugins, model, photos):
        files = sorted(photos.iterdir())
        n, n_cores = len(files), len(os.sched_getaffinity(0))
        embedder = Embedder(model, plugins)
        preprocess = embedder.card.preprocess
        engine = make_engine(model, plugins)
        side = preprocess.crop_px
        batch = Batch(np.random.default_rng(0).integers(0, 256, (engine.batch_size, side, side, 3), np.uint8))

        def forward() -> float | None:
            batches = -(-n // engine.batch_size)
            return sum(len(rows) for rows in run(engine, (batch for _ in range(batches)))) and None

        def decoding() -> None:
            for path in files:
                to_pixels(decode(read_photo(path).data, enough_px=preprocess.enough_px), preprocess)

        def stream() -> None:
            assert all(done.vector for done in embedder.stream(Photo(path, path) for path in files))

        embedder.describe()
        busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if asked.busy else None
        try:
            found = rates(
                n,
                asked.rounds,
                {
                    "forward alone, F": forward,
                    "decoding alone, one core, D": decoding,
                    "decode and embed": stream,
                    "whole ingest": lambda: whole_ingest(plugins, model, photos),
                },
            )
        finally:
            if busy is not None:
                busy.kill()
        forward_rate, decoding_rate = list(found.values())[:2]
        found["floor, B"] = 1 / (1 / forward_rate + 1 / (n_cores * decoding_rate))
        print(f"{asked.backbone}, {n} photos of {asked.source}, {n_cores} cores, {engine.name}")
        table(found, reference="floor, B")


if __name__ == "__main__":
    main()
