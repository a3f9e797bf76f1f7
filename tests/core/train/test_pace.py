"""A run ends when it should, by steps or by the clock, and its learning rate has then come to its end as well."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_match.core.train.manifest import Manifest, TrainRequest
from fashion_match.core.train.option import Stage
from fashion_match.core.train.pace import FLOOR, RISE, Pace, shape

Length = Callable[[int], float]
"""How long a step takes (s), by its number."""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def stage(epochs: int, lr: float = 0.1, schedule: Any = "one-cycle") -> Stage:
    return Stage(epochs=epochs, lr=lr, schedule=schedule)


def make(*stages: Stage, per_epoch: int = 10, **given: Any) -> Pace:
    clock = Clock()
    return Pace(stages, per_epoch, clock=clock, **given)


def steps(pace: Pace, length: Length = lambda step: 1.0, *, at: int = 0) -> Iterator[tuple[int, float]]:
    """Drive a run as the loop does, and yield stage and rate of each step that is taken.

    Args:
        at: batches of the epoch that were seen before, where a run goes on in the middle of one.
    """
    pace.start()
    while not pace.done:
        for _ in range(at, pace.steps_per_epoch):
            yield pace.stage, pace.rate
            pace.clock.now += length(pace.step + 1)  # type: ignore[attr-defined]
            pace.advance()
            last = pace.stage == len(pace.stages) - 1
            if pace.done or (pace.at_end and pace.max_s and last):
                return
        at = 0
        if pace.at_end:
            pace.next_stage()


STAGES = st.lists(st.integers(1, 7), min_size=1, max_size=4)


@settings(deadline=None, max_examples=60)
@given(epochs=STAGES, per_epoch=st.integers(1, 90))
def test_a_run_by_epochs_takes_just_the_planned_steps(epochs: list[int], per_epoch: int) -> None:
    pace = make(*(stage(n) for n in epochs), per_epoch=per_epoch)
    taken = [number for number, _ in steps(pace)]
    assert taken == [number for number, n in enumerate(epochs) for _ in range(n * per_epoch)]
    assert pace.progress == 1
    assert pace.strides == {}, "only a run by the clock has something to write down"


def test_a_million_steps_add_up() -> None:
    pace = make(stage(1), per_epoch=200_000)
    assert sum(1 for _ in steps(pace)) == 200_000


@given(schedule=st.sampled_from(["constant", "plateau", "one-cycle", "cosine"]), local=st.floats(0, 1))
def test_no_schedule_goes_beyond_its_rate_or_down_to_nothing(schedule: str, local: float) -> None:
    for warmup in (0.0, 0.05, 0.5):
        assert FLOOR * 0.999 <= shape(schedule, local, warmup) <= 1


def test_one_cycle_rises_for_a_quarter_and_falls_to_nearly_nothing() -> None:
    pace = make(stage(4, lr=0.5), per_epoch=100)
    rates = [rate for _, rate in steps(pace)]
    assert rates[0] == pytest.approx(0.5 / 25)
    assert rates.index(max(rates)) == 100 == RISE * len(rates)
    assert max(rates) == pytest.approx(0.5)
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert 0.5 * FLOOR <= rates[-1] < 0.5 * 2 * FLOOR


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5])
def test_cosine_warms_up_in_a_line_and_falls_by_half_a_wave(warmup: float) -> None:
    pace = make(stage(1, lr=2.0, schedule="cosine"), per_epoch=200, warmup=warmup)
    rates = [rate for _, rate in steps(pace)]
    top = round(warmup * 200)
    for n, rate in enumerate(rates):
        part = (n / 200 - warmup) / (1 - warmup)
        wave = (1 + math.cos(math.pi * part)) / 2
        expected = n / top * (1 - FLOOR) + FLOOR if n < top else FLOOR + (1 - FLOOR) * wave
        assert rate == pytest.approx(2.0 * expected, rel=1e-4), n


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_these_change_only_when_told(schedule: str) -> None:
    pace = make(stage(2, lr=0.3, schedule=schedule), stage(1, lr=0.02, schedule=schedule), per_epoch=5)
    rates = []
    for number, rate in steps(pace):
        rates.append(rate)
        if len(rates) == 4:
            pace.scale *= 0.5
        assert number == (len(rates) > 10)
    # A lowered rate belongs to its stage: the next one begins with its own.
    assert rates == pytest.approx([0.3] * 4 + [0.15] * 6 + [0.02] * 5)


def test_each_stage_has_its_own_rate_and_schedule() -> None:
    pace = make(stage(2, 1e-2, "constant"), stage(3, 1e-3, "one-cycle"), stage(1, 1e-4, "cosine"), warmup=0)
    rates = [rate for _, rate in steps(pace)]
    assert rates[:20] == pytest.approx([1e-2] * 20)
    assert rates[20] == pytest.approx(1e-3 / 25)
    assert max(rates[20:50]) == pytest.approx(1e-3, rel=0.02)
    assert rates[50] == pytest.approx(1e-4)
    assert len(rates) == 60


def test_progress_counts_epochs_of_all_stages() -> None:
    pace = make(stage(1), stage(3), per_epoch=10)
    seen = [pace.progress for _ in steps(pace)]
    assert seen == pytest.approx([n / 40 for n in range(40)])


# By the clock

LENGTHS: dict[str, Length] = {
    "even": lambda step: 0.7,
    "slow at first": lambda step: 8.0 if step <= 3 else 0.4,
    "jittering": lambda step: 0.5 + 0.4 * math.sin(step * 12.9898),
    "every tenth slow": lambda step: 3.0 if step % 10 == 0 else 0.3,
    "slower and slower": lambda step: 0.3 + step * 1e-3,
    "faster and faster": lambda step: 0.2 + 100 / (step + 50),
}


@pytest.mark.parametrize("name", LENGTHS)
@pytest.mark.parametrize("max_s", [12.0, 60.0, 600.0])
def test_a_limited_run_ends_within_a_step_of_the_limit_and_of_its_schedule(name: str, max_s: float) -> None:
    length = LENGTHS[name]
    pace = make(stage(10), per_epoch=37, max_s=max_s, bounded=False)
    rates, locals_ = [], []
    for _, rate in steps(pace, length):
        rates.append(rate)
        locals_.append(pace.local)
    spent = pace.elapsed_s
    assert abs(spent - max_s) <= max(length(n) for n in range(1, pace.step + 1)) + 1e-6
    assert pace.progress == 1
    if pace.step > 40:
        assert locals_[-1] > 0.85
        assert rates[-1] < 0.06 * max(rates)
        assert max(rates) == pytest.approx(0.1, rel=0.05)


def test_even_steps_follow_the_schedule_as_a_run_by_epochs_would() -> None:
    by_clock = [rate for _, rate in steps(make(stage(10), per_epoch=40, max_s=400.0, bounded=False))]
    by_epochs = [rate for _, rate in steps(make(stage(10), per_epoch=40))]
    assert len(by_clock) in (399, 400)
    assert by_clock[3:399] == pytest.approx(by_epochs[3:399], abs=0.004)


def test_a_slow_start_does_not_end_a_run_early() -> None:
    """Once it did: three first steps of three seconds made the other seventeen until the next look a minute long."""
    pace = make(stage(10), per_epoch=5, max_s=60.0, bounded=False)
    assert sum(1 for _ in steps(pace, lambda step: 3.0 if step <= 3 else 0.1)) > 400
    assert pace.elapsed_s > 58


def test_a_slow_start_does_not_hurry_the_schedule() -> None:
    pace = make(stage(10), per_epoch=50, max_s=69.0, bounded=False)
    for _ in steps(pace, lambda step: 3.0 if step <= 3 else 0.1):
        if pace.elapsed_s > 12:
            assert pace.local == pytest.approx((pace.elapsed_s - 9) / 60, abs=0.055)
    assert pace.step > 500


@settings(deadline=None, max_examples=40)
@given(
    lengths=st.lists(st.floats(0.05, 3.0), min_size=1, max_size=30),
    max_s=st.floats(0.01, 200),
    per_epoch=st.integers(1, 50),
    bounded=st.booleans(),
    epochs=STAGES,
)
def test_the_limit_is_never_passed_by_more_than_a_step(
    lengths: list[float], max_s: float, per_epoch: int, bounded: bool, epochs: list[int]
) -> None:
    pace = make(*(stage(n) for n in epochs), per_epoch=per_epoch, max_s=max_s, bounded=bounded)
    taken = list(steps(pace, lambda step: lengths[step % len(lengths)]))
    assert pace.elapsed_s <= max_s + max(lengths) + 1e-6
    if bounded:
        assert len(taken) <= sum(epochs) * per_epoch


def test_each_stage_gets_its_share_of_the_time() -> None:
    pace = make(stage(1), stage(2), stage(5), per_epoch=10, max_s=800.0, bounded=False)
    numbers = [number for number, _ in steps(pace)]
    for number, share in enumerate([100, 200, 500]):
        # A stage goes on to the end of an epoch.
        assert numbers.count(number) == pytest.approx(share, abs=12)


def test_what_a_stage_wastes_the_later_ones_share() -> None:
    """The first stage is slow: the others still have an end to their schedule."""
    pace = make(stage(2), stage(1), stage(1), per_epoch=5, max_s=400.0, bounded=False)
    rates: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for number, rate in steps(pace, lambda step: 5.0 if step <= 40 else 0.5):
        rates[number].append(rate)
    assert abs(pace.elapsed_s - 400) <= 1
    assert all(own[-1] < 0.1 * max(own) for own in rates.values())


@pytest.mark.parametrize("per_epoch", [1, 2, 3, 25])
def test_epochs_bound_a_run_that_has_time_enough(per_epoch: int) -> None:
    pace = make(stage(3), stage(1), per_epoch=per_epoch, max_s=1e6, bounded=True)
    taken = [number for number, _ in steps(pace)]
    assert taken == [0] * 3 * per_epoch + [1] * per_epoch
    assert pace.elapsed_s < 200


def test_time_bounds_a_run_that_has_epochs_enough() -> None:
    pace = make(stage(1000), per_epoch=10, max_s=50.0, bounded=True)
    assert sum(1 for _ in steps(pace)) in (49, 50, 51)


# Again


def through_a_manifest(strides: dict[int, float]) -> dict[int, float]:
    manifest = Manifest(request=TrainRequest(source="x"), strides=strides)
    return Manifest.model_validate_json(manifest.model_dump_json()).strides


@pytest.mark.parametrize("name", LENGTHS)
@pytest.mark.parametrize(("bounded", "max_s"), [(False, 300.0), (True, 300.0), (True, 40.0), (False, 1.5)])
@pytest.mark.parametrize("per_epoch", [1, 13, 20])
def test_written_strides_give_the_same_rates_without_a_clock(
    name: str, bounded: bool, max_s: float, per_epoch: int
) -> None:
    stages = (stage(2, 1e-2), stage(3, 1e-3, "cosine"), stage(1, 1e-4))
    first = make(*stages, per_epoch=per_epoch, max_s=max_s, bounded=bounded)
    taken = list(steps(first, LENGTHS[name]))
    again = make(*stages, per_epoch=per_epoch, replay=through_a_manifest(first.strides))
    assert list(steps(again, lambda step: 123.0)) == taken
    assert again.step == first.step


def test_few_strides_are_written_of_a_long_run() -> None:
    pace = make(stage(10), per_epoch=1000, max_s=5000.0, bounded=False)
    assert sum(1 for _ in steps(pace)) > 4900
    assert len(pace.strides) < 5000 / 20 + 60


@settings(deadline=None, max_examples=60)
@given(
    cut=st.integers(1, 200),
    timed=st.booleans(),
    bounded=st.booleans(),
    name=st.sampled_from(sorted(LENGTHS)),
)
def test_a_run_that_is_resumed_goes_on_as_it_would_have(cut: int, timed: bool, bounded: bool, name: str) -> None:
    stages = (stage(2, 1e-2), stage(9, 1e-3, "cosine"))

    def begun() -> Pace:
        return make(*stages, per_epoch=20, max_s=100.0 if timed else None, bounded=bounded)

    whole = list(steps(begun(), LENGTHS[name]))
    first = begun()
    # The state is taken where the loop would ask for the next step, or after its last one.
    taken = list(itertools.islice(steps(first, LENGTHS[name]), cut))
    ended = len(taken) < cut
    n = len(taken) if ended else cut - 1
    second = begun()
    second.restore(json.loads(json.dumps(first.state())))
    second.clock.now = 5e6  # type: ignore[attr-defined]  # another day
    assert second.strides == first.strides
    rest = list(steps(second, LENGTHS[name], at=n % 20))
    assert [number for number, _ in taken[:n] + rest] == [number for number, _ in whole]
    assert [rate for _, rate in rest] == pytest.approx([rate for _, rate in whole[n:]], rel=1e-6)


def test_what_plateau_lowered_stays_lowered() -> None:
    pace = make(stage(4, schedule="plateau"))
    pace.scale = 0.25
    other = make(stage(4, schedule="plateau"))
    other.restore(pace.state())
    assert other.rate == pytest.approx(0.025)


def test_a_restored_clock_counts_the_time_of_earlier_sessions() -> None:
    first = make(stage(1), max_s=100.0, bounded=False)
    first.start()
    first.clock.now += 30  # type: ignore[attr-defined]
    second = make(stage(1), max_s=100.0, bounded=False)
    second.restore(first.state())
    assert second.elapsed_s == 30
    second.start()
    second.clock.now += 5  # type: ignore[attr-defined]
    assert second.elapsed_s == 35
