"""What the training framework costs per step: our loop against plain torch, and against a bare Lightning module.

All three run the same network (channels last), batches of our own loader (uint8, no augmentation), the loss
``batch_hard`` and AdamW; the plain loop does nothing else. Beside Lightning's loop, ours watches for collapse, checks
the loss, sets the rate, seeds each step and tells its progress. mobilenet_v3_small shows the ratio, a toy network of
one convolution the milliseconds. They take turns, a whole epoch each; medians of the time from the end of a step to
the end of the next, by the clock and, which a busy machine disturbs less, in CPU time of this process. What an epoch
costs beside its steps, the checkpoint above all, is in a row of its own. Target: 1.03 times.

    python benchmarks/train_framework.py [--steps 100] [--side 128] [--steps-per-epoch 20]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from train_source import plain_backbone, source_of, spread, styles

# isort: split
import lightning.pytorch as pl
import torch
from torch import nn

from fashion_match import Plugins
from fashion_match.core.model.network import Network, to_unit
from fashion_match.core.train.assembly import Assembly, assemble, make_methods
from fashion_match.core.train.batch import Batch
from fashion_match.core.train.checkpoint import KeepState
from fashion_match.core.train.data import read_data
from fashion_match.core.train.loader import train_loader
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.module import TrainModule
from fashion_match.core.train.option import parse_options
from fashion_match.core.train.pace import Pace
from fashion_match.core.train.photos import RunPhotos
from fashion_match.core.train.progress import TrainProgress
from fashion_match.core.train.trainer import make_trainer, quiet
from fashion_match.plugins.methods.head import make_mlp
from fashion_match.plugins.methods.photo_head import PhotoHead

BATCH = 64
TARGET = 1.03
HEAD = {"dim": 128, "hidden": [512], "norm": "batch", "dropout": 0.3, "last": "linear"}


class Toy(nn.Module):
    """So small that a step is what surrounds it."""

    dim = 8

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, self.dim, 3, stride=32), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        rows: torch.Tensor = self.layers(pixels).flatten(1)
        return rows


class Setting:
    """Photos, recipe and options of a run, made as `Run` makes them."""

    def __init__(self, plugins: Plugins, source: Path, side: int) -> None:
        self.plugins = plugins
        request = TrainRequest(
            source=str(source),
            reader="kaggle-fashion",
            backbone="mobilenet_v3_small",
            weights="none",
            options={
                "label_by": "category",
                "image_size_px": side,
                "batch_size": BATCH,
                "epochs": 1,
                "validation": 0.0,
                "augment": "none",
            },
        )
        methods, asked = make_methods(plugins, request), parse_options(request.options)
        data = read_data(plugins, request, methods, asked, _silent)
        self.assembly: Assembly = assemble(plugins, request, methods, data, asked, _silent)
        self.options = self.assembly.options
        self.photos = RunPhotos(data, self.assembly, "labels", max_pixels=10**8, notify=_silent, tell=_silent)
        self.n_steps = len(self.photos.order(0))

    def network(self, toy: bool) -> Network:
        torch.manual_seed(0)
        body: Any = Toy() if toy else plain_backbone(self.plugins, "mobilenet_v3_small")
        head = PhotoHead(make_mlp(body.dim, HEAD))
        made = Network(body, head, self.assembly.initial.preprocess)
        return made.to(memory_format=torch.channels_last).train()

    def loss(self) -> Any:
        return self.plugins.losses["batch_hard"].make({}, dim=HEAD["dim"], n_labels=1)

    def loader(self, epoch: int) -> Any:
        return train_loader(
            self.photos.of(self.options.plan()[0].image_size_px), self.photos.order(epoch), workers=0, pin=False
        )

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.AdamW(network.parameters(), lr=1e-4)


def _silent(_: Any) -> None:
    pass


Ends = list[tuple[float, float]]
"""Clock and CPU time at the end of each step, s."""


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def embed(network: Network, batch: Batch) -> torch.Tensor:
    return to_unit(network.embed(network.features(batch.photos)))


def plain(setting: Setting, toy: bool) -> Callable[[int], Ends]:
    network, loss = setting.network(toy), setting.loss()
    optimizer = setting.optimizer(network)

    def epoch(number: int) -> Ends:
        ends: Ends = []
        for batch in setting.loader(number):
            optimizer.zero_grad()
            value = loss(embed(network, batch), batch.labels)
            value.backward()
            optimizer.step()
            ends.append(now())
        return ends

    return epoch


class Bare(pl.LightningModule):
    def __init__(self, setting: Setting, network: Network) -> None:
        super().__init__()
        self.setting, self.network, self.loss = setting, network, setting.loss()
        self.number, self.ends = 0, Ends()

    def train_dataloader(self) -> Any:
        return self.setting.loader(self.number)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.setting.optimizer(self.network)

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        value: torch.Tensor = self.loss(embed(self.network, batch), batch.labels)
        return value

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        self.ends.append(now())


def bare_lightning(setting: Setting, toy: bool) -> Callable[[int], Ends]:
    module = Bare(setting, setting.network(toy))

    def epoch(number: int) -> Ends:
        module.number, module.ends = number, []
        with tempfile.TemporaryDirectory() as folder, quiet():
            pl.Trainer(
                accelerator="cpu",
                max_epochs=1,
                logger=False,
                default_root_dir=folder,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
            ).fit(module)
        return module.ends

    return epoch


def ours(setting: Setting, toy: bool, beside: list[float]) -> Callable[[int], Ends]:
    network, photos, options = setting.network(toy), setting.photos, setting.options

    def epoch(number: int) -> Ends:
        ends: Ends = []

        def note(progress: TrainProgress) -> None:
            if progress.row is None:
                ends.append(now())

        pace = Pace(options.plan(), setting.n_steps)
        recipe = setting.assembly.recipe
        module = TrainModule(network, recipe, options, pace=pace, photos=photos, say=_silent, tell=note)
        with tempfile.TemporaryDirectory() as folder, quiet():
            keep = KeepState(Path(folder))
            trainer = make_trainer(options, Path(folder), [keep], one_step=False, n_batches=setting.n_steps)
            trainer.fit(module)
            beside.append(time.perf_counter() - ends[-1][0])
        return ends

    return epoch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, help="of each, in all")
    parser.add_argument("--side", type=int, default=128, help="of the photos, px")
    parser.add_argument("--steps-per-epoch", type=int, default=20)
    asked = parser.parse_args()
    rows = spread(styles(), BATCH * asked.steps_per_epoch)
    with source_of(rows) as source:
        setting = Setting(Plugins(installed=[]), source, asked.side)
        print(f"batch {BATCH}, {asked.side} px, {setting.n_steps} steps an epoch, {asked.steps} steps of each")
        print(f"{'':18}  {'':14}  ms a step  ms more  ratio to plain  CPU ms  CPU ms more  CPU ratio")
        for toy in (False, True):
            beside: list[float] = []
            contenders = {
                "plain torch": plain(setting, toy),
                "bare Lightning": bare_lightning(setting, toy),
                "our loop": ours(setting, toy, beside),
            }
            steps: dict[str, Ends] = {name: [] for name in contenders}
            rounds = max(1, -(-asked.steps // (setting.n_steps - 1)))
            for number in range(-1, rounds):
                for name, epoch in contenders.items():
                    ends = epoch(max(number, 0))
                    if number >= 0:  # the first of each warms up
                        pairs = pairwise(ends)
                        steps[name] += [(1e3 * (b[0] - a[0]), 1e3 * (b[1] - a[1])) for a, b in pairs]
            ms = {name: [statistics.median(each) for each in zip(*taken, strict=True)] for name, taken in steps.items()}
            network = "toy" if toy else "mobilenet_v3_small"
            clock, cpu = ms["plain torch"]
            for name, (own, own_cpu) in ms.items():
                print(
                    f"{network:18}  {name:14}  {own:9.2f}  {own - clock:+7.2f}  {own / clock:14.3f}"
                    f"  {own_cpu:6.1f}  {own_cpu - cpu:+11.2f}  {own_cpu / cpu:9.3f}"
                )
            print(f"{network:18}  an epoch of ours, beside its steps: {1e3 * statistics.median(beside):.0f} ms")
    print(f"Target of our loop with mobilenet_v3_small: {TARGET} times.")


if __name__ == "__main__":
    main()
