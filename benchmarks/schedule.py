"""When to poll: the learned schedule against fixed intervals, backoff and growing pauses, in simulated time.

Run: ``.venv/bin/python benchmarks/schedule.py [--quick] [--runs 3] [--jobs 500]``. Pure: nothing sleeps and nothing is sent;
a run is a seed, the same for all schedules. The bound beside each figure is that of a schedule that knows the distribution of the
durations beforehand.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

from measuring import Goal, Measure, Report, Spread, interleaved, options, ratio
from schedule_simulator import Process, Waited, run
from schedule_strategies import FIXED, OURS, PATIENT, STRATEGIES, fixed, learned, waiting_for
from schedule_theory import looks_needed
from schedule_workloads import FASTER, HIDDEN, SLOWER, Job, Workload, stream, workloads

from airflow_provider_omnihuman.api.render_times import RenderTimes

Figures = dict[str, dict[str, Spread]]
COLUMNS = ["jobs", "schedule", "polls a job", "× fixed 5 s", "mean delay s", "p95 delay s", "× fixed 5 s delay", "bound on polls"]
BESIDE = {
    "lognormal, sigma 0.3": ["durations too uncertain for both goals: polls are capped and the job is found later"],
    HIDDEN: [
        "no forecast holds for a queue that nobody tells of (a pool avoids it): polls are capped and the job is found later"
    ],
    "first 8 jobs, 3× slower": ["nothing is known yet: polls are capped and the job is found later"],
}


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - chance that can be repeated, no secret


def waits_of(workload: Workload, fresh: Callable[[], Process], seed: int) -> list[tuple[Job, Waited]]:
    """Run all streams of a workload, each in a process that has seen nothing yet."""
    streams = workload.streams(seeded(seed))
    rng = seeded(seed)
    return [pair for jobs in streams for pair in zip(jobs, run(jobs, fresh(), rng), strict=True)]


def measured(workload: Workload, fresh: Callable[[], Process]) -> Callable[[], Measure]:
    """Return the measurement; each call takes the next seed."""
    seeds = itertools.count(1)

    def measure() -> Measure:
        waits = waits_of(workload, fresh, next(seeds))
        delays = [waited.delay_s for _, waited in waits]
        mean_s = statistics.fmean(delays)
        bound = looks_needed([job for job, _ in waits], workload.spread, delay_s=mean_s) if workload.spread else 0.0
        return {
            "polls": statistics.fmean(waited.polls for _, waited in waits),
            "delay_s": mean_s,
            "p95_s": statistics.quantiles(delays, n=20)[-1],
            "bound": bound,
        }

    return measure


def add_rows(report: Report, name: str, figures: Figures) -> None:
    for schedule, figure in figures.items():
        polls, delay = (ratio(figure[key], figures[FIXED[5]][key]) for key in ("polls", "delay_s"))
        cells = (
            name,
            schedule,
            figure["polls"],
            polls,
            figure["delay_s"],
            figure["p95_s"],
            delay,
            figure["bound"].median or None,
        )
        report.add(**dict(zip(COLUMNS, cells, strict=True)))
        report.series.setdefault("scatter", []).append(
            {"jobs": name, "schedule": schedule, **{key: spread.median for key, spread in figure.items()}}
        )


def add_goals(report: Report, name: str, figures: Figures) -> None:
    """Note the three goals of one workload; medians of the runs."""

    def compared(key: str, ours: str, interval_s: int) -> float:
        return figures[ours][key].median / figures[FIXED[interval_s]][key].median

    bound, delay_s = figures[OURS]["bound"].median, figures[FIXED[5]]["delay_s"].median
    at_delay = bound * figures[OURS]["delay_s"].median / delay_s / figures[FIXED[5]]["polls"].median
    why = ", ".join([*BESIDE.get(name, []), *([f"bound at the delay of fixed 5 s: {at_delay:.2f}×"] if bound else [])])
    report.goals.append(Goal(f"{name}: polls, × fixed 5 s", compared("polls", OURS, 5), 0.4, remark=why))
    report.goals.append(Goal(f"{name}: mean delay, × fixed 5 s", compared("delay_s", OURS, 5), 1.0, remark=why))
    told = f"at {compared('delay_s', OURS, 30):.2f}× its delay"
    report.goals.append(Goal(f"{name}: polls, × fixed 30 s", compared("polls", OURS, 30), 1.0, remark=told))
    patient = [compared(key, PATIENT, 30) for key in ("polls", "delay_s")]
    told = f"polls {patient[0]:.2f}×, mean delay {patient[1]:.2f}×"
    report.goals.append(Goal(f"{name}: {PATIENT}, the worse of polls and delay, × fixed 30 s", max(patient), 1.0, remark=told))


def timeline(count: int) -> dict[str, Any]:
    """Return one job's polls under fixed 5 s and under ours, after others were seen: seconds since its submit."""
    jobs = stream(count, seeded(7), shortest_s=10, longest_s=20)
    last = jobs[-1]
    chosen: dict[str, Any] = {"audio_s": last.audio_s, "done_s": last.done_at - last.submitted_at, "polls_s": {}}
    for name, fresh in ((FIXED[5], fixed(5)), (OURS, learned())):
        polled_at = run(jobs, fresh(), seeded(7), keep_times=True)[-1].polled_at
        chosen["polls_s"][name] = [round(at - last.submitted_at, 1) for at in polled_at]
    return chosen


