"""Streams of render jobs to try poll schedules on: stable, spread, drifting, queued, few."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

CONCURRENT = 8
"""Jobs on their way at a time, in a stream without end."""
SLOWER, FASTER, HIDDEN = "suddenly 2× slower", "suddenly 2× faster", "queue, not told"


@dataclass(frozen=True, slots=True)
class Job:
    """One render; times in epoch seconds; ``expected_s`` is what only the service knows: its duration but for chance."""

    audio_s: float
    expected_s: float
    submitted_at: float
    started_at: float
    done_at: float
    tells_queue: bool = True


Spread = Callable[[Random], float]
Speed = Callable[[float], float]
"""How many times the usual a render takes, by the share of the stream that has gone by."""


def usual_s(audio_s: float) -> float:
    """Return what a render takes: 15 s of audio around 9 min, 60 s up to 35 min (seen)."""
    return 15 + 35 * audio_s


def even(rng: Random) -> float:
    return rng.uniform(0.9, 1.1)


def lognormal(rng: Random) -> float:
    return rng.lognormvariate(0.0, 0.3)


def two_humps(rng: Random) -> float:
    return rng.uniform(0.95, 1.05) * (2 if rng.random() < 0.3 else 1)


def steady(_share: float) -> float:
    return 1.0


def stream(
    count: int, rng: Random, *, spread: Spread = even, speed: Speed = steady, shortest_s: float = 3, longest_s: float = 59
) -> list[Job]:
    """Return jobs that come one after the other, started as they come."""
    gap_s = usual_s((shortest_s + longest_s) / 2) * speed(0.5) / CONCURRENT
    jobs, now = [], 0.0
    for number in range(count):
        now += rng.expovariate(1 / gap_s)
        audio_s = rng.uniform(shortest_s, longest_s)
        expected_s = usual_s(audio_s) * speed(number / count)
        jobs.append(Job(audio_s, expected_s, now, now, now + expected_s * spread(rng)))
    return jobs


def burst(count: int, rng: Random, *, at_once: int = 2, tells_queue: bool = True) -> list[Job]:
    """Return jobs submitted together to an account that renders two at a time and keeps the others in its queue."""
    free = [0.0] * at_once
    jobs = []
    for _ in range(count):
        audio_s = rng.uniform(8, 25)
        started_at = heapq.heappop(free)
        done_at = started_at + usual_s(audio_s) * even(rng)
        heapq.heappush(free, done_at)
        jobs.append(Job(audio_s, usual_s(audio_s), 0.0, started_at, done_at, tells_queue))
    return jobs


def _slowing(share: float) -> float:
    return 2**share


def _slower_at_half(share: float) -> float:
    return 1.0 if share < 0.5 else 2.0


def _faster_at_half(share: float) -> float:
    return 1.0 if share < 0.5 else 0.5


@dataclass(frozen=True, slots=True)
class Workload:
    """Something to try schedules on.

    :param streams: gives the jobs of one process, or of several fresh ones
    :param spread: of the durations; None where that does not say when a job ends
    """

    streams: Callable[[Random], list[list[Job]]]
    spread: Spread | None = even


def workloads(count: int) -> dict[str, Workload]:
    """Return the workloads by name."""
    few, many = max(3, count // 16), min(count // 2, 100)
    return {
        "stable, 15 s of audio": Workload(lambda rng: [stream(count, rng, shortest_s=15, longest_s=15)]),
        "stable": Workload(lambda rng: [stream(count, rng)]),
        "lognormal, sigma 0.3": Workload(lambda rng: [stream(count, rng, spread=lognormal)], lognormal),
        "two humps, 1× and 2×": Workload(lambda rng: [stream(count, rng, spread=two_humps)], two_humps),
        "slowing down to 2×": Workload(lambda rng: [stream(count, rng, speed=_slowing)]),
        SLOWER: Workload(lambda rng: [stream(count, rng, speed=_slower_at_half)]),
        FASTER: Workload(lambda rng: [stream(count, rng, speed=_faster_at_half)]),
        "queue, told": Workload(lambda rng: [burst(many, rng)]),
        HIDDEN: Workload(lambda rng: [burst(many, rng, tells_queue=False)], None),
        "first 8 jobs": Workload(lambda rng: [stream(8, rng) for _ in range(few)]),
        "first 8 jobs, 3× slower": Workload(lambda rng: [stream(8, rng, speed=lambda _: 3.0) for _ in range(few)]),
        "first 8 jobs, 3× faster": Workload(lambda rng: [stream(8, rng, speed=lambda _: 1 / 3) for _ in range(few)]),
    }
