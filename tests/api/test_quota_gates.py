"""Requests pass in order, submits before polls, each at its turn; one that is given up leaves its turn to the next."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_time import run

from airflow_provider_omnihuman.api.gates import AsyncGate, Gate, Lane, Queue
from airflow_provider_omnihuman.api.quota import RequestRate

GAP_S = 0.22  # between two requests of 5 a second


class Passers:
    """Coroutines that pass a gate, and the order and times in which they did."""

    def __init__(self, gate: AsyncGate) -> None:
        self.gate = gate
        self.passed: list[str] = []
        self.times: list[float] = []

    async def _pass(self, name: str, lane: Lane) -> None:
        await self.gate.enter(lane)
        self.passed.append(name)
        self.times.append(asyncio.get_running_loop().time())

    def start(self, name: str, lane: Lane = Lane.POLL) -> asyncio.Task[None]:
        return asyncio.create_task(self._pass(name, lane))


def test_first_come_first_served():
    async def main():
        passers = Passers(AsyncGate(RequestRate(5)))
        await asyncio.gather(*(passers.start(str(n)) for n in range(50)))
        assert passers.passed == [str(n) for n in range(50)]
        assert passers.times[-1] == pytest.approx(49 * GAP_S)

    run(main())


def test_submits_go_before_polls_that_waited_longer():
    async def main():
        passers = Passers(AsyncGate(RequestRate(5)))
        tasks = [passers.start(f"poll {n}") for n in range(3)]
        await asyncio.sleep(0)
        tasks += [passers.start(f"submit {n}", Lane.SUBMIT) for n in range(2)]
        await asyncio.gather(*tasks)
        assert passers.passed == ["poll 0", "submit 0", "submit 1", "poll 1", "poll 2"]

    run(main())


def test_polls_do_not_starve_while_submits_keep_coming():
    async def main():
        passers = Passers(AsyncGate(RequestRate(5)))
        tasks = [passers.start("first")]
        tasks += [passers.start("submit", Lane.SUBMIT) for _ in range(20)] + [passers.start("poll") for _ in range(3)]
        await asyncio.gather(*tasks)
        assert [index for index, name in enumerate(passers.passed) if name == "poll"] == [5, 10, 15]

    run(main())


def test_no_limit_holds_nobody_up_until_a_refusal_teaches_one():
    async def main():
        passers = Passers(AsyncGate(RequestRate(None)))
        await asyncio.gather(*(passers.start(str(n)) for n in range(20)))
        assert set(passers.times) == {0.0}
        passers.gate.rejected()
        await asyncio.gather(*(passers.start(str(n)) for n in range(10)))
        assert len(set(passers.times[20:])) == 10

    run(main())


def test_those_who_come_together_start_one_by_one_so_that_the_loop_can_breathe():
    async def main():
        passers = Passers(AsyncGate(RequestRate(None), breath_s=0.001))
        await asyncio.gather(*(passers.start(str(n)) for n in range(20)))
        assert passers.passed == [str(n) for n in range(20)]
        assert passers.times == pytest.approx([n * 0.001 for n in range(20)])
        await asyncio.sleep(1)
        started = asyncio.get_running_loop().time()
        await passers.start("later")
        assert passers.times[-1] == started  # nobody else: no breath is needed

    run(main())


def test_a_cancelled_waiter_takes_no_turn_and_leaves_nothing():
    async def main():
        passers = Passers(AsyncGate(RequestRate(5)))
        tasks = [passers.start(str(n)) for n in range(6)]
        await asyncio.sleep(0)
        for index in (1, 2, 4):
            tasks[index].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert passers.passed == ["0", "3", "5"]
        assert passers.times == pytest.approx([0, GAP_S, 2 * GAP_S])
        assert len(passers.gate._queue) == 0

    run(main())


def test_whoever_comes_while_the_loop_is_busy_does_not_overtake_those_who_wait():
    async def main():
        passers = Passers(AsyncGate(RequestRate(5)))
        tasks = [passers.start(str(n)) for n in range(2)]
        await asyncio.sleep(0)
        asyncio.get_running_loop().now_s += 5  # the turn of the second one is long past, and it has not been told
        await passers._pass("late", Lane.POLL)
        await asyncio.gather(*tasks)
        assert passers.passed == ["0", "1", "late"]

    run(main())


@pytest.mark.parametrize("moment", ["just before", "just after"])
def test_a_waiter_cancelled_at_the_moment_of_its_turn_leaves_it_to_the_next(moment):
    """Within one round of the event loop: its turn has come, and it has not run yet; or it is cancelled, and does not know."""

    async def main():
        loop, rate = asyncio.get_running_loop(), RequestRate(5)
        passers, tasks, turn_s = Passers(AsyncGate(rate)), [], 1 / rate.per_s(0)
        if moment == "just before":  # of two timers of one time, the elder goes first
            loop.call_at(turn_s, lambda: tasks[1].cancel())  # noqa: PLW0108 - there is no such task yet
        tasks += [passers.start(name) for name in ("first", "second", "third")]
        await asyncio.sleep(0)
        if moment == "just after":
            loop.call_at(turn_s, tasks[1].cancel)
        first, second, third = tasks
        await asyncio.gather(first, third)
        assert second.cancelled()
        assert passers.times == pytest.approx([0, GAP_S])

    run(main())


@settings(deadline=None)
@given(
    arrivals=st.lists(st.tuples(st.floats(0, 2), st.sampled_from(Lane), st.none() | st.floats(0, 3)), min_size=1, max_size=30),
    refused_at=st.none() | st.floats(0, 3),
)
def test_whoever_is_not_cancelled_passes_in_order_within_the_rate(arrivals, refused_at):
    async def one(gate, arrival, times):
        at, lane, _ = arrival
        await asyncio.sleep(at)
        await gate.enter(lane)
        times[arrival] = asyncio.get_running_loop().time()

    async def main():
        loop, gate, times = asyncio.get_running_loop(), AsyncGate(RequestRate(5)), {}
        tasks = {asyncio.create_task(one(gate, arrival, times)): arrival for arrival in sorted(set(arrivals), key=str)}
        for task, (_, _, cancel_at) in tasks.items():
            if cancel_at is not None:
                loop.call_at(cancel_at, task.cancel)
        if refused_at is not None:
            loop.call_at(refused_at, gate.rejected)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all((arrival in times) != task.cancelled() for task, arrival in tasks.items())
        sent = sorted(times.values())
        assert all(later - earlier >= GAP_S - 1e-6 for earlier, later in pairwise(sent))
        for lane in Lane:
            came = sorted((at, passed) for (at, in_lane, _), passed in times.items() if in_lane is lane)
            ordered = [passed for at, passed in came if sum(at == other for other, _ in came) == 1]
            assert ordered == sorted(ordered)
        assert len(gate._queue) == 0

    run(main())


def test_ten_thousand_waiters_have_one_timer_between_them_and_are_woken_one_by_one():
    async def main():
        loop, gate = asyncio.get_running_loop(), AsyncGate(RequestRate(1000))
        passers = Passers(gate)
        tasks = [passers.start(str(n)) for n in range(10_000)]
        await asyncio.sleep(0)
        assert len(loop._scheduled) == 1
        for _ in range(300):
            before = len(passers.passed)
            await asyncio.sleep(0.0011)
            assert len(passers.passed) - before <= 2
        assert passers.passed == [str(n) for n in range(len(passers.passed))]
        assert len(passers.passed) == pytest.approx(300, abs=3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(gate._queue) == 0

    run(main())


def test_an_edited_limit_reaches_those_who_wait():
    async def main():
        passers = Passers(AsyncGate(RequestRate(0.1)))
        tasks = [passers.start(str(n)) for n in range(3)]
        await asyncio.sleep(1)
        passers.gate.set_limit(5)
        await asyncio.gather(*tasks)
        assert passers.times == pytest.approx([0, 1, 1 + GAP_S])

    run(main())


def test_a_refusal_holds_up_those_who_wait():
    async def main():
        passers = Passers(AsyncGate(RequestRate(5)))
        tasks = [passers.start(str(n)) for n in range(3)]
        await asyncio.sleep(0.01)
        passers.gate.rejected()
        await asyncio.gather(*tasks)
        assert passers.times[1] == pytest.approx(2 * GAP_S, rel=0.05)

    run(main())


def test_a_real_event_loop_keeps_the_rate():
    async def main():
        passers = Passers(AsyncGate(RequestRate(20)))
        await asyncio.gather(*(passers.start(str(n)) for n in range(8)))
        assert passers.passed == [str(n) for n in range(8)]
        gaps = [later - earlier for earlier, later in pairwise(passers.times)]
        assert min(gaps) >= 1.1 / 20 - 1e-6

    asyncio.run(main())


# Threads


class Threads:
    """Threads that pass a gate, and the order and times in which they did."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.passed: list[tuple[float, str]] = []

    def start(self, name: str, lane: Lane = Lane.POLL) -> threading.Thread:
        """Start one, and wait until it stands in the queue, or has passed."""
        before = len(self.gate._queue) + len(self.passed)

        def _pass():
            self.gate.enter(lane)
            self.passed.append((time.monotonic(), name))

        thread = threading.Thread(target=_pass, daemon=True)
        thread.start()
        while thread.is_alive() and len(self.gate._queue) + len(self.passed) <= before:
            time.sleep(0.001)
        return thread


