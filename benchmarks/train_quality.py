"""Quality after the same time: ``fm train`` against plain scripts, judged by products that neither has seen.

A fifth of the products is held out (by item, seeded) and never given to either. Ours is a run with ``--max-minutes``
and otherwise the method's own options, which hold out a part of its items for itself. The reference then has the wall
time that the whole run of ours took, decoding included on both sides; they never run at once. It is

    triplet     TripletMarginLoss on the triplets of TripletMarginMiner (semihard) or BatchHardMiner, batches by
                MPerClassSampler over the category, M1's head; all of them pytorch-metric-learning's
    classifier  cross entropy over five attributes, a linear layer each, on an embedding of 256

with photos decoded once by Pillow into a uint8 tensor, crop and flip by torchvision, AdamW, a one-cycle rate that
follows the clock (as by an estimate of the steps to come, but never wrong), and the last weights. Both: random weights,
batch 64, statistics of normalisation with momentum 0.1, without which a short run of the reference would be worth
nothing.

Judged by the nearest photo among all products that were not held out, cosine: recall@1 of category, of color, of both
together; with 95 % intervals by bootstrap over held-out products, also of the difference. Beside them what the most
frequent value gets, and the nearest photo by its pixels (16 x 16).

    python benchmarks/train_quality.py [--minutes 10] [--methods triplet,classifier] [--side 128] [--seed 0]
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from train_source import (
    COLUMNS,
    numbered,
    photo_of,
    plain_backbone,
    published_head,
    run_ours,
    source_of,
    spread,
    styles,
)

# isort: split
import torch
from PIL import Image
from pytorch_metric_learning import losses, miners, samplers
from torch import nn
from torch.nn import functional as F
from torchvision.transforms import v2

from fashion_match import Plugins
from fashion_match.core.model.artifact import load_module
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.result import RunReport

Row = dict[str, str]
Vectors = tuple[torch.Tensor, torch.Tensor]
"""Of the gallery, and of what is held out."""
BATCH, MARGIN, M = 64, 0.2, 4
ROOM = 256 / 224
"""Side of what is kept for a random crop, as a part of the crop's."""
RATES = {"triplet": 1e-3, "classifier": 2e-3}
DRAWS = 2000


def decode(rows: Sequence[Row], side: int) -> torch.Tensor:
    """Return the centres of photos (N x 3 x S x S, uint8)."""
    transform = v2.Compose([v2.Resize(side), v2.CenterCrop(side), v2.PILToTensor()])
    return torch.stack([transform(Image.open(photo_of(row)).convert("RGB")) for row in rows])


def scaled(pixels: torch.Tensor) -> torch.Tensor:
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (pixels.float() / 255 - mean[:, None, None]) / std[:, None, None]


@torch.no_grad()
def embedded(embed: Callable[[torch.Tensor], torch.Tensor], pixels: torch.Tensor) -> torch.Tensor:
    return F.normalize(torch.cat([embed(part) for part in pixels.split(BATCH)]))


# -- ours --------------------------------------------------------------------------------------------------------------


def ours(plugins: Plugins, method: str, rows: Sequence[Row], judged: Vectors, asked: argparse.Namespace) -> Any:
    """Train on ``rows``; return the vectors of ``judged``, and what to say of the run."""
    options = {"max_minutes": asked.minutes, "image_size_px": asked.side, "batch_size": BATCH, "seed": asked.seed}
    if asked.validation is not None:
        options["validation"] = asked.validation
    if method == "triplet":
        options["label_by"] = "category"

    def vectors(report: RunReport) -> tuple[Vectors, int, str]:
        network = load_module(report.model, plugins).eval()
        gallery, held_out = (embedded(lambda part: network(part.permute(0, 2, 3, 1)), each) for each in judged)
        run = report.card.provenance["run"]
        kept = f"epoch {run['kept_epoch']:.0f} of {report.history[-1]['epoch']:.0f}, {report.n_train:,} photos"
        return (gallery, held_out), run["n_steps"], kept

    with source_of(rows) as source:
        request = TrainRequest(
            source=str(source),
            reader="kaggle-fashion",
            methods=(method,),
            backbone=asked.backbone,
            weights="none",
            options=options,
        )
        started, cpu = time.perf_counter(), time.process_time()
        spent: list[float] = []

        def timed(report: RunReport) -> tuple[Vectors, int, str]:
            spent.extend((time.perf_counter() - started, time.process_time() - cpu))
            return vectors(report)

        found = run_ours(plugins, request, then=timed)
    return (*found, *spent)


# -- the reference -----------------------------------------------------------------------------------------------------


