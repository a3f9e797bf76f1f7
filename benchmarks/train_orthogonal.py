"""15 steps of ``orthogonal`` on the photos of M5 by ``fm train``, against the published way written out.

The published way: all targets in one batch, the full matrix of their dot products, the sum of its upper triangle, Adam
5e-5; and after every step, as before the first, all queries and targets are embedded and the top-5 error is taken.
Photos are decoded once, up front. Ours is the whole of a run in this process, from reading the folder to the model
written, with checkpoints, validation by the oracle (the same top-5 error) and validation by views (which chooses the
step without labels, and which the published way has nothing like). They take turns; medians. One more run of ours is
taken apart: what goes where, and a profile with --profile. Random weights. Target: 1.5 times as fast.

    python benchmarks/train_orthogonal.py [--backbones mobilenet_v3_small resnet18] [--rounds 3] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import csv
import pstats
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from train_source import found, plain_backbone, run_ours

# isort: split
import torch
from PIL import Image
from torch.nn import functional as F
from torchvision import transforms

from fashion_match import Plugins
from fashion_match.core.train import checkpoint, module, run
from fashion_match.core.train.loader import HeldOutPhotos
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.result import RunReport
from fashion_match.core.train.validation import GALLERY, ORACLE, VIEWS

K, RATE, TARGET = 5, 5e-5, 1.5


def published(plugins: Plugins, backbone: str, n_steps: int, at_once: int = 10**9) -> tuple[float, float]:
    """Return the seconds it took, and the error at the end; ``at_once`` photos are embedded after each step."""
    started = time.perf_counter()
    network = plain_backbone(plugins, backbone)
    preprocess = network.preprocess
    transform = transforms.Compose(
        [
            transforms.Resize(preprocess.resize_px, transforms.InterpolationMode(preprocess.interpolation)),
            transforms.CenterCrop(preprocess.crop_px),
            transforms.ToTensor(),
            transforms.Normalize(preprocess.mean, preprocess.std),
        ]
    )
    folder = found("uniqlo")
    with (folder / "record.csv").open(newline="") as text:
        target_of = {row[0].strip(): row[1].strip() for row in csv.reader(text) if row}
    names = sorted(path.name for path in (folder / "targets").iterdir())

    def batch(part: str, files: list[str]) -> torch.Tensor:
        return torch.stack([transform(Image.open(folder / part / file).convert("RGB")) for file in files])

    targets, queries = batch("targets", names), batch("queries", list(target_of))
    answers = torch.tensor([names.index(name) for name in target_of.values()])
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)

    def error() -> float:
        network.eval()
        with torch.no_grad():
            found, known = (
                F.normalize(torch.cat([network(part) for part in photos.split(at_once)]))
                for photos in (queries, targets)
            )
            similar = found @ known.T
        network.train()
        return 1 - float((similar.topk(K).indices == answers[:, None]).any(1).float().mean())

    errors = [error()]
    for _ in range(n_steps):
        optimizer.zero_grad()
        rows = F.normalize(network(targets))
        (rows @ rows.T).triu(1).sum().backward()
        optimizer.step()
        errors.append(error())
    return time.perf_counter() - started, errors[-1]


def request(backbone: str, n_steps: int) -> TrainRequest:
    return TrainRequest(
        source=str(found("uniqlo")),
        methods=("orthogonal",),
        backbone=backbone,
        weights="none",
        options={"epochs": n_steps},
    )


def ours(plugins: Plugins, backbone: str, n_steps: int) -> tuple[float, float]:
    """Return the seconds it took, and the error at the end."""
    started = time.perf_counter()

    def error(report: RunReport) -> tuple[float, float]:
        return time.perf_counter() - started, report.history[-1][f"val/oracle_top{K}_error"]

    return run_ours(plugins, request(backbone, n_steps), then=error)


class Meter:
    """Adds up where the time goes, by replacing functions while a run is taken apart."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)

    def timed(self, name: Callable[..., str], function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                self.spent_s[name(*args, **named)] += time.perf_counter() - started

        return wrapped

    @contextmanager
    def taking_apart(self) -> Iterator[None]:
        loaders = {
            GALLERY: "validation: gallery",
            VIEWS: "validation: views",
            ORACLE: "validation: oracle",
        }
        parts = {
            (module.TrainModule, "_embed_epoch"): None,
            (module.TrainModule, "_step"): lambda *_: "step: forward",
            (module.TrainModule, "backward"): lambda *_, **__: "step: backward",
            (module.TrainModule, "validation_step"): lambda self, batch, n, loader=0: loaders[loader],
            (module.Figures, "add"): None,
            (checkpoint.KeepState, "on_train_epoch_end"): lambda *_: "checkpoints",
            (checkpoint.KeepState, "on_validation_end"): lambda *_: "checkpoints",
            (run.Run, "_finish"): lambda *_: "finish: model written",
            (run, "read_data"): lambda *_: "begin: read the folder",
            (run, "assemble"): lambda *_: "begin: make the network",
            (run, "RunPhotos"): lambda *_, **__: "begin: decode",
        }
        before = {(owner, name): owner.__dict__.get(name) for owner, name in parts}
        own_iter, own_embed = HeldOutPhotos.__iter__, module.TrainModule._embed_epoch

        def batches(photos: HeldOutPhotos) -> Iterator[Any]:
            iterator = own_iter(photos)
            while True:
                started = time.perf_counter()
                batch = next(iterator, None)
                what = "validation: views, augmented" if photos.operations else "validation: batches"
                self.spent_s[what] += time.perf_counter() - started
                if batch is None:
                    return
                yield batch

        def embed(self_: Any) -> Any:
            iterator = own_embed(self_)
            while True:
                started = time.perf_counter()
                rows = next(iterator, None)
                self.spent_s["step: sum of rows, ahead of it"] += time.perf_counter() - started
                if rows is None:
                    return
                yield rows

        for (owner, name), label in parts.items():
            if label is not None:
                setattr(owner, name, self.timed(label, getattr(owner, name)))
        HeldOutPhotos.__iter__ = batches  # type: ignore[method-assign]
        module.TrainModule._embed_epoch = embed  # type: ignore[method-assign]
        try:
            yield
        finally:
            for (owner, name), function in before.items():
                if function is not None:
                    setattr(owner, name, function)
                elif name in owner.__dict__:
                    delattr(owner, name)
            HeldOutPhotos.__iter__ = own_iter  # type: ignore[method-assign]
            module.TrainModule._embed_epoch = own_embed  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbones", nargs="+", default=["mobilenet_v3_small", "resnet18"])
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one-by-one", action="store_true", help="also the published way with batches of one")
    parser.add_argument("--profile", action="store_true", help="also the functions of a run that take longest")
    asked = parser.parse_args()
    plugins = Plugins(installed=[])
    for backbone in asked.backbones:
        contenders: dict[str, Callable[..., tuple[float, float]]] = {"published": published, "ours": ours}
        if asked.one_by_one:
            contenders["published, embedding one by one"] = partial(published, at_once=1)
        errors = {name: one(plugins, backbone, 1)[1] for name, one in contenders.items()}  # imports, primitives
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(asked.rounds):
            for name, one in contenders.items():
                seconds, errors[name] = one(plugins, backbone, asked.steps)
                times[name].append(seconds)
        s = {name: statistics.median(values) for name, values in times.items()}
        meter = Meter()
        with meter.taking_apart():
            whole, _ = ours(plugins, backbone, asked.steps)
        views = sum(seconds for name, seconds in meter.spent_s.items() if "views" in name) / whole
        print(f"\n{backbone}, {asked.steps} steps, {asked.rounds} rounds")
        print("                                  seconds  times as fast as published  top-5 error at the end")
        for name, seconds in s.items():
            print(f"{name:32}  {seconds:7.2f}  {s['published'] / seconds:26.2f}  {errors[name]:.3f}")
        without = s["ours"] * (1 - views)
        print(f"{'ours, less the views':32}  {without:7.2f}  {s['published'] / without:26.2f}")
        print("\nOf a run that was taken apart:           seconds  part")
        meter.spent_s["everything else"] = whole - sum(meter.spent_s.values())
        for name, seconds in sorted(meter.spent_s.items(), key=lambda pair: -pair[1]):
            print(f"  {name:36}  {seconds:7.2f}  {seconds / whole:4.0%}")
        if asked.profile:
            profile = cProfile.Profile()
            profile.runcall(ours, plugins, backbone, asked.steps)
            pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(25)
    print(f"\nTarget: {TARGET} times.")


if __name__ == "__main__":
    main()