def test_threads_pass_in_order_within_the_rate_and_submits_go_first():
    threads = Threads(Gate(RequestRate(2)))
    running = [threads.start(f"poll {n}") for n in range(3)] + [threads.start(f"submit {n}", Lane.SUBMIT) for n in range(2)]
    for thread in running:
        thread.join(10)
    times, names = zip(*sorted(threads.passed), strict=True)
    assert list(names) == ["poll 0", "submit 0", "submit 1", "poll 1", "poll 2"]
    assert all(later - earlier >= 0.5 for earlier, later in pairwise(times))


def test_a_thread_that_is_interrupted_leaves_its_turn_to_the_next():
    class Interrupted(BaseException):
        pass

    asked, rate = [], RequestRate(5)

    def clock():
        asked.append(True)
        if len(asked) == 3:  # the second one is in the queue by then
            raise Interrupted
        return time.monotonic()

    gate = Gate(rate, clock=clock)
    gate.enter()
    with pytest.raises(Interrupted):
        gate.enter()
    threads = Threads(gate)
    threads.start("next").join(10)
    assert [name for _, name in threads.passed] == ["next"]


def test_an_edited_limit_reaches_the_threads_that_wait():
    gate = Gate(RequestRate(0.01))
    threads = Threads(gate)
    running = [threads.start(str(n)) for n in range(3)]
    gate.set_limit(50)
    for thread in running:
        thread.join(10)
    assert [name for _, name in sorted(threads.passed)] == ["0", "1", "2"]


