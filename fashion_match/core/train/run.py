"""The story of a training run: items, network, photos, loop, best weights, threshold, model folder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.model.artifact import MODEL, save
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.train.assembly import Assembly, assemble, make_methods
from fashion_match.core.train.augment import parse_augment
from fashion_match.core.train.checkpoint import BEST, LAST, KeepState, load_weights
from fashion_match.core.train.data import RunData, read_data
from fashion_match.core.train.dataset import fingerprint_of
from fashion_match.core.train.find_lr import find_lr
from fashion_match.core.train.loader import train_loader
from fashion_match.core.train.manifest import Manifest, TrainRequest, versions, write_manifest
from fashion_match.core.train.module import LAST_EPOCH, TrainModule
from fashion_match.core.train.norm_statistic import measure_norms
from fashion_match.core.train.optimizer import frozen_names
from fashion_match.core.train.option import parse_options
from fashion_match.core.train.pace import Pace
from fashion_match.core.train.photos import RunPhotos
from fashion_match.core.train.process import is_first_process
from fashion_match.core.train.progress import TrainProgress
from fashion_match.core.train.result import RunReport, fit_thresholds, make_card
from fashion_match.core.train.seen import seen_by
from fashion_match.core.train.shared import Shared
from fashion_match.core.train.trainer import advice, check_machine, make_trainer, quiet


def _silent(_: Any) -> None:
    pass


@dataclass
class Run:
    """One run. Make it, then call `run` once.

    Args:
        folder: of the run: made if need be. With ``resume`` it has what the run left behind.
        resume: the manifest in ``folder``, to go on with that run.
        replay: a run to be repeated: its learning rate, and its pace where its time was limited.
        shared: what it need not do itself, of a run that is tried out.
    """

    plugins: Plugins
    request: TrainRequest
    folder: Path
    resume: Manifest | None = None
    replay: Manifest | None = None
    max_pixels: int = 100_000_000
    notify: Callable[[str], None] = _silent
    on_progress: Callable[[TrainProgress], None] = _silent
    shared: Shared | None = None

    def run(self) -> RunReport | None:
        """Train, and leave a model behind; in all but the first process of several, only train.

        Raises:
            ReaderError: the source cannot be read.
            PluginError: there is no such method, or it has no such option.
            UsageError: the data is not what the method needs.
            ModelError: the weights cannot be had, the loss is no number, or memory ran out.
        """
        self._prepare()
        self.manifest = self._begin()
        self._fit(KeepState(self.folder))
        return self._finish() if is_first_process() else None

    def try_out(self) -> TrainModule:
        """Train as `run` does, and leave nothing behind: what is wanted is how the figures went, epoch by epoch.

        Raises:
            PluginError, UsageError, ModelError: as `run` does.
        """
        self._prepare()
        self._fit(None)
        return self.module

    def _prepare(self) -> None:
        self.started = time.perf_counter()
        if not is_first_process():
            self.notify = self.on_progress = _silent
        # Whatever can be refused is refused before a photo is read.
        methods = make_methods(self.plugins, self.request)
        asked = parse_options(self.request.options)
        parse_augment(asked.augment)
        check_machine(asked)
        shared = self.shared
        self.data: RunData = (
            read_data(self.plugins, self.request, methods, asked, self.notify) if shared is None else shared.data
        )
        self.assembly: Assembly = assemble(self.plugins, self.request, methods, self.data, asked, self.notify)
        self.options = self.assembly.options = self._with_found_rate()
        if shared is not None:
            self.options = self.assembly.options = shared.settled(self.options, self.request)
        frozen_names(self.assembly.network.backbone, self.options.freeze)
        self.photos = RunPhotos(
            self.data,
            self.assembly,
            next(iter(methods.values())).validation,
            max_pixels=self.max_pixels,
            notify=self.notify,
            tell=self.on_progress,
            shared=shared,
        )
        if shared is not None and self.photos.validation is not None:
            self.photos.validation.oracle_ks = shared.oracle_ks

    def _with_found_rate(self) -> Any:
        """Return the options; a rate that was found before is not looked for again."""
        for earlier in (self.resume, self.replay):
            if earlier is not None and earlier.lr is not None:
                return self.assembly.options.model_copy(update={"lr": earlier.lr, "find_lr": False})
        return self.assembly.options

    def _begin(self) -> Manifest:
        """Write down what the run is, before it takes a step."""
        split = self.data.split
        data_hash = fingerprint_of([*split.train, *split.held_out, *split.queries])
        if self.resume is not None:
            if self.resume.data["hash"] != data_hash:
                raise UsageError(
                    f"{self.request.source} is no longer what the run in {self.folder} was begun with.",
                    "Start a new run, or bring the data back.",
                )
            return self.resume
        manifest = Manifest(
            request=self.request,
            options=self.options.model_dump(mode="json"),
            data={
                "hash": data_hash,
                "reader": self.data.reader,
                "n_train": len(split.train),
                "n_held_out": len(split.held_out),
                "n_labels": len(self.data.label_counts),
                "split": "given by the source" if split.given else f"by style, seed {self.options.seed}",
                "held_out": sorted(item.id for item in split.held_out),
            },
            versions=versions(),
            machine={"device": self.options.device, "threads": torch.get_num_threads(), "cores": os.cpu_count()},
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._write(manifest)
        self.notify(f"Run: {self.folder}")
        return manifest

    def _write(self, manifest: Manifest) -> None:
        self.manifest = manifest
        if is_first_process():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_manifest(manifest, self.folder)

    # -- the loop ----------------------------------------------------------------------------------------------------

    def _fit(self, keep: KeepState | None) -> None:
        options, recipe = self.options, self.assembly.recipe
        n_batches = len(self.photos.order(0, world=options.devices))
        one_step = recipe.batches.one_step
        self.module = TrainModule(
            self.assembly.network,
            recipe,
            options,
            pace=self._pace(1 if one_step else max(1, -(-n_batches // options.accumulate))),
            photos=self.photos,
            say=self.notify,
            tell=self.on_progress,
        )
        self._say_batches()
        if keep is not None:
            self.keep = keep
        checkpoint = self.folder / LAST if self.resume is not None and (self.folder / LAST).exists() else None
        self.found_lr: dict[str, Any] | None = None
        with quiet(), advice(options, self.assembly.initial.preprocess.crop_px):
            if options.find_lr and checkpoint is None:
                self._find_lr(one_step, n_batches)
            trainer = make_trainer(
                options,
                self.folder,
                [keep] if keep is not None else [],
                one_step=one_step,
                n_batches=n_batches,
                looks_ahead=self.photos.looks_ahead,
            )
            if options.batch_norm == "measured" and checkpoint is None:
                photos = self.photos.of(options.plan()[0].image_size_px)
                measure_norms(self.assembly.network, train_loader(photos, self.photos.order(0), workers=0, pin=False))
            if checkpoint is None and self.photos.validation is not None:
                began = time.perf_counter()
                trainer.validate(self.module, verbose=False)
                self._budget(time.perf_counter() - began)
                self._check_monitor()
            trainer.fit(self.module, ckpt_path=checkpoint, weights_only=True if checkpoint else None)
            self.n_epochs = trainer.current_epoch

    def _pace(self, steps_per_epoch: int) -> Pace:
        options, replay = self.options, self.replay
        return Pace(
            options.plan(),
            steps_per_epoch,
            warmup=options.warmup,
            max_s=options.max_minutes * 60 if options.max_minutes and replay is None else None,
            bounded=options.epochs is not None or bool(options.stages),
            replay=replay.strides if replay is not None and replay.strides else None,
        )

    def _check_monitor(self) -> None:
        known = [name for name in self.module.history[0] if name.startswith("val/")]
        wanted = self.options.monitor
        if wanted is not None and wanted not in self.module.history[0]:
            raise UsageError(f"nothing is called {wanted!r}.", did_you_mean(wanted, known, what="figures"))
        if self.module.monitor == LAST_EPOCH and wanted is None:
            self.notify("No two held-out photos have the same label, so the last epoch is kept.")

    def _budget(self, validation_s: float) -> None:
        """Take from the time that is allowed what has gone by, and what the last validation will take."""
        pace = self.module.pace
        if pace.max_s is not None:
            pace.max_s = max(1.0, pace.max_s - (time.perf_counter() - self.started) - validation_s)

    def _say_batches(self) -> None:
        batches, n_labels = self.assembly.recipe.batches, len(self.data.label_counts)
        room = self.options.batch_size // batches.views // batches.photos_per_label if batches.photos_per_label else 0
        if n_labels < room:
            self.notify(
                f"There are {n_labels} labels, fewer than the {room} that a batch has room for: "
                "batches hold several groups of a label."
            )

    def _find_lr(self, one_step: bool, n_batches: int) -> None:
        trainer = make_trainer(self.options, self.folder, [], one_step=one_step, n_batches=n_batches)
        self.found_lr = find_lr(trainer, self.module)
        rate = self.found_lr["suggestion"]
        if rate is None:
            self.notify(f"No learning rate stands out; going on with {self.options.lr:g}.")
            return
        self.notify(f"Learning rate found: {rate:.2g}.")
        self.options = self.assembly.options = self.module.options = self.options.model_copy(update={"lr": rate})
        self.module.pace.stages = self.options.plan()
        self._write(self.manifest.model_copy(update={"lr": rate}))

    # -- what remains ------------------------------------------------------------------------------------------------

    def _finish(self) -> RunReport:
        self.photos.report_failed(self.module.failed)
        network = self.assembly.network
        load_weights(network, self.folder / BEST)
        network.eval().cpu()
        kept = self.keep.best_row
        before = _figures(next((row for row in self.module.history if row["epoch"] == 0), {}))
        figures = _figures(kept)
        fitted = fit_thresholds(
            network,
            self.photos.fitting,
            false_match_rate=self.options.false_match_rate,
            seed=self.options.seed,
        )
        run = {
            "methods": list(self.request.methods),
            "source": self.request.source,
            "data": self.manifest.data["hash"],
            "seed": self.options.seed,
            "n_steps": self.module.pace.step,
            "kept_epoch": kept.get("epoch"),
            "threshold_apart": self.photos.fits_apart,
        }
        card = make_card(self.assembly, network, figures, run, fitted)
        model = self.folder / MODEL
        if model.exists():  # of a run that was cut off between here and the end
            shutil.rmtree(model)
        judge = self.photos.validation
        by_views = judge is not None and judge.kind == "views"
        seen = seen_by(self.data, by_views=by_views, init=self.request.init, notify=self.notify)
        save(card, network.state_dict(), model, seen)
        seconds = time.perf_counter() - self.started
        self._write(
            self.manifest.model_copy(
                update={
                    "state": "complete",
                    "seconds": round(self.manifest.seconds + seconds, 1),
                    "n_steps": self.module.pace.step,
                    "n_epochs": self.n_epochs,
                    "strides": self.module.pace.strides,
                    "before": before,
                    "figures": figures,
                    "fingerprint": card.fingerprint,
                }
            )
        )
        (self.folder / BEST).unlink()
        return RunReport(
            folder=self.folder,
            model=model,
            card=card,
            before=before,
            figures=figures,
            history=self.module.history,
            monitor=self.module.monitor,
            improved=kept.get("epoch", 1) > 0,
            seconds=seconds,
            n_train=len(self.photos.usable),
            n_judged=len(self.photos.validation.photos[-1].numbers) if self.photos.validation else 0,
            failures=self.data.failures,
            found_lr=self.found_lr,
        )


def _figures(row: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in row.items() if name.startswith("val/")}
