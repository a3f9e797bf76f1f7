"""How often a host is asked, by a clock that only moves when somebody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from fashion_match.core.web.pace import Pace, retry_after_s, retry_wait_s


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds


def starts(pace: Pace, clock: Clock, host: str, n: int) -> list[float]:
    found = []
    for _ in range(n):
        pace.wait(host)
        found.append(clock.time - 1000)
    return found


@pytest.fixture
def clock():
    return Clock()


def test_one_host_is_asked_at_its_rate(clock):
    assert starts(Pace(0.5, now=clock.now, sleep=clock.sleep), clock, "a", 4) == [0, 0.5, 1, 1.5]


def test_hosts_do_not_wait_for_each_other(clock):
    pace = Pace(1, now=clock.now, sleep=clock.sleep)
    assert starts(pace, clock, "a", 1) + starts(pace, clock, "b", 1) == [0, 0]


def test_a_host_may_ask_for_less_but_not_for_more(clock):
    pace = Pace(1, now=clock.now, sleep=clock.sleep)
    assert pace.slow_down("a", 5)
    assert not pace.slow_down("a", 2)
    assert not pace.slow_down("b", 0.1)
    assert starts(pace, clock, "a", 3) == [0, 5, 10]
    assert starts(pace, clock, "b", 2) == [10, 11]


def test_a_pause_holds_for_all_of_a_host(clock):
    pace = Pace(1, now=clock.now, sleep=clock.sleep)
    pace.wait("a")
    pace.pause("a", 30)
    pace.pause("a", 10)
    assert pace.ready_at("a") == 1030
    assert starts(pace, clock, "a", 2) == [30, 31]


def test_retries_wait_longer_each_time_and_never_in_step():
    for attempt, longest in ((1, 1.5), (2, 3), (3, 6), (10, 90), (40, 90)):
        waits = {retry_wait_s(attempt) for _ in range(50)}
        assert len(waits) > 10
        assert longest / 3 <= min(waits) <= max(waits) <= longest
    assert retry_wait_s(1, 20) == 20


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), (" 120 ", 120), (None, None), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("٣", None)],
)
def test_retry_after(header, seconds):
    assert retry_after_s(header) == seconds


def test_retry_after_as_a_date():
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < retry_after_s(format_datetime(later, usegmt=True)) <= 90
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
