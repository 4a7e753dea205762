"""The jobs that are waited for: when each is submitted and when it is done, drawn once and read by every process here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.hooks.render_times_file import RenderTimesFile

FIRST_TASK_ID = 7 * 10**18
KIND = "720-fast"
CONN_ID = "omnihuman_bench"
HTTP_CONN_ID = "omnihuman_bench_http"
SECONDS_PER_AUDIO_SECOND = 35.0
"""Generation takes about that long per second of audio: 15 s take 9 minutes (seen on the live service)."""


@dataclass(frozen=True, slots=True)
class Job:
    """One render, as the service will report it.

    :param index: from 0; the task id counts from ``FIRST_TASK_ID``
    :param audio_s: length of its audio, seconds
    :param submitted_at: epoch seconds
    :param done_at: epoch seconds
    """

    index: int
    audio_s: float
    submitted_at: float
    done_at: float

    @property
    def task_id(self) -> str:
        return str(FIRST_TASK_ID + self.index)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a set of jobs is drawn.

    :param count: how many
    :param per_s: how many are submitted each second
    :param shortest_s: the shortest render
    :param longest_s: the longest one, before the spread
    :param spread: a job takes up to this share more or less than its audio says
    """

    count: int
    per_s: float
    shortest_s: float
    longest_s: float
    spread: float = 0.1

    def draw(self, *, started_at: float, seed: int = 7) -> list[Job]:
        """Return the jobs; the same for every variant, but for the start."""
        rng = Random(seed)  # noqa: S311 - not for secrets
        jobs = []
        for index in range(self.count):
            expected_s = rng.uniform(self.shortest_s, self.longest_s)
            submitted_at = started_at + index / self.per_s
            done_at = submitted_at + expected_s * rng.uniform(1 - self.spread, 1 + self.spread)
            jobs.append(Job(index, expected_s / SECONDS_PER_AUDIO_SECOND, submitted_at, done_at))
        return jobs


def write_experience(home: Path, *, jobs: int = 64) -> None:
    """Write what a triggerer that has been running for a while has learned: jobs of the same service, not those of the benchmark.

    :param home: of the Airflow to come
    :param jobs: how many it saw finish
    """
    times = RenderTimes()
    for job in Shape(jobs, per_s=1.0, shortest_s=20.0, longest_s=600.0).draw(started_at=0.0, seed=11):
        took_s = job.done_at - job.submitted_at
        times.record(KIND, audio_s=job.audio_s, took_s=took_s + 2.0, running_s=took_s - 2.0)
    RenderTimesFile(CONN_ID, home=home).save(times.to_dict())


def save(jobs: list[Job], path: Path) -> None:
    path.write_text(json.dumps([asdict(job) for job in jobs]))


def load(path: Path) -> list[Job]:
    return [Job(**row) for row in json.loads(path.read_text())]
