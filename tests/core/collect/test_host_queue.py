"""Whose turn it is."""

from __future__ import annotations

from fashion_match.core.collect.host_queue import PER_HOST, HostQueue, Task
from fashion_match.core.web.address import parse_address


def task(host: str, n: int = 0, **more: float) -> Task:
    return Task(parse_address(f"http://{host}.example/{n}"), [], **more)  # type: ignore[arg-type]


def names(tasks: list[Task | None]) -> list[str | None]:
    return [str(t.address).removeprefix("http://") if t else None for t in tasks]


def test_a_host_that_must_be_waited_for_holds_up_no_other():
    queue = HostQueue(lambda host: {"slow.example": 50.0}.get(host, 0.0))
    for n in range(2):
        queue.add(task("slow", n))
    queue.add(task("fast"))
    assert names([queue.take(10), queue.take(10)]) == ["fast.example/0", None]
    assert queue.wait_s(10) == 40
    assert names([queue.take(50), queue.take(50)]) == ["slow.example/0", "slow.example/1"]
    assert (len(queue), queue.wait_s(50)) == (0, None)


def test_few_downloads_of_one_host_at_once():
    queue = HostQueue(lambda _: 0.0)
    for n in range(PER_HOST + 1):
        queue.add(task("a", n))
    running = [queue.take(0) for _ in range(PER_HOST)]
    assert None not in running
    assert queue.take(0) is None
    assert queue.wait_s(0) is None
    queue.done(running[0])
    assert names([queue.take(0)]) == [f"a.example/{PER_HOST}"]


def test_what_failed_comes_back_at_its_time_and_nothing_waits_for_it():
    queue = HostQueue(lambda _: 0.0)
    queue.add(task("a", 1, attempt=2, not_before=30))
    queue.add(task("a", 2, attempt=2, not_before=20))
    queue.add(task("a", 3))
    assert len(queue) == 3
    assert names([queue.take(0), queue.take(0)]) == ["a.example/3", None]
    assert queue.wait_s(0) == 20
    second = queue.take(20)
    assert names([second]) == ["a.example/2"]
    assert second is not None
    queue.done(second)
    assert names([queue.take(40)]) == ["a.example/1"]
