"""Lightning's trainer for a run, and the errors of a run as advice."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from fashion_match.core.error import ModelError, UsageError
from fashion_match.core.model.torch_engine import find_device
from fashion_match.core.train.option import TrainOptions

LOGGERS = {"tensorboard": ("tensorboard", "tensorboardX"), "wandb": ("wandb",), "mlflow": ("mlflow",)}
"""Packages of which each logger needs one."""
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
ENDLESS = 10**9
"""Epochs that Lightning is told: when a run ends, its pace says."""


def check_machine(options: TrainOptions) -> None:
    """Raise UsageError where this machine has no such device, or a logger is not installed."""
    _devices(options)
    for name in options.loggers:
        if not any(find_spec(module) for module in LOGGERS[name]):
            raise UsageError(f"the logger {name} is not installed.", f"pip install {LOGGERS[name][0]}")


def make_trainer(
    options: TrainOptions,
    folder: Path,
    callbacks: list[pl.Callback],
    *,
    one_step: bool,
    n_batches: int,
    looks_ahead: bool = False,
) -> pl.Trainer:
    """Return the trainer.

    Args:
        looks_ahead: validation may keep a graph, from which the next step goes on.

    Raises:
        UsageError: there is no such device, strategy or logger.
    """
    accelerator, devices = _devices(options)
    strategy = options.strategy
    if options.devices > 1 and strategy in ("auto", "ddp") and (options.stages or options.freeze):
        strategy = "ddp_find_unused_parameters_true"  # layers that are frozen for a while give no gradient
    try:
        return pl.Trainer(
            accelerator=accelerator,
            devices=devices,
            strategy=strategy,
            precision=PRECISIONS[options.precision],  # type: ignore[arg-type]
            max_epochs=ENDLESS,
            accumulate_grad_batches=n_batches if one_step else options.accumulate,
            gradient_clip_val=options.clip,
            callbacks=callbacks,
            logger=_loggers(options, folder) or False,
            default_root_dir=folder,
            enable_checkpointing=any(getattr(c, "folder", None) for c in callbacks),
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            reload_dataloaders_every_n_epochs=1,
            log_every_n_steps=1,
            inference_mode=not looks_ahead,
        )
    except (ValueError, pl.utilities.exceptions.MisconfigurationException) as error:  # type: ignore[attr-defined]
        raise UsageError(f"the run cannot be set up: {str(error).splitlines()[0]}") from None


def _devices(options: TrainOptions) -> tuple[str, Any]:
    found = find_device(options.device)
    kind, _, number = found.partition(":")
    accelerator = {"cuda": "gpu"}.get(kind, kind)
    if number:
        if options.devices > 1:
            raise UsageError(f"--devices {options.devices} and --device {found} do not go together.")
        return accelerator, [int(number)]
    if kind == "cuda" and options.devices > torch.cuda.device_count():
        raise UsageError(f"this machine has {torch.cuda.device_count()} cards, not {options.devices}.")
    if kind == "cpu" and options.precision == "fp16":
        raise UsageError("the precision fp16 is for graphics cards.", "Give --precision fp32 or bf16.")
    return accelerator, options.devices


def _loggers(options: TrainOptions, folder: Path) -> list[Any]:
    from lightning.pytorch import loggers

    made: list[Any] = []
    for name in options.loggers:
        if name == "tensorboard":
            made.append(loggers.TensorBoardLogger(folder, name="tensorboard", version=""))
        elif name == "wandb":
            made.append(loggers.WandbLogger(project="fashion-match", name=folder.name, save_dir=folder))
        else:
            made.append(loggers.MLFlowLogger(experiment_name="fashion-match", run_name=folder.name))
    return made


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Lightning's remarks to itself: what matters, the run says."""
    before = {}
    for name in ("lightning.pytorch", "lightning.fabric", "lightning", "pytorch_lightning"):
        logger = logging.getLogger(name)
        before[name] = logger.level
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\.")
        warnings.filterwarnings("ignore", module=r"torch\.")
        warnings.filterwarnings("ignore", message=r".*(num_workers|does not have many workers|lr_scheduler).*")
        try:
            yield
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)


@contextmanager
def advice(options: TrainOptions, side_px: int) -> Iterator[None]:
    """Turn running out of memory into what to do about it, and Lightning's exit on Ctrl-C into the interrupt it was.

    Raises:
        ModelError: memory ran out.
        KeyboardInterrupt: the run was interrupted.
    """
    try:
        yield
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _out_of_memory(options, side_px, error) from None
    except RuntimeError as error:
        text = str(error).casefold()
        if "out of memory" in text or "allocate memory" in text or "shared memory" in text:
            raise _out_of_memory(options, side_px, error) from None
        raise


def _out_of_memory(options: TrainOptions, side_px: int, error: BaseException) -> ModelError:
    batch, smaller = options.batch_size, max(2, options.batch_size // 2)
    what = f"memory ran out with batches of {batch} photos of {side_px} px"
    if torch.cuda.is_available():
        used = torch.cuda.max_memory_allocated() / 2**30
        total = torch.cuda.get_device_properties(0).total_memory / 2**30
        what += f" ({used:.1f} of {total:.1f} GB used)"
    return ModelError(
        f"{what}.",
        f"Try --batch-size {smaller} --accumulate {options.accumulate * batch // smaller}, a smaller --image-size, "
        f"--cache-mb {options.cache_mb // 2}, or --precision bf16 on a graphics card.",
    )
