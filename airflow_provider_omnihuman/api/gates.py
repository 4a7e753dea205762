"""Where requests wait for their turn: one gate for threads, one for an event loop, over the same rate and the same order."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import IntEnum
from typing import Generic, TypeVar

from airflow_provider_omnihuman.api.quota import RequestRate

__all__ = ["AsyncGate", "Gate", "Lane", "Queue"]

W = TypeVar("W")

_SUBMITS_PER_POLL = 4


class Lane(IntEnum):
    """What a request is for; lower goes first."""

    SUBMIT = 0
    POLL = 1


class Queue(Generic[W]):
    """First come, first served within a lane; submits before polls, yet every fifth turn is a poll's: none waits for ever."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, OrderedDict[W, None]] = {lane: OrderedDict() for lane in Lane}
        self._submits_in_a_row = 0

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def push(self, lane: Lane, waiter: W) -> None:
        """Put a waiter at the end of its lane."""
        self._lanes[lane][waiter] = None

    def first(self) -> W | None:
        """Return whose turn is next."""
        lane = self._next_lane()
        return None if lane is None else next(iter(self._lanes[lane]))

    def pop(self) -> W:
        """Take out whose turn it is."""
        lane = self._next_lane()
        if lane is None:
            raise IndexError("nobody waits")
        self._submits_in_a_row = self._submits_in_a_row + 1 if lane is Lane.SUBMIT and self._lanes[Lane.POLL] else 0
        return self._lanes[lane].popitem(last=False)[0]

    def discard(self, lane: Lane, waiter: W) -> bool:
        """Take out a waiter who has given up; return whether it still waited."""
        waited = waiter in self._lanes[lane]
        self._lanes[lane].pop(waiter, None)
        return waited

    def _next_lane(self) -> Lane | None:
        submits, polls = self._lanes[Lane.SUBMIT], self._lanes[Lane.POLL]
        if submits and not (polls and self._submits_in_a_row >= _SUBMITS_PER_POLL):
            return Lane.SUBMIT
        return Lane.POLL if polls else None


class Gate:
    """Lets threads pass one by one, each at its turn.

    :param rate: how fast; this gate's alone
    :param clock: monotonic seconds
    """

    def __init__(self, rate: RequestRate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: Queue[threading.Condition] = Queue()

    def enter(self, lane: Lane = Lane.POLL) -> None:
        """Block until a request may be sent.

        :param lane: what it is for
        """
        with self._lock:
            if not self._queue and self._rate.take(self._clock()):
                return
            turn = threading.Condition(self._lock)
            self._queue.push(lane, turn)
            try:
                self._wait_for(turn)
                self._queue.pop()
            except BaseException:
                self._queue.discard(lane, turn)
                raise
            finally:
                self._wake_first()

    def rejected(self) -> None:
        """Slow down: the service refused a request for its rate."""
        with self._lock:
            self._rate.rejected(now=self._clock())

    def set_limit(self, max_qps: float | None, *, sharers: int = 1, reserve: float = 0.0) -> None:
        """Take the limits of an edited connection; see :class:`RequestRate`."""
        with self._lock:
            self._rate.set_limit(max_qps, sharers=sharers, reserve=reserve)
            self._wake_first()

    def _wait_for(self, turn: threading.Condition) -> None:
        """Return when it is first and its time has come; only the first one watches the clock."""
        while True:
            if self._queue.first() is not turn:
                turn.wait()
            elif self._rate.take(now := self._clock(), waited=True):
                return
            else:
                turn.wait(self._rate.next_at(now) - now)

    def _wake_first(self) -> None:
        if first := self._queue.first():
            first.notify()


class AsyncGate:
    """Lets coroutines of one event loop pass one by one, each at its turn: one timer, however many wait.

    :param rate: how fast; this gate's alone
    :param breath_s: between two that pass, seconds, however fast: a thousand waits that were resumed together (a restart) would
        hold up the loop, and all else that runs on it, for most of a second
    """

    def __init__(self, rate: RequestRate, *, breath_s: float = 0.0) -> None:
        self._rate = rate
        self._breath_s = breath_s
        self._breathed_at = -math.inf
        self._queue: Queue[asyncio.Future[float]] = Queue()
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, lane: Lane = Lane.POLL) -> None:
        """Wait until a request may be sent.

        :param lane: what it is for
        """
        loop = asyncio.get_running_loop()
        if not self._queue and self._take(loop.time()):
            return
        turn: asyncio.Future[float] = loop.create_future()
        self._queue.push(lane, turn)
        if self._timer is None:
            self._arm(loop)
        try:
            await turn
        except asyncio.CancelledError:
            if not self._queue.discard(lane, turn) and not turn.cancelled():
                self._rate.give_back(turn.result())  # the turn had come, and nothing is sent
                self._arm(loop)
            raise

    def rejected(self) -> None:
        """Slow down: the service refused a request for its rate."""
        self._rate.rejected(now=asyncio.get_running_loop().time())

    def set_limit(self, max_qps: float | None, *, sharers: int = 1, reserve: float = 0.0) -> None:
        """Take the limits of an edited connection; see :class:`RequestRate`."""
        self._rate.set_limit(max_qps, sharers=sharers, reserve=reserve)
        self._arm(asyncio.get_running_loop())

    def reset(self) -> None:
        """Forget the timer of an event loop that may end."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _take(self, now: float, *, waited: bool = False) -> bool:
        if now < self._breathed_at or not self._rate.take(now, waited=waited):
            return False
        self._breathed_at = now + self._breath_s
        return True

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the timer to the next turn; none where nobody waits."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._queue:
            now = loop.time()
            self._timer = loop.call_at(max(now, self._breathed_at, self._rate.next_at(now)), self._release, loop)

    def _release(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while (first := self._queue.first()) and first.cancelled():  # its coroutine has not been told yet
            self._queue.pop()
        if first and self._take(now := loop.time(), waited=True):
            self._queue.pop().set_result(now)
        self._arm(loop)
