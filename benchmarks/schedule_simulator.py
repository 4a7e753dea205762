"""Runs a stream of jobs under a poll schedule, in simulated time: discrete, pure, fast."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from schedule_workloads import Job

from airflow_provider_omnihuman.api.schedule import Schedule

DEFERRED_AFTER_S = 2.0
FIRST_POLL_AFTER_S = 12.0
"""After the submit: a trigger asks no sooner than 10 s after deferring."""
Process = Callable[[Job], Schedule]
"""One process's way to make a schedule for a wait; what it learns, it keeps for the next one."""


@dataclass(slots=True)
class Waited:
    """What one wait cost."""

    polls: int = 0
    delay_s: float = 0.0
    polled_at: list[float] = field(default_factory=list)


def run(jobs: Sequence[Job], process: Process, rng: Random, *, keep_times: bool = False) -> list[Waited]:
    """Wait for all jobs; return what each wait cost."""
    waits = [Waited() for _ in jobs]
    schedules: list[Schedule | None] = [None] * len(jobs)
    events = [(job.submitted_at + DEFERRED_AFTER_S, -1, number) for number, job in enumerate(jobs)]
    heapq.heapify(events)
    while events:
        now, poll, number = heapq.heappop(events)
        job, waited = jobs[number], waits[number]
        schedule = schedules[number]
        if schedule is None:
            schedule = schedules[number] = process(job)
        else:
            waited.polls += 1
            if keep_times:
                waited.polled_at.append(now)
            is_done = now >= job.done_at
            schedule.heard(heard_at=now, is_done=is_done, is_queued=job.tells_queue and now < job.started_at)
            if is_done:
                waited.delay_s = now - job.done_at
                schedules[number] = None
                continue
        heapq.heappush(events, (now + schedule.pause_s(poll + 1, now=now, rng=rng), poll + 1, number))
    return waits
