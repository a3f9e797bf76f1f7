"""An epoch of triplets by our loop, against the published loop (M1), on the same photos, network and number of steps.

The published loop decodes every photo in every epoch with Pillow, resizes, and normalises in torch's DataLoader; its
network is contiguous, its loss masks the full matrix of distances; Adam 1e-4, batch 64. It is tried with 0 and with 2
workers, and the faster one is the reference. Ours decodes once, before the first epoch, which counts apart and in the
row of ten epochs. It runs as published, without augmentation, and once more with the usual one. Nothing is held out on
either side. The time of an epoch of ours is that from the end of one to the end of the next, checkpoint included.
Targets: 2.1 times at 128 px, 1.7 at 224 px.

    python benchmarks/train_epoch.py [--photos 3068] [--side 128] [--rounds 3] [--backbone mobilenet_v3_small]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from train_source import numbered, photo_of, plain_backbone, published_head, run_ours, source_of, spread, styles

# isort: split
import torch
from PIL import Image
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from fashion_match import Plugins
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.progress import TrainProgress

BATCH, RATE, MARGIN = 64, 1e-4, 0.5
EPOCHS = 10
TARGETS = {128: 2.1, 224: 1.7}


class Published(Dataset[Any]):
    def __init__(self, files: list[Path], labels: torch.Tensor, side: int) -> None:
        self.files, self.labels = files, labels
        self.transform = transforms.Compose(
            [
                transforms.Resize((side, side)),
                transforms.ToTensor(),
                transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> Any:
        return self.transform(Image.open(self.files[number]).convert("RGB")), self.labels[number]


def full_batch_hard(rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    distances = torch.cdist(rows, rows)
    same = labels[:, None] == labels[None, :]
    itself = torch.eye(len(labels), dtype=torch.bool)
    positive = (distances * (same & ~itself)).max(1).values
    negative = (distances + distances.detach().max() * same).min(1).values
    return F.relu(positive - negative + MARGIN).mean()


class PublishedLoop:
    """Its network, trained on from epoch to epoch."""

    def __init__(self, plugins: Plugins, backbone: str, photos: Published) -> None:
        body = plain_backbone(plugins, backbone)
        self.network = torch.nn.Sequential(body, published_head(body.dim)).train()
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=RATE)
        self.photos = photos

    def epoch_s(self, n_steps: int, workers: int) -> float:
        started = time.perf_counter()
        for pixels, labels in DataLoader(self.photos, batch_sampler=self._batches(n_steps), num_workers=workers):
            self.optimizer.zero_grad()
            loss = full_batch_hard(F.normalize(self.network(pixels)), labels)
            loss.backward()
            self.optimizer.step()
            loss.item()
        return time.perf_counter() - started

    def _batches(self, n_steps: int) -> list[list[int]]:
        """Shuffle, and go on from the start where ours takes more steps because it fills up its labels."""
        order = [int(n) for n in torch.randperm(len(self.photos))]
        order += order[: max(0, n_steps * BATCH - len(order))]
        return list(self._chunks(order))[:n_steps]

    def _chunks(self, order: list[int]) -> Iterator[list[int]]:
        for start in range(0, len(order), BATCH):
            yield order[start : start + BATCH]


def ours(plugins: Plugins, source: Path, backbone: str, side: int, augment: str) -> tuple[float, float, float, int]:
    """Return seconds of decoding, of the first epoch and of the second, and the steps of each."""
    decoded, ends, n_steps = time.perf_counter(), [], []
    began: float | None = None

    def note(progress: TrainProgress) -> None:
        nonlocal began, decoded
        now = time.perf_counter()
        if progress.phase == "decode":
            began, decoded = began or now, now
        elif progress.row is not None:
            ends.append(now)
            n_steps.append(int(progress.row["step"]))

    request = TrainRequest(
        source=str(source),
        reader="kaggle-fashion",
        methods=("triplet",),
        backbone=backbone,
        weights="none",
        options={
            "label_by": "category",
            "image_size_px": side,
            "batch_size": BATCH,
            "epochs": 2,
            "validation": 0.0,
            "augment": augment,
            "optimizer": "adam",
            "weight_decay": 0.0,
            "lr": RATE,
            "schedule": "constant",
        },
    )
    run_ours(plugins, request, on_progress=note)
    assert began is not None
    return decoded - began, ends[0] - decoded, ends[1] - ends[0], n_steps[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=3068)
    parser.add_argument("--side", type=int, default=128, help="of the photos, px")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backbone", default="mobilenet_v3_small")
    asked = parser.parse_args()
    plugins, rows = Plugins(installed=[]), spread(styles(), asked.photos)
    with source_of(rows) as source:
        files = [source / "images" / photo_of(row).name for row in rows]
        loop = PublishedLoop(plugins, asked.backbone, Published(files, numbered(rows, "category"), asked.side))
        loop.epoch_s(2, 0)  # what torch does once is no part of an epoch
        times: dict[str, list[float]] = {}
        n_steps = 0
        for _ in range(asked.rounds):
            for name, augment in (("ours", "none"), ("ours, augmented", "standard")):
                decode, first, steady, n_steps = ours(plugins, source, asked.backbone, asked.side, augment)
                for part, seconds in (("decode", decode), ("first", first), ("steady", steady)):
                    times.setdefault(f"{name}: {part}", []).append(seconds)
            for workers in (0, 2):
                times.setdefault(f"published, {workers} workers", []).append(loop.epoch_s(n_steps, workers))
    s = {name: statistics.median(values) for name, values in times.items()}
    reference = min(s["published, 0 workers"], s["published, 2 workers"])
    print(f"{asked.backbone}, {len(rows):,} photos of {asked.side} px, {n_steps} steps an epoch, {asked.rounds} rounds")
    table = [(f"published, {n} workers", s[f"published, {n} workers"], reference) for n in (0, 2)]
    for name in ("ours", "ours, augmented"):
        decode, first, steady = (s[f"{name}: {part}"] for part in ("decode", "first", "steady"))
        table += [
            (f"{name}: first epoch, with decoding", decode + first, reference),
            (f"{name}: of it decoding", decode, reference),
            (f"{name}: steady epoch", steady, reference),
            (f"{name}: {EPOCHS} epochs, with decoding", decode + EPOCHS * steady, EPOCHS * reference),
        ]
    width = max(len(name) for name, *_ in table)
    print(f"{'':{width}}  seconds  times as fast as published")
    for name, seconds, against in table:
        print(f"{name:{width}}  {seconds:7.2f}  {against / seconds:.2f}")
    if asked.side in TARGETS:
        print(f"Target of the steady epoch: {TARGETS[asked.side]} times.")


if __name__ == "__main__":
    main()
