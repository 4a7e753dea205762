"""What waits for one job: as a user would write it, and as this provider does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Any

from quota_simulator import Account, Load, OpenGate, Outcome, Scheduler, play
from virtual_time import run

from airflow_provider_omnihuman.api.gates import AsyncGate, Lane
from airflow_provider_omnihuman.api.quota import RequestRate, reserve_for_workers
from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.schedule import LearnedSchedule, PollSchedule, Schedule
from airflow_provider_omnihuman.api.submitting import quota_pause_s
from airflow_provider_omnihuman.emulator.codes import CONCURRENCY_EXCEEDED, QPS_EXCEEDED, BusinessError

Strategy = Callable[[Load], Outcome]

_PARALLELISM = 32  # Airflow's default for tasks at once


def naive(pause_s: Callable[[int, Random], float]) -> Strategy:
    """A worker process each: submit again after a pause until taken, poll every 5 s; nobody knows of the others.

    :param pause_s: before a refused request is made again, by the number of refusals
    """

    async def insist(account: Account, ask: Callable[[], Awaitable[bool | None]]) -> bool | None:
        for refusals in itertools.count():
            try:
                return await ask()
            except BusinessError:
                await asyncio.sleep(pause_s(refusals, account.rng))
        raise AssertionError("unreachable")

    async def job(account: Account, index: int) -> None:
        await insist(account, lambda: account.submit(index))
        while not await insist(account, lambda: account.is_done(index)):  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(5.0)

    async def main(load: Load) -> Outcome:
        account = Account(load, Random(load.seed))  # noqa: S311 - not for secrets
        return await play(account, partial(job, account))

    return lambda load: run(main(load))


def every_5_s(_refusals: int, _rng: Random) -> float:
    return 5.0


def tenacity(refusals: int, rng: Random) -> float:
    """As ``wait_random_exponential(multiplier=1, max=60)``, the one that its documentation recommends for shared services."""
    return rng.uniform(0, min(2.0**refusals, 60.0))


class Deployment:
    """This provider in Airflow: submits from workers, polls from triggerers.

    :param pool: slots of a pool that includes deferred tasks; None: the default pool, which does not
    :param max_qps: of the connection
    :param learns: whether triggerers poll when a job is likely to be done, or every 10 s
    """

    def __init__(
        self, load: Load, *, pool: int | None = None, triggerers: int = 1, max_qps: float | None = None, learns: bool = False
    ) -> None:
        rng = Random(load.seed)  # noqa: S311 - not for secrets
        rate = partial(RequestRate, max_qps, sharers=triggerers, reserve=reserve_for_workers(max_qps))
        self.account = Account(load, rng)
        self.includes_deferred = pool is not None
        self.scheduler = Scheduler(pool or _PARALLELISM, rng)
        self.gates = [AsyncGate(rate()) if max_qps else OpenGate() for _ in range(triggerers)]
        self.learned = [RenderTimes() for _ in range(triggerers)] if learns else []

    async def job(self, index: int) -> None:
        """One mapped task, from its first try to the video."""
        await self._submit(index)
        await self._deferred(self._wait(index))
        await self.scheduler.start(index)
        await self._insist(lambda: self.account.is_done(index), attempts=50)  # the video is asked for anew
        self.scheduler.free()

    async def _submit(self, index: int) -> None:
        """Submit; where the account has no room for a job, come back in a while."""
        loop = asyncio.get_running_loop()
        refused_since: float | None = None
        while True:
            await self.scheduler.start(index)
            try:
                await self._insist(lambda: self.account.submit(index))
                return
            except BusinessError:
                refused_since = loop.time() if refused_since is None else refused_since
                await self._deferred(asyncio.sleep(quota_pause_s(loop.time() - refused_since, rng=self.account.rng)))

    async def _deferred(self, waiting: Awaitable[None]) -> None:
        """Wait with a slot or without; either way, a task that is to be resumed is only scheduled, and has none."""
        if not self.includes_deferred:
            self.scheduler.free()
        await waiting
        if self.includes_deferred:
            self.scheduler.free()

    async def _insist(self, ask: Callable[[], Awaitable[bool | None]], *, attempts: int = 4) -> None:
        """Ask again where the rate was refused, as the client does."""
        for attempt in range(1, attempts + 1):
            try:
                await ask()
                return
            except BusinessError as error:
                if error.code == CONCURRENCY_EXCEEDED or attempt == attempts:
                    raise
                await asyncio.sleep(2.0 * 2 ** min(attempt - 1, 3) * self.account.rng.uniform(0.5, 1.5))

    async def _wait(self, index: int) -> None:
        """Poll in a triggerer until the job is done."""
        loop, gate, schedule = asyncio.get_running_loop(), self.gates[index % len(self.gates)], self._schedule(index)
        for poll in itertools.count():
            await asyncio.sleep(schedule.pause_s(poll, now=loop.time(), rng=self.account.rng))
            await gate.enter(Lane.POLL)
            heard_at = loop.time()
            try:
                is_done = await self.account.is_done(index)
            except BusinessError as error:
                if error.code != QPS_EXCEEDED:
                    raise
                gate.rejected()
            else:
                schedule.heard(heard_at=heard_at, is_done=is_done)
                if is_done:
                    return

    def _schedule(self, index: int) -> Schedule:
        if not self.learned:
            return PollSchedule()
        now = asyncio.get_running_loop().time()
        times = self.learned[index % len(self.learned)]
        return LearnedSchedule(times, kind="1080", audio_s=15.0, submitted_at=now, first_poll_at=now + 10)


def deferred_retries(load: Load) -> Outcome:
    """This provider with nothing configured: a refused submit is deferred, and polls are not held back."""
    return _deploy(load)


def pool_and_gates(load: Load, *, triggerers: int = 1, learns: bool = False) -> Outcome:
    """This provider as documented: a pool of the account's size, and ``max_qps`` in the connection."""
    return _deploy(load, pool=load.concurrency, max_qps=load.qps, triggerers=triggerers, learns=learns)


def _deploy(load: Load, **settings: Any) -> Outcome:
    async def main() -> Outcome:
        deployment = Deployment(load, **settings)
        return await play(deployment.account, deployment.job, scheduler=deployment.scheduler)

    return run(main())
