"""The poll schedules to compare: ours, and what a user would write otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from schedule_simulator import FIRST_POLL_AFTER_S, Process
from schedule_workloads import Job

from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.schedule import LearnedSchedule, PollSchedule

OURS = "learned (ours)"
PATIENT = "learned, delay_s=10"
FIXED = {interval_s: f"fixed {interval_s} s" for interval_s in (5, 15, 30)}


class Deaf:
    """A schedule that learns nothing from what is heard."""

    def heard(self, *, heard_at: float, is_done: bool, is_queued: bool = False) -> None:
        """Ignore it."""


@dataclass
class Doubling(Deaf):
    """5 s, doubled up to a minute: the usual backoff."""

    def pause_s(self, poll: int, *, now: float, rng: Random) -> float:  # noqa: ARG002 - whatever the time is
        return min(5.0 * 2 ** min(poll, 10), 60.0) * rng.uniform(0.9, 1.1)


@dataclass
class RandomExponential(Deaf):
    """What ``tenacity.wait_random_exponential(multiplier=1, max=60)`` does."""

    def pause_s(self, poll: int, *, now: float, rng: Random) -> float:  # noqa: ARG002 - whatever the time is
        return rng.uniform(0, min(2.0 ** min(poll, 10), 60.0))


@dataclass
class Proportional(Deaf):
    """Pauses that grow with the age of the job: what the fallback alone would be."""

    submitted_at: float
    share: float = 0.05

    def pause_s(self, poll: int, *, now: float, rng: Random) -> float:
        age_s = now - self.submitted_at
        if poll == 0:
            return FIRST_POLL_AFTER_S - age_s
        return min(max(self.share * age_s, 5.0), 60.0) * rng.uniform(0.9, 1.1)


def fixed(interval_s: float) -> Callable[[], Process]:
    return lambda: lambda _job: PollSchedule(first_s=10.0, interval_s=interval_s)


def learned(delay_s: float | None = None) -> Callable[[], Process]:
    """Return a fresh process each time, which has seen no job yet."""

    def process() -> Process:
        times = RenderTimes() if delay_s is None else RenderTimes(delay_s=delay_s)
        return lambda job: waiting_for(job, times)

    return process


def waiting_for(job: Job, times: RenderTimes) -> LearnedSchedule:
    """Return the schedule that a trigger would make for this job."""
    first_poll_at = job.submitted_at + FIRST_POLL_AFTER_S
    return LearnedSchedule(times, kind="1080", audio_s=job.audio_s, submitted_at=job.submitted_at, first_poll_at=first_poll_at)


STRATEGIES: dict[str, Callable[[], Process]] = {
    **{name: fixed(interval_s) for interval_s, name in FIXED.items()},
    "doubling 5 to 60 s": lambda: lambda _job: Doubling(),
    "random exponential": lambda: lambda _job: RandomExponential(),
    "proportional 5 %": lambda: lambda job: Proportional(job.submitted_at),
    OURS: learned(),
    PATIENT: learned(10.0),
}