class TripletScript:
    def __init__(self, body: Any, rows: Sequence[Row], miner: str) -> None:
        self.network = nn.Sequential(body, published_head(body.dim))
        self.embed = self.network
        self.labels = numbered(rows, "category")
        self.loss = losses.TripletMarginLoss(margin=MARGIN)
        self.miner: Any = (
            miners.BatchHardMiner()
            if miner == "batch-hard"
            else miners.TripletMarginMiner(margin=MARGIN, type_of_triplets="semihard")
        )

    def batches(self) -> Iterator[list[int]]:
        n = len(self.labels)
        sampler = samplers.MPerClassSampler(self.labels, M, BATCH, length_before_new_iter=max(BATCH, n))
        order = [int(number) for number in sampler]
        yield from (order[start : start + BATCH] for start in range(0, len(order) - BATCH + 1, BATCH))

    def value(self, pixels: torch.Tensor, numbers: list[int]) -> torch.Tensor:
        rows, labels = self.network(pixels), self.labels[numbers]
        value: torch.Tensor = self.loss(rows, labels, self.miner(rows, labels))
        return value


class ClassifierScript:
    def __init__(self, body: Any, rows: Sequence[Row]) -> None:
        self.targets = {name: numbered(rows, name) for name in COLUMNS}
        self.embed = nn.Sequential(body, nn.Linear(body.dim, 256))
        self.heads = nn.ModuleDict({name: nn.Linear(256, int(t.max()) + 1) for name, t in self.targets.items()})
        self.network = nn.ModuleList([self.embed, self.heads])

    def batches(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.targets["category"])).tolist()
        yield from (order[start : start + BATCH] for start in range(0, max(1, len(order) - BATCH + 1), BATCH))

    def value(self, pixels: torch.Tensor, numbers: list[int]) -> torch.Tensor:
        rows = self.embed(pixels)
        parts = [
            F.cross_entropy(head(rows), self.targets[name][numbers], ignore_index=-1)
            for name, head in self.heads.items()
        ]
        return torch.stack([part for part in parts if part.isfinite()]).sum()


def one_cycle(part: float) -> float:
    """Return the rate at ``part`` of the time, as a part of the greatest; torch's own shape."""
    rise = 0.3
    if part < rise:
        return 1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * part / rise)) / 2
    return (1 + math.cos(math.pi * min(1.0, (part - rise) / (1 - rise)))) / 2


def reference(
    plugins: Plugins, method: str, rows: Sequence[Row], judged: Vectors, budget_s: float, asked: argparse.Namespace
) -> Any:
    """Train on ``rows`` for ``budget_s``; return the vectors of ``judged``, and what to say of it."""
    started, cpu = time.perf_counter(), time.process_time()
    torch.manual_seed(asked.seed)
    pixels = decode(rows, round(asked.side * ROOM))
    augment = v2.Compose(
        [v2.RandomResizedCrop(asked.side, scale=(0.6, 1.0), antialias=True), v2.RandomHorizontalFlip()]
    )
    body = plain_backbone(plugins, asked.backbone)
    for layer in body.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 0.1
    script: Any = TripletScript(body, rows, asked.miner) if method == "triplet" else ClassifierScript(body, rows)
    optimizer = torch.optim.AdamW(script.network.parameters(), lr=RATES[method], weight_decay=1e-2)
    script.network.train()
    n_steps = n_epochs = 0
    while time.perf_counter() - started < budget_s:
        n_epochs += 1
        for numbers in script.batches():
            part = (time.perf_counter() - started) / budget_s
            if part >= 1:
                break
            optimizer.param_groups[0]["lr"] = (asked.reference_rate or RATES[method]) * one_cycle(part)
            optimizer.zero_grad()
            batch = torch.stack([augment(pixels[number]) for number in numbers])
            script.value(scaled(batch), numbers).backward()
            optimizer.step()
            n_steps += 1
    spent = time.perf_counter() - started, time.process_time() - cpu
    script.network.eval()
    vectors = [embedded(lambda part: script.embed(scaled(part)), each) for each in judged]
    return (tuple(vectors), n_steps, f"epoch {n_epochs}, {len(rows):,} photos", *spent)


# -- judging -----------------------------------------------------------------------------------------------------------


