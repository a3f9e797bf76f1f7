"""What the benchmarks of ingest share: photos to ingest, contenders that take turns, and the table of their rates."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fashion_match import Catalogue, Plugins
from fashion_match.core.model.artifact import make_model
from fashion_match.core.model.engine import make_engine

DATA = Path(os.environ.get("FM_DATA", Path(__file__).parents[2] / "shared" / "data"))
SOURCES = {"products": "products/images/*.jpg", "clothing": "clothing/train/*/*.jpg"}
Contender = Callable[[], object]


def parser(description: str, *, n: int = 1000) -> argparse.ArgumentParser:
    """Return a parser with the options that all of them have."""
    made = argparse.ArgumentParser(description=description.partition("\n")[0])
    made.add_argument("--source", choices=SOURCES, default="products")
    made.add_argument("--backbone", default="mobilenet_v3_small")
    made.add_argument("--photos", type=int, default=n, help="how many of the source")
    made.add_argument("--rounds", type=int, default=3)
    return made


@contextmanager
def prepared(asked: argparse.Namespace) -> Iterator[tuple[Plugins, Path, Path]]:
    """Give the plugins, the folder of a model with random weights, and a folder with the photos, all on this disk."""
    found = sorted(DATA.glob(SOURCES[asked.source]))[
        :: max(1, len(list(DATA.glob(SOURCES[asked.source]))) // asked.photos)
    ]
    if not found:
        raise SystemExit(f"{DATA / SOURCES[asked.source]}: nothing there; set FM_DATA to the folder with the data.")
    with tempfile.TemporaryDirectory() as scratch:
        photos = Path(scratch, "photos")
        photos.mkdir()
        for n, path in enumerate(found[: asked.photos]):
            shutil.copyfile(path, photos / f"{n}{path.suffix}")
        plugins = Plugins(installed=[])
        model = make_model(
            plugins, asked.backbone, weights="none", options={}, seed=0, library=Path(scratch, "library")
        )
        make_engine(model, plugins).close()  # so that no contender pays for the conversion
        yield plugins, model, photos


def whole_ingest(plugins: Plugins, model: Path, photos: Path) -> float:
    """Ingest into a new store, and return the rate by the report of the run itself: start-up is not part of it."""
    with tempfile.TemporaryDirectory() as store, Catalogue(store, plugins=plugins) as catalogue:
        report = catalogue.ingest(photos, model=model)
        assert report.n_stored == len(list(photos.iterdir())), report
        return report.images_per_s


def rates(n: int, rounds: int, contenders: dict[str, Contender]) -> dict[str, float]:
    """Let the contenders take turns, and return the median rate (1/s) of each.

    A contender that returns a number has measured its rate itself; any other is timed, as having handled ``n`` photos.
    """
    measured: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            started = time.perf_counter()
            own = contender()
            measured[name].append(own if isinstance(own, float) else n / (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in measured.items()}


def table(rows: dict[str, float], *, reference: str) -> None:
    """Print rates, and each as a ratio to the reference."""
    width = max(map(len, rows))
    print(f"{'':{width}}  photos/s  ratio to {reference}")
    for name, rate in rows.items():
        print(f"{name:{width}}  {rate:8.1f}  {rate / rows[reference]:.2f}")
