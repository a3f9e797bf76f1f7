"""What the benchmarks of training share: products to train on, a run in this process, and plain torch beside it."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fashion_match.core.train.process import prepare_process

prepare_process()  # as `fm train` does, for both sides: must be before torch

import torch
from torch import nn

from fashion_match import Plugins
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.progress import TrainProgress
from fashion_match.core.train.result import RunReport
from fashion_match.core.train.run import Run

DATA = Path(os.environ.get("FM_DATA", Path(__file__).parents[2] / "shared" / "data"))
COLUMNS = {
    "category": "articleType",
    "color": "baseColour",
    "season": "season",
    "gender": "gender",
    "usage": "usage",
}
"""Of ``styles.csv``, by the names that our reader gives them."""
MISSING = {"", "NA"}


def found(what: str) -> Path:
    """Return a part of the data, or end with a line that says what is missing."""
    path = DATA / what
    if not path.exists():
        raise SystemExit(f"{path}: nothing there; set FM_DATA to the folder with the data.")
    return path


def styles() -> list[dict[str, str]]:
    """Return the rows of the products that have a photo."""
    table = found("products/styles.csv")
    photos = {path.stem for path in (table.parent / "images").glob("*.jpg")}
    with table.open(encoding="utf-8", newline="") as text:
        return [row for row in csv.DictReader(text) if row["id"] in photos]


def photo_of(row: dict[str, str]) -> Path:
    return DATA / "products" / "images" / f"{row['id']}.jpg"


def spread(rows: Sequence[Any], n: int) -> list[Any]:
    """Return at most ``n`` rows from all over the table."""
    n = min(n, len(rows))
    return [rows[k * len(rows) // n] for k in range(n)]


@contextmanager
def source_of(rows: Sequence[dict[str, str]]) -> Iterator[Path]:
    """Give a folder with these products alone, as reader ``kaggle-fashion`` takes it, on this disk."""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "images").mkdir()
        for row in rows:
            shutil.copyfile(photo_of(row), Path(scratch) / "images" / f"{row['id']}.jpg")
        with (Path(scratch) / "styles.csv").open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, list(rows[0]), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        yield Path(scratch)


def numbered(rows: Sequence[dict[str, str]], attribute: str) -> torch.Tensor:
    """Return the class of each row as a number, -1 where it does not say."""
    values = [row[COLUMNS[attribute]] for row in rows]
    place = {value: n for n, value in enumerate(sorted(set(values) - MISSING))}
    return torch.tensor([place.get(value, -1) for value in values])


def run_ours(
    plugins: Plugins,
    request: TrainRequest,
    *,
    on_progress: Callable[[TrainProgress], None] = lambda _: None,
    then: Callable[[RunReport], Any] = lambda report: report,
) -> Any:
    """Do what ``fm train`` does, less its pictures; return what ``then`` makes of the report before its folder goes."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Run(plugins, request, Path(scratch, "run"), on_progress=on_progress).run()
        assert report is not None
        return then(report)


def plain_backbone(plugins: Plugins, name: str) -> Any:
    """Return the network with random weights, as torch makes it: contiguous."""
    torch.manual_seed(0)
    return plugins.backbones[name].make({}, weights="none").train()


def published_head(width: int) -> nn.Module:
    """Return the head of M1."""
    return nn.Sequential(nn.Linear(width, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(0.3), nn.Linear(512, 128))