def recovery(count: int, seeds: int) -> dict[str, Any]:
    """Return the mean delay of the jobs around the moment at which the service changes its speed, by their place after it."""
    places = range(-10, min(41, count // 2))
    told: dict[str, Any] = {"place": list(places)}
    for name in (SLOWER, FASTER):
        found = [waits_of(workloads(count)[name], learned(), seed) for seed in range(seeds)]
        told[name] = [statistics.fmean(waits[count // 2 + place][1].delay_s for waits in found) for place in places]
    return told


def curve(count: int) -> list[dict[str, Any]]:
    """Return polls and delay for other delays wanted, and for other fixed intervals."""
    points = []
    for name in ("stable", "lognormal, sigma 0.3"):
        for wanted_s in (1.0, 2.1, 5.0, 10.0, 20.0):
            for schedule, fresh in (("learned", learned(wanted_s)), ("fixed", fixed(2 * wanted_s))):
                waits = [waited for _, waited in waits_of(workloads(count)[name], fresh, 1)]
                polls, delay_s = (statistics.fmean(getattr(one, key) for one in waits) for key in ("polls", "delay_s"))
                points.append({"jobs": name, "schedule": schedule, "wanted_s": wanted_s, "polls": polls, "delay_s": delay_s})
    return points


def cost(waits: int) -> dict[str, float]:
    """Return what the schedule itself costs: CPU by process time, memory by tracemalloc."""
    times, rng = RenderTimes(), seeded(1)
    for job in stream(100, rng):
        took_s = job.done_at - job.submitted_at
        times.record("1080", audio_s=job.audio_s, took_s=took_s, running_s=took_s - 5)
    jobs = stream(waits, rng)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    schedules = [waiting_for(job, times) for job in jobs]
    held = (tracemalloc.get_traced_memory()[0] - before) / waits
    tracemalloc.stop()
    started = time.process_time()
    for schedule, job in zip(schedules, jobs, strict=True):
        schedule.pause_s(0, now=job.submitted_at + 2, rng=rng)
    pause_us = (time.process_time() - started) / waits * 1e6
    started = time.process_time()
    for job in jobs:
        took_s = job.done_at - job.submitted_at
        times.record("1080", audio_s=job.audio_s, took_s=took_s, running_s=took_s - 5)
    learn_us = (time.process_time() - started) / waits * 1e6
    return {"bytes_per_wait": held, "pause_us": pause_us, "learn_us": learn_us}


def main() -> int:
    arguments = options(__doc__, add=lambda parser: parser.add_argument("--jobs", type=int, default=500, help="in each stream"))
    count, runs = (60, min(arguments.runs, 2)) if arguments.quick else (arguments.jobs, arguments.runs)
    method = f"{count} jobs a stream, {runs} seeds, in simulated time; polls a job and delay from done to the poll that finds it"
    report = Report("schedule", "Polls and delay by schedule", method, COLUMNS, quick=arguments.quick)
    for name, workload in workloads(count).items():
        figures = interleaved({key: measured(workload, fresh) for key, fresh in STRATEGIES.items()}, runs=runs)
        add_rows(report, name, figures)
        add_goals(report, name, figures)
    costs = cost(1_000 if arguments.quick else 10_000)
    report.goals.append(Goal("memory of one wait's schedule, bytes", costs["bytes_per_wait"], 500))
    report.goals.append(Goal("CPU of one answer to when to poll next, µs", costs["pause_us"], 50))
    report.series |= {"timeline": timeline(count), "recovery": recovery(count, runs), "curve": curve(count), "cost": costs}
    report.finish(folder=arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