def test_a_thread_that_comes_when_a_turn_is_due_does_not_overtake_the_one_that_waits_for_it():
    ahead_s = [0.0]
    gate = Gate(RequestRate(0.01), clock=lambda: time.monotonic() + ahead_s[0])
    threads = Threads(gate)
    running = [threads.start("0"), threads.start("1")]
    ahead_s[0] = 1000.0  # its time has come, and it sleeps still
    running.append(threads.start("2"))
    gate.set_limit(50)
    for thread in running:
        thread.join(10)
    assert [name for _, name in threads.passed] == ["0", "1", "2"]


def test_a_refusal_slows_the_threads():
    gate, started = Gate(RequestRate(10)), time.monotonic()
    gate.enter()
    gate.rejected()
    gate.enter()
    assert time.monotonic() - started >= 0.2


# The order


def test_a_queue_of_nobody_says_so():
    queue: Queue[str] = Queue()
    assert queue.first() is None
    with pytest.raises(IndexError):
        queue.pop()


@settings(deadline=None)
@given(st.lists(st.sampled_from([*Lane, "pop", "discard"]), max_size=60))
def test_the_first_one_is_the_one_that_is_taken_out(steps):
    queue: Queue[int] = Queue()
    inside: dict[int, Lane] = {}
    for number, step in enumerate(steps):
        if isinstance(step, Lane):
            queue.push(step, number)
            inside[number] = step
        elif inside and step == "discard":
            waiter, lane = next(iter(inside.items()))
            assert queue.discard(lane, waiter)
            assert not queue.discard(lane, waiter)
            del inside[waiter]
        elif inside:
            first = queue.first()
            assert queue.pop() == first
            assert all(number >= first for number, lane in inside.items() if lane is inside[first])
            del inside[first]
        assert len(queue) == len(inside)