class Judge:
    """Hits of the nearest neighbour, for each held-out product: 1, 0, or not-a-number where it does not say."""

    def __init__(self, rows: Sequence[Row], n_gallery: int, seed: int) -> None:
        labels = {name: numbered(rows, name) for name in ("category", "color")}
        together = [
            f"{c} {k}" if c >= 0 and k >= 0 else "" for c, k in zip(*(labels[n].tolist() for n in labels), strict=True)
        ]
        place = {value: n for n, value in enumerate(sorted(set(together) - {""}))}
        labels["both"] = torch.tensor([place.get(value, -1) for value in together])
        self.gallery = {name: values[:n_gallery] for name, values in labels.items()}
        self.asked = {name: values[n_gallery:] for name, values in labels.items()}
        n = len(rows) - n_gallery
        self.draws = torch.randint(n, (DRAWS, n), generator=torch.Generator().manual_seed(seed))

    def of_vectors(self, vectors: Vectors) -> dict[str, torch.Tensor]:
        nearest = (vectors[1] @ vectors[0].T).argmax(1)
        return {name: self._hits(name, values[nearest]) for name, values in self.gallery.items()}

    def of_most_frequent(self) -> dict[str, torch.Tensor]:
        most = {
            name: Counter(values[values >= 0].tolist()).most_common(1)[0][0] for name, values in self.gallery.items()
        }
        return {name: self._hits(name, torch.full_like(self.asked[name], value)) for name, value in most.items()}

    def _hits(self, name: str, guessed: torch.Tensor) -> torch.Tensor:
        hits = (guessed == self.asked[name]).float()
        hits[self.asked[name] < 0] = math.nan
        return hits

    def interval(self, values: torch.Tensor) -> str:
        means = values[self.draws].nanmean(1).quantile(torch.tensor([0.025, 0.975]))
        return f"{float(means[0]):.3f} to {float(means[1]):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--methods", default="triplet,classifier")
    parser.add_argument("--side", type=int, default=128, help="of the photos, px")
    parser.add_argument("--source", choices=["products"], default="products")
    parser.add_argument("--backbone", default="mobilenet_v3_small")
    parser.add_argument("--photos", type=int, default=10**9, help="of the source, at most")
    parser.add_argument("--validation", type=float, help="part that ours holds out for itself; its own by default")
    parser.add_argument("--miner", choices=["semihard", "batch-hard"], default="semihard", help="of the reference")
    parser.add_argument("--reference-rate", type=float, help="greatest learning rate of the reference")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    plugins = Plugins(installed=[])
    rows = [row for row in spread(styles(), asked.photos) if row[COLUMNS["category"]]]
    random.Random(asked.seed).shuffle(rows)
    n_gallery = len(rows) - len(rows) // 5
    known, held_out = rows[:n_gallery], rows[n_gallery:]
    judge = Judge(rows, n_gallery, asked.seed)
    judged = decode(known, asked.side), decode(held_out, asked.side)
    print(f"{asked.backbone}, {asked.side} px, seed {asked.seed}; {len(known):,} products, {len(held_out):,} held out")
    small = [F.interpolate(each.float(), size=16, mode="area").flatten(1) for each in judged]
    alike = torch.cdist(small[1], small[0], p=1).amin(1) / small[0].shape[1]
    print(f"{float((alike < 2).float().mean()):.1%} of the held out have a photo nearly the same among the known ones.")
    found: dict[str, dict[str, torch.Tensor]] = {
        "most frequent": judge.of_most_frequent(),
        "nearest by pixels": judge.of_vectors((F.normalize(small[0] - 128), F.normalize(small[1] - 128))),
    }
    said: dict[str, str] = {}
    differences: list[tuple[str, dict[str, torch.Tensor]]] = []
    for method in asked.methods.split(","):
        vectors, n_steps, about, seconds, cpu = ours(plugins, method, known, judged, asked)
        own = found[f"{method}: ours"] = judge.of_vectors(vectors)
        said[f"{method}: ours"] = f"{n_steps:,} steps, {seconds:.0f} s ({cpu:.0f} of CPU), {about}"
        vectors, n_steps, about, seconds, cpu = reference(plugins, method, known, judged, seconds, asked)
        theirs = found[f"{method}: plain"] = judge.of_vectors(vectors)
        said[f"{method}: plain"] = f"{n_steps:,} steps, {seconds:.0f} s ({cpu:.0f} of CPU), {about}"
        differences.append((f"{method}: ours - plain", {name: own[name] - theirs[name] for name in own}))
    width = max(len(name) for name in [*found, *(name for name, _ in differences)])
    print(f"{'recall@1':{width}}" + "".join(f"  {name:24}" for name in judge.asked))
    for name, hits in [*found.items(), *differences]:
        cells = (f"{float(values.nanmean()):6.3f} ({judge.interval(values)})" for values in hits.values())
        print(f"{name:{width}}" + "".join(f"  {cell:24}" for cell in cells))
    for name, line in said.items():
        print(f"{name:{width}}  {line}")


if __name__ == "__main__":
    main()
