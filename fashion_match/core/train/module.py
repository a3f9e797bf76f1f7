"""The one loop of all methods: a batch through the network, its loss terms, and validation by retrieval."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.trainer.states import TrainerFn
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from fashion_match.core.error import ModelError
from fashion_match.core.model.network import Network, to_unit
from fashion_match.core.train.batch import Batch, mix
from fashion_match.core.train.loader import train_loader, usual_workers
from fashion_match.core.train.optimizer import frozen_names, make_optimizer, set_rate
from fashion_match.core.train.option import TrainOptions
from fashion_match.core.train.pace import Pace
from fashion_match.core.train.photos import RunPhotos
from fashion_match.core.train.progress import TrainProgress
from fashion_match.core.train.recipe import Recipe, Step
from fashion_match.core.train.validation import GALLERY

LAST_EPOCH = "epoch"
"""What is monitored where nothing held out can be measured: the last epoch is the best."""


@dataclass
class Figures:
    """Means over an epoch, added up without waiting for the device."""

    sums: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    """The latest of each."""

    def add(self, name: str, value: float | torch.Tensor) -> None:
        kept = value.detach() if isinstance(value, torch.Tensor) else value
        self.last[name] = kept
        self.sums[name] = self.sums[name] + kept if name in self.sums else kept
        self.counts[name] = self.counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        return {name: float(total) / self.counts[name] for name, total in self.sums.items()}


@dataclass
class Ahead:
    """Features of the next step, from the validation before it, where that looks at the same photos in the same way."""

    items: torch.Tensor
    """B, numbers of the items."""
    features: torch.Tensor
    """B x D, with their graph."""

    def of(self, batch: Batch) -> torch.Tensor:
        """Return the features (B x D) in the order of ``batch``, which holds the same items."""
        return self.features[self.items.argsort()][batch.items.argsort().argsort()]


class TrainModule(pl.LightningModule):
    """Network and loss terms in Lightning's hands.

    Args:
        say: is told what people should know.
        tell: is told after every step how far the run is, and after every epoch the figures.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        options: TrainOptions,
        *,
        pace: Pace,
        photos: RunPhotos,
        say: Callable[[str], None],
        tell: Callable[[TrainProgress], None],
    ) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)
        self.recipe = recipe
        self.options = options
        self.pace = pace
        # As modules, so that what they learn is trained and checkpointed; the order of the recipe is kept.
        self.terms = nn.ModuleList(term for term in recipe.terms.values() if isinstance(term, nn.Module))
        self.photos = photos
        self.validation = photos.validation
        self.say, self.tell = say, tell
        self.history: list[dict[str, float]] = []
        """A row for each epoch."""
        self.failed: set[int] = set()
        """Items whose photo turned out to be unusable on the way."""
        self.figures = Figures()
        self.finding_lr = False
        self.lr = options.lr
        """What Lightning's learning-rate finder turns."""
        self._plateau: dict[str, float] = {"best": -math.inf, "bad": 0}
        self._n_empty = 0
        self._ahead: Ahead | None = None

    # -- data --------------------------------------------------------------------------------------------------------

    def train_dataloader(self) -> Any:
        """Called for every epoch, because photos and order change from one to the next."""
        order = self.photos.order(self.trainer.current_epoch, self.trainer.global_rank, self.trainer.world_size)
        return train_loader(
            self.photos.of(self.pace.current.image_size_px),
            order,
            workers=usual_workers(self.options.workers),
            pin=self.trainer.strategy.root_device.type == "cuda",
        )

    def val_dataloader(self) -> Any:
        return [] if self.validation is None else self.validation.loaders()

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        return batch.to(device)

    # -- training ----------------------------------------------------------------------------------------------------

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return make_optimizer(self.network, self.terms, self.options)

    def on_train_start(self) -> None:
        self.pace.start()

    def on_train_epoch_start(self) -> None:
        self.figures = Figures()
        self._freeze()
        for term in self.recipe.terms.values():
            begin = getattr(term, "begin_epoch", None)
            if begin is not None:
                begin(self._embed_epoch, int(self.trainer.num_training_batches))

    def _freeze(self) -> None:
        """Train what the stage trains, and leave the rest as it is, statistics of normalisation included."""
        backbone = self.network.backbone
        head_alone = self.pace.current.train == "head" or self.options.backbone_lr == 0
        frozen = frozen_names(backbone, self.options.freeze)
        for name, parameter in backbone.named_parameters():
            parameter.requires_grad_(not head_alone and name not in frozen)
        for name, module in backbone.named_modules():
            normalises = isinstance(module, _BatchNorm)
            kept = normalises and any(f"{name}.{p}" in frozen for p, _ in module.named_parameters(recurse=False))
            still = self.options.batch_norm != "train" if normalises else self.options.dropout == "off"
            module.training = not (head_alone or kept or still)

    @torch.no_grad()
    def _embed_epoch(self) -> Any:
        """Yield the unit rows of the batches of this epoch as they will be seen."""
        for n, batch in enumerate(self.train_dataloader()):
            if len(batch) == 0:
                continue
            batch = batch.to(self.device)
            self._seed(self.trainer.global_step, n)  # dropout as the step will have it
            rows = to_unit(self.network.embed(self.network.features(batch.photos, batch.codes), batch.codes))
            yield rows if self.trainer.world_size == 1 else self._gathered_rows(rows)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        self._seed(self.trainer.global_step, batch_idx)
        if not self.finding_lr:
            set_rate(self.trainer.optimizers[0], self.pace.rate)

    def _seed(self, *numbers: int) -> None:
        """Make dropout a function of the step, so that a run that is resumed goes on as it would have gone."""
        torch.manual_seed(mix(self.options.seed, *numbers, self.trainer.global_rank))

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor | None:
        self.failed.update(batch.failed)
        if len(batch) == 0:
            return None
        step = self._step(batch)
        total = torch.zeros((), device=self.device)
        for name, term in self.recipe.terms.items():
            step.log = lambda figure, value, name=name: self.figures.add(f"train/{name}.{figure}", value)  # type: ignore[misc]
            value = term(step) * self.recipe.weights.get(name, 1.0)
            self.figures.add(f"train/{name}", value)
            total = total + value
        total = total + self._penalty()
        self.figures.add("train/loss", total)
        self._check(total)
        return total

    def _step(self, batch: Batch) -> Step:
        ahead, self._ahead = self._ahead, None
        features = self.network.features(batch.photos, batch.codes) if ahead is None else ahead.of(batch)
        raw = self.network.embed(features, batch.codes)
        rows = to_unit(raw)
        classifier = self.network.classifier
        step = Step(
            embeddings=rows,
            raw=raw,
            features=features,
            labels=batch.labels,
            items=batch.items,
            targets=batch.targets,
            logits={} if classifier is None else classifier(rows),
            progress=self.pace.progress,
            say=self.say,
        )
        return step if self.trainer.world_size == 1 else self._gathered(step)

    def _gathered(self, step: Step) -> Step:
        """Return the batches of all devices as one, so that every photo meets those of the other devices too."""

        rows = self._gathered_rows
        for name in ("embeddings", "raw", "features", "labels", "items"):
            setattr(step, name, rows(getattr(step, name)))
        step.targets = {name: rows(target) for name, target in step.targets.items()}
        step.logits = {name: rows(logits) for name, logits in step.logits.items()}
        return step

    def _gathered_rows(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the rows of all devices, which may have some more or fewer each, with their gradient."""
        sizes: Any = self.all_gather(torch.tensor(len(rows), device=self.device))
        padded = rows.new_zeros((int(sizes.max()), *rows.shape[1:]))
        padded[: len(rows)] = rows
        gathered: Any = self.all_gather(padded, sync_grads=rows.is_floating_point())
        return torch.cat([part[:size] for part, size in zip(gathered, sizes.tolist(), strict=True)])

    def _penalty(self) -> torch.Tensor | float:
        penalty: torch.Tensor | float = 0.0
        if self.options.l1 or self.options.l2:
            for part in (self.network.head, self.network.classifier):
                for weights in part.parameters() if part is not None else ():
                    penalty = penalty + self.options.l1 * weights.abs().sum() + self.options.l2 * weights.square().sum()
        return penalty

    def _check(self, loss: torch.Tensor) -> None:
        # Reading the loss waits for a graphics card; on a processor it costs nothing.
        if (self.device.type == "cpu" or self.trainer.global_step % 20 == 0) and not bool(loss.isfinite()):
            rate = self.pace.current.lr or self.lr
            raise ModelError(
                f"the loss is {float(loss.detach())} at step {self.trainer.global_step} (learning rate {rate:.2g});"
                " no model was written.",
                f"Try --lr {rate / 10:.0e}, --clip 1, or --precision fp32.",
            )

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        if self.finding_lr or self.trainer.fit_loop._should_accumulate():
            return
        self.pace.advance()
        self._tell(float(self.figures.last["train/loss"]) if self.device.type == "cpu" else math.nan)
        if self.pace.done or (self.pace.at_end and self.pace.max_s and self.pace.stage == len(self.pace.stages) - 1):
            self.trainer.should_stop = True

    def _tell(self, loss: float, row: dict[str, float] | None = None) -> None:
        if self.trainer.is_global_zero:
            epoch = self.trainer.current_epoch + 1
            self.tell(TrainProgress("train", self.pace.progress, epoch, self.pace.elapsed_s, loss, row))

    # -- validation --------------------------------------------------------------------------------------------------

    def on_validation_start(self) -> None:
        if self.validation is not None:
            self.validation.start()

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        assert self.validation is not None
        if dataloader_idx == GALLERY and self.photos.looks_ahead:
            with torch.enable_grad():
                self._ahead = Ahead(batch.items, self.network.features(batch.photos))
            self.validation.add(dataloader_idx, batch, self.network, self._ahead.features.detach())
        else:
            self.validation.add(dataloader_idx, batch, self.network)

    def on_validation_epoch_end(self) -> None:
        if self.validation is None or self.trainer.sanity_checking:
            return
        figures = self.validation.figures()
        if self.trainer.state.fn == TrainerFn.VALIDATING:  # before the first epoch
            self.history.append({"epoch": 0.0, **figures})
        else:
            self._validated = figures

    def on_train_epoch_end(self) -> None:
        if self.finding_lr:
            return
        validated: dict[str, float] = getattr(self, "_validated", {})
        stage = self.pace.current
        row = {
            "epoch": float(self.trainer.current_epoch + 1),
            "step": float(self.pace.step),
            "seconds": round(self.pace.elapsed_s, 1),
            "stage": float(min(self.pace.stage, len(self.pace.stages) - 1) + 1),
            "lr": self.pace.rate,
            **self.figures.means(),
            **validated,
        }
        self.history.append(row)
        self._tell(row.get("train/loss", math.nan), row)
        for logger in self.loggers:
            logger.log_metrics({name: value for name, value in row.items() if name != "epoch"}, step=self.pace.step)
        if stage.schedule == "plateau":
            self._lower_on_plateau(row)
        if stage.stop_early and self._loss_rises():
            self.say(f"The validation loss rises, so stage {int(row['stage'])} ends.")
            self.pace.local = 1.0
        if self.pace.at_end and not self.pace.done:
            self.pace.next_stage()
            self._plateau = {"best": -math.inf, "bad": 0}
        if self.pace.done or self._has_stopped():
            self.trainer.should_stop = True

    def _lower_on_plateau(self, row: Mapping[str, float]) -> None:
        """Lower the rate after more than ``patience`` epochs without a better figure, as torch's scheduler does."""
        figure = row.get(self.monitor, -row.get("train/loss", math.inf))
        if figure > self._plateau["best"]:
            self._plateau = {"best": figure, "bad": 0}
            return
        self._plateau["bad"] += 1
        if self._plateau["bad"] > self.options.patience:
            self.pace.scale *= self.options.factor
            self._plateau["bad"] = 0

    def _loss_rises(self) -> bool:
        losses = [
            row["val/loss"] for row in self.history if "val/loss" in row and row.get("stage") == self.pace.stage + 1
        ]
        return len(losses) > 1 and losses[-1] > losses[-2]

    def _has_stopped(self) -> bool:
        if self.options.stop_after is None or self.monitor is None:
            return False
        figures = [row.get(self.monitor, -math.inf) for row in self.history]
        best = figures.index(max(figures))
        return len(figures) - 1 - best >= self.options.stop_after

    @property
    def monitor(self) -> str:
        """Name of the figure that the checkpoint is chosen by; higher is better."""
        if self.validation is None:
            return LAST_EPOCH
        if self.options.monitor is not None:
            return self.options.monitor
        known = self.history[0] if self.history else {}
        return self.validation.monitor if self.validation.monitor in known else LAST_EPOCH

    # -- checkpoints -------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["fashion_match"] = {
            "pace": self.pace.state(),
            "history": self.history,
            "plateau": self._plateau,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        kept = checkpoint["fashion_match"]
        self.pace.restore(kept["pace"])
        self.history, self._plateau = list(kept["history"]), dict(kept["plateau"])
