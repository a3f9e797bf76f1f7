"""Options of a training run: the same for every method. What a method would rather have, its recipe says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.plugin.registry import Options

SCHEDULES = ("constant", "plateau", "one-cycle", "cosine")
Schedule = Literal["constant", "plateau", "one-cycle", "cosine"]
Part = Literal["head", "all"]


EPOCHS = 10
"""Length of a run that nothing is said about."""


class Stage(Options):
    """A part of the run with its own length, rate and size: ``epochs=5,lr=1e-2,train=head``."""

    epochs: int = Field(ge=1)
    lr: float | None = Field(None, gt=0, description="learning rate; by default that of the run")
    train: Part = Field("all", description="head alone, the backbone being frozen; or all layers")
    schedule: Schedule | None = Field(None, description="by default that of the run")
    image_size_px: int | None = Field(None, ge=16, description="side of the photos; by default the model's")
    stop_early: bool = Field(False, description="go on to what follows as soon as the validation loss rises")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        parts = [part.partition("=") for part in data.split(",") if part.strip()]
        if not all(equal for _, equal, _ in parts):
            raise ValueError("a stage is written epochs=5,lr=1e-2,train=head")
        return {SHORT.get(key.strip(), key.strip()): value.strip() for key, _, value in parts}


SHORT = {"size": "image_size_px"}


def _listed(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class TrainOptions(Options):
    """How long, how fast, on what; see the help of ``fm train``."""

    epochs: int | None = Field(None, ge=1)
    """By default 10, or as many as ``max_minutes`` allow."""
    max_minutes: float | None = Field(None, gt=0)
    """The learning rate follows the time, so that the run is at its end, not cut off, when the time is over."""
    batch_size: int = Field(64, ge=2)
    """Photos of one step and device, views counted."""
    accumulate: int = Field(1, ge=1)
    """Batches whose gradients are added up to one step."""
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    lr: float = Field(1e-3, gt=0)
    weight_decay: float = Field(1e-2, ge=0)
    l1: float = Field(0.0, ge=0)
    """Weight of the sum of absolute weights of the head."""
    l2: float = Field(0.0, ge=0)
    """Weight of the sum of squared weights of the head."""
    schedule: Schedule = "one-cycle"
    warmup: float = Field(0.05, ge=0, lt=1)
    """Part of a stage, with ``cosine``, in which the rate rises."""
    patience: int = Field(3, ge=0)
    """Epochs without a better figure after which ``plateau`` lowers the rate."""
    factor: float = Field(0.5, gt=0, lt=1)
    """What ``plateau`` multiplies the rate with."""
    layer_decay: float = Field(1.0, gt=0, le=1)
    """Rate of a layer as a part of the next one's, from the head down to the first (Howard & Ruder 2018)."""
    backbone_lr: float = Field(1.0, ge=0)
    """Rate of the backbone as a part of the head's; 0 freezes it."""
    loss_lr: float = Field(1.0, gt=0)
    """Rate of the parameters of a loss, such as proxies, as a multiple of the head's."""
    freeze: Names = ()
    """Beginnings of the names of layers of the backbone that are not trained, such as ``features.0``."""
    batch_norm: Literal["train", "frozen", "measured"] = "train"
    """``frozen`` leaves the statistics of the backbone's normalisation layers as they are; ``measured`` takes them from
    the photos trained on before the first step, and leaves them so."""
    dropout: Literal["train", "off"] = "train"
    """``off`` trains without what the backbone leaves out by chance: dropout and stochastic depth."""
    stages: tuple[Stage, ...] = ()
    """In place of ``epochs``: what is trained in which order."""
    clip: float | None = Field(None, gt=0)
    """Greatest norm of the gradient."""
    augment: str = "standard"
    """A preset (none, standard, strong), or operations such as ``flip,jitter=0.2``."""
    image_size_px: int | None = Field(None, ge=16)
    """Side of the photos; by default the backbone's own."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    device: str = "auto"
    devices: int = Field(1, ge=1)
    strategy: str = "auto"
    """Lightning's name of a strategy, such as ``ddp``."""
    workers: int | None = Field(None, ge=0)
    """Processes that augment; by default none on two cores or fewer."""
    cache_mb: int = Field(4096, ge=0)
    """Memory for decoded photos; what does not fit is decoded in every epoch."""
    seed: int = Field(0, ge=0)
    label_by: Names = ()
    """Attributes whose values together are the label, in place of the items' own."""
    validation: float = Field(0.2, ge=0, lt=1)
    """Part of the labels that is held out, where the source does not say which."""
    test: float = Field(0.0, ge=0, lt=1)
    """Part of the items that is left alone, by style: the run never meets them, so that `fm eval` can test on them."""
    max_validation: int = Field(2000, ge=2)
    """Held-out photos that are looked at after each epoch, at most."""
    monitor: str | None = None
    """Figure that the checkpoint is chosen by; by default ``val/map@r``."""
    stop_after: int | None = Field(None, ge=1)
    """Epochs without a better figure after which the run ends."""
    false_match_rate: float = Field(0.01, gt=0, lt=1)
    """For which the threshold of the model is fitted."""
    find_lr: bool = False
    loggers: Names = ()
    """Besides the table that is always written: tensorboard, wandb, mlflow."""

    @field_validator("loggers")
    @classmethod
    def _known_loggers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in ("csv", "tensorboard", "wandb", "mlflow"):
                raise ValueError("is not among csv, tensorboard, wandb, mlflow")
        return tuple(name for name in names if name != "csv")

    @model_validator(mode="after")
    def _fits_together(self) -> TrainOptions:
        if self.validation == 0 and any(stage.stop_early for stage in self.stages):
            raise ValueError("a stage stops early by the validation loss, but validation = 0")
        return self

    def plan(self) -> tuple[Stage, ...]:
        """Return the stages of the run, each with its rate and schedule."""
        stages = self.stages or (Stage(epochs=self.epochs or EPOCHS),)
        return tuple(
            stage.model_copy(update={"lr": stage.lr or self.lr, "schedule": stage.schedule or self.schedule})
            for stage in stages
        )


def parse_options(given: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> TrainOptions:
    """Return the options of a run: what was given, else what the method would rather have, else what is usual.

    Raises:
        UsageError: an option is unknown or does not fit.
    """
    merged = {**(defaults or {}), **{name: value for name, value in given.items() if value is not None}}
    asked = {name for name, value in given.items() if value is not None}
    if asked & {"epochs", "max_minutes"} and "stages" not in asked:
        merged.pop("stages", None)  # a method's own stages give way to a length that the user asks for
    if "max_minutes" in asked and "epochs" not in asked:
        merged.pop("epochs", None)
    try:
        return TrainOptions.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            whole, known = ("stage", Stage) if len(first["loc"]) > 1 else ("training run", TrainOptions)
            wrong = str(first["loc"][-1])
            raise UsageError(
                f"a {whole} has no option {wrong!r}.", did_you_mean(wrong, known.model_fields, what="options")
            ) from None
        message = f"{first['msg'][:1].lower()}{first['msg'][1:]}".removeprefix("value error, ")
        shown = f"{name} = {first['input']!r}: " if name else ""
        raise UsageError(
            f"the option {shown}{message}." if shown else f"{message}.", "`fm train --help` lists them."
        ) from None
