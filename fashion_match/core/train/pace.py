"""How far a run is, and at which rate it learns: by steps, or by the clock where the time is limited."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fashion_match.core.train.option import Stage

FIRST_ESTIMATE, ESTIMATE_EVERY = 3, 20
"""Steps after which the rate of steps is measured first, and how often from then on; towards the end, at each step."""
FLOOR = 1e-3
"""What one-cycle and cosine end at, as a part of the greatest rate."""
RISE = 0.25
"""Part of one-cycle in which the rate rises (Smith & Topin 2018; the value is fastai's)."""


OVER = -1.0
"""Stride that says that the time was over at this step."""


@dataclass
class Pace:
    """Position of a run in its stages.

    Without a limit of time a stage takes ``epochs`` times ``steps_per_epoch`` steps. With one, each stage takes its
    share of the time that remains, and the stride of a step follows how long steps were seen to take. Strides are
    written down, so that the run can be repeated on a machine of another speed.
    """

    stages: Sequence[Stage]
    steps_per_epoch: int
    warmup: float = 0.05
    max_s: float | None = None
    bounded: bool = True
    """Whether ``epochs`` are a bound beside ``max_s``."""
    replay: Mapping[int, float] | None = None
    """Strides of an earlier run, by step."""
    clock: Callable[[], float] = time.monotonic
    # State, all of it plain numbers that a checkpoint can hold.
    stage: int = 0
    local: float = 0.0
    """Part of the stage that is done, 0..1."""
    step: int = 0
    strides: dict[int, float] = field(default_factory=dict)
    spent_s: float = 0.0
    """Time of earlier sessions of the same run."""
    scale: float = 1.0
    """What the rate has been lowered to by ``plateau``."""

    def __post_init__(self) -> None:
        self._began: float | None = None
        self._stride = 0.0
        if self.replay is None and (self.max_s is None or self.bounded):
            self._stride = self._by_epochs
        if self.replay is None and self.max_s is not None:
            self.strides[1] = self._stride
        # The time and the step from which on steps are measured, and how long one took.
        self._measured: tuple[float, int] = (0.0, 0)
        self._step_s: float | None = None

    @property
    def current(self) -> Stage:
        return self.stages[min(self.stage, len(self.stages) - 1)]

    @property
    def done(self) -> bool:
        return self.stage >= len(self.stages)

    @property
    def progress(self) -> float:
        """Part of the whole run that is done, 0..1."""
        shares = [stage.epochs for stage in self.stages]
        before = sum(shares[: self.stage])
        return min(1.0, (before + (0 if self.done else self.local * shares[self.stage])) / sum(shares))

    @property
    def _by_epochs(self) -> float:
        return 1 / (self.current.epochs * self.steps_per_epoch)

    def start(self) -> None:
        """Start the clock, or go on with it."""
        if self._began is None:
            self._began = self.clock()

    @property
    def elapsed_s(self) -> float:
        return self.spent_s + (self.clock() - self._began if self._began is not None else 0.0)

    def advance(self) -> None:
        """Count one step."""
        self.step += 1
        if self.replay is not None:
            self._stride = self.replay.get(self.step, self._stride)
        elif self.max_s is None:
            self._stride = self._by_epochs
        elif self.elapsed_s >= self.max_s:
            self._stride = self.strides[self.step] = OVER
        elif self._is_due:
            self._estimate(self.step)
        if self._stride != OVER:
            self.local = min(1.0, self.local + self._stride + 1e-12)
            if self.max_s is not None and self.local >= 1 and self.stage == len(self.stages) - 1:
                self._stride = self.strides[self.step] = OVER  # in the middle of an epoch, and so in a replay too
        if self._stride == OVER:
            self.stage, self.local = len(self.stages), 1.0

    @property
    def _is_due(self) -> bool:
        if self.step == FIRST_ESTIMATE or self.step % ESTIMATE_EVERY == 0:
            return True
        return self.local < 1 < self.local + self._stride * ESTIMATE_EVERY

    def _estimate(self, first: int) -> None:
        """Set the stride from the step ``first`` on."""
        assert self.max_s is not None
        elapsed, (since_s, since) = self.elapsed_s, self._measured
        if self.step > since:
            self._step_s = (elapsed - since_s) / (self.step - since)
        if self._step_s is None:
            return
        if since < FIRST_ESTIMATE <= self.step:
            self._measured = (elapsed, self.step)  # the first steps take longest, and say little of the others
        step_s = self._step_s
        remaining_s = max(self.max_s - elapsed, step_s)
        shares = [stage.epochs for stage in self.stages]
        ahead = (1 - self.local) * shares[self.stage] + sum(shares[self.stage + 1 :])
        mine_s = remaining_s * (1 - self.local) * shares[self.stage] / ahead if ahead else remaining_s
        self._stride = min(1.0, (1 - self.local) * step_s / mine_s) if mine_s > 0 else 1.0
        if self.bounded:
            self._stride = max(self._stride, self._by_epochs)
        self.strides[first] = self._stride

    @property
    def at_end(self) -> bool:
        """The stage is over, and so is the run where it is the last one."""
        return self.done or self.local >= 1

    def next_stage(self) -> None:
        """Go on to the next stage: at the end of an epoch, where this one is over."""
        self.stage, self.local, self.scale = self.stage + 1, 0.0, 1.0
        if self.max_s is not None and self.replay is None and not self.done:
            # Written down for the next step: at this one the stage that is over went at its own stride.
            self._estimate(self.step + 1)

    @property
    def rate(self) -> float:
        """The learning rate of the next step, before the factors of layers."""
        stage = self.current
        assert stage.lr is not None
        return stage.lr * self.scale * shape(stage.schedule or "constant", self.local, self.warmup)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "stage": self.stage,
            "local": self.local,
            "step": self.step,
            "strides": dict(self.strides),
            "spent_s": self.elapsed_s,
            "scale": self.scale,
            "stride": self._stride,
            "measured": [*self._measured, self._step_s],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.stage, self.local, self.step = state["stage"], state["local"], state["step"]
        self.strides = {int(step): stride for step, stride in state["strides"].items()}  # JSON knows text alone
        self.spent_s, self.scale = state["spent_s"], state["scale"]
        self._stride = state["stride"]
        since_s, since, self._step_s = state["measured"]
        self._measured = (since_s, since)


def shape(schedule: str, local: float, warmup: float) -> float:
    """Return the rate at ``local`` (0..1) of a stage, as a part of its greatest one."""
    if schedule == "one-cycle":
        if local < RISE:
            return _cosine(1 / 25, 1.0, local / RISE)
        return _cosine(1.0, FLOOR, (local - RISE) / (1 - RISE))
    if schedule == "cosine":
        if local < warmup:
            return FLOOR + (1 - FLOOR) * local / warmup
        return _cosine(1.0, FLOOR, (local - warmup) / (1 - warmup))
    return 1.0


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(part, 1.0))) / 2
