"""A deployment in virtual time: an account with its limits, Airflow's delays, and jobs that all begin at once.

The limits are the emulator's own code, the gates and schedules the provider's: only sockets and renders are left out.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from airflow_provider_omnihuman.api.gates import Lane
from airflow_provider_omnihuman.emulator.codes import CONCURRENCY_EXCEEDED, QPS_EXCEEDED, BusinessError
from airflow_provider_omnihuman.emulator.limits import RateLimit, check_concurrency

T = TypeVar("T")
PASSING_S, JITTER_S = 0.02, 0.05


@dataclass(frozen=True, slots=True)
class Load:
    """What is wanted of which account.

    :param mean_s: of a job: 15 s of audio have been seen to take about 9 minutes
    :param spread: how much shorter or longer one may be, as a share of it
    """

    jobs: int = 100
    concurrency: int = 2
    qps: int = 5
    mean_s: float = 540.0
    spread: float = 0.1
    seed: int = 1

    @property
    def works_s(self) -> list[float]:
        rng = Random(self.seed)  # noqa: S311 - not for secrets
        return [self.mean_s * rng.uniform(1 - self.spread, 1 + self.spread) for _ in range(self.jobs)]

    @property
    def ideal_s(self) -> float:
        """With no pause between jobs."""
        return sum(self.works_s) / self.concurrency


@dataclass(slots=True)
class Account:
    """The service as its limits see it: what arrives, what is refused, what runs."""

    load: Load
    rng: Random
    refused: Counter[int] = field(default_factory=Counter)
    arrived_at: list[float] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    done_at: dict[int, float] = field(default_factory=dict)
    rate: RateLimit = field(init=False)

    def __post_init__(self) -> None:
        self.rate = RateLimit(self.load.qps, monotonic=self._now)

    async def submit(self, job: int) -> None:
        """Begin a job, or be refused."""
        await self._ask(lambda: self._begin(job))

    async def is_done(self, job: int) -> bool:
        """Poll."""
        return await self._ask(lambda: self.done_at[job] <= self._now())

    def running(self) -> int:
        return sum(done > self._now() for done in self.done_at.values())

    def _begin(self, job: int) -> None:
        check_concurrency(self.running(), self.load.concurrency)
        self.begun.append(job)
        self.done_at[job] = self._now() + self.load.works_s[job]

    async def _ask(self, answer: Callable[[], T]) -> T:
        await asyncio.sleep(PASSING_S + self.rng.uniform(0, JITTER_S))
        self.arrived_at.append(self._now())
        try:
            self.rate.take()
            return answer()
        except BusinessError as error:
            self.refused[error.code] += 1
            raise
        finally:
            await asyncio.sleep(PASSING_S + self.rng.uniform(0, JITTER_S))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Scheduler:
    """Airflow's: once a round it starts the tasks that have a slot, of a run the lowest map index first.

    :param slots: of the pool
    :param start_s: from a task's start to its process's first request: seen in a real Airflow, on two cores
    :param round_s: how long a round of the scheduler takes
    :param per_round: how many tasks it starts in one
    """

    slots: int
    rng: Random
    start_s: tuple[float, float] = (3.0, 6.0)
    round_s: float = 1.0
    per_round: int = 4
    _waiting: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    _count: itertools.count[int] = field(default_factory=itertools.count)

    async def start(self, job: int) -> None:
        """Wait for a slot, and for the process to start."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (job, next(self._count), turn))
        await turn
        await asyncio.sleep(self.rng.uniform(*self.start_s))

    def free(self) -> None:
        self.slots += 1

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.round_s)
            for _ in range(min(self.per_round, self.slots, len(self._waiting))):
                self.slots -= 1
                heapq.heappop(self._waiting)[2].set_result(None)


class OpenGate:
    """Lets everything through at once."""

    async def enter(self, lane: Lane) -> None:
        pass

    def rejected(self) -> None:
        pass

    def reset(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one strategy."""

    rate_refusals: float
    concurrency_refusals: float
    requests: float
    longer_than_ideal: float
    out_of_order: float
    peak_per_s: int
    done_s: tuple[float, ...]

    @classmethod
    def of(cls, account: Account, *, ended_s: float) -> Outcome:
        """Sum up, per job; a job's disorder is how many places from its own it was begun."""
        jobs = account.load.jobs
        return cls(
            rate_refusals=account.refused[QPS_EXCEEDED] / jobs,
            concurrency_refusals=account.refused[CONCURRENCY_EXCEEDED] / jobs,
            requests=len(account.arrived_at) / jobs,
            longer_than_ideal=ended_s / account.load.ideal_s,
            out_of_order=sum(abs(place - job) for place, job in enumerate(account.begun)) / jobs,
            peak_per_s=_peak(account.arrived_at),
            done_s=tuple(sorted(account.done_at.values())),
        )


def _peak(times: list[float]) -> int:
    """Return the most requests in any second."""
    first, most = 0, 0
    for last, time in enumerate(times):  # in order: virtual time does not go back
        while times[first] <= time - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


async def play(account: Account, job: Callable[[int], Awaitable[None]], *, scheduler: Scheduler | None = None) -> Outcome:
    """Begin all jobs at once and see them to their end."""
    rounds = asyncio.create_task(scheduler.run()) if scheduler else None
    await asyncio.gather(*(job(index) for index in range(account.load.jobs)))
    if rounds:
        rounds.cancel()
    return Outcome.of(account, ended_s=asyncio.get_running_loop().time())
