"""From the notes of one measurement to its figures. Pure, but for reading files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from waiting_notes import Pairs, load
from waiting_run import Measurement
from waiting_usage import Sample

Figures = dict[str, float]
Floats = npt.NDArray[np.float64]

ON_TIME_S = 2.0
_EARLY_S = 0.1


@dataclass(frozen=True, slots=True)
class Notes:
    """What the processes noted of the jobs; pairs of an index and a time."""

    started: Pairs
    planned: Pairs
    over: Pairs
    asked: Pairs
    faults: Pairs
    lag: Pairs
    service: dict[str, Any]

    @classmethod
    def read(cls, folder: Path, *, count: int, since: float) -> Notes:
        """Read them; the warm-up is left out.

        :param count: of the jobs
        :param since: when the warm-up was over, epoch seconds
        """
        started, planned, over, asked, faults = (
            pairs[pairs[:, 0] < count]
            for pairs in (load(folder / f"{name}.f64") for name in ("started", "planned", "over", "asked", "faults"))
        )
        lag = load(folder / "lag.f64")
        service = json.loads((folder / "service.json").read_text())
        return cls(started, planned, over, asked, faults, lag[lag[:, 0] > since], service)


def figures(measurement: Measurement) -> Figures:
    """Return all figures of a measurement; times in seconds unless the name says otherwise.

    CPU is told per job that had its event, or a triggerer that is too busy to finish any would look cheap.
    """
    jobs, before = measurement.jobs, measurement.before
    notes = Notes.read(measurement.folder, count=len(jobs), since=before.at)
    done_at = np.array([job.done_at for job in jobs])
    end = _end(measurement)
    all_started = notes.started[:, 1].max(initial=before.at)
    resting = [s.runner_mb for s in measurement.samples if all_started < s.at < done_at.min()]
    held_mb = float(np.median(resting)) if resting else max(s.runner_mb for s in measurement.samples)
    finished = _of_jobs(measurement)
    working = [s for s in measurement.samples if all_started < s.at <= done_at.max()]
    plans = lateness(notes.planned, notes.asked, until=min(end.at, done_at.max()))
    return {
        "jobs": len(jobs),
        "finished": len(finished) / len(jobs),
        "started": len(notes.started) / len(jobs),
        "started_after_s": float(all_started - before.at),
        "cpu_s": end.cpu_s - before.cpu_s,
        "cpu_s_per_job": (end.cpu_s - before.cpu_s) / len(finished) if finished else np.nan,
        "runner_cpu_s_per_job": (end.runner_s - before.runner_s) / len(finished) if finished else np.nan,
        "peak_mb_per_1000": (max(s.runner_mb for s in measurement.samples) - before.runner_mb) / len(jobs) * 1000,
        "mb_per_1000": (held_mb - before.runner_mb) / len(jobs) * 1000,
        "runner_cores": _cores(working, "runner_s"),
        "supervisor_cores": _cores(working, "supervisor_s"),
        **_lags(notes.lag, waiting=(float(all_started), float(done_at.max()))),
        "polls_per_job": len(notes.asked) / len(jobs),
        "polls_on_time": float((plans <= ON_TIME_S).mean()) if len(plans) else 1.0,
        "poll_late_max_s": float(plans[np.isfinite(plans)].max(initial=0.0)),
        "lost_polls_per_job": len(notes.faults) / len(jobs),
        **_delays("event", notes.over, done_at),
        **_delays("seen", _first_seen(notes.asked, done_at), done_at),
        **_delays("persisted", np.array(sorted(finished.items())).reshape(-1, 2), done_at),
        "connections_opened": notes.service["connections_opened"],
        "connections_at_once": notes.service["connections_at_once"],
        "service_cores": notes.service["cpu_s"] / (end.at - before.at),
        "warm_up_cpu_s": measurement.warm_up[1].cpu_s - measurement.warm_up[0].cpu_s,
    }


def lateness(planned: Pairs, asked: Pairs, *, until: float) -> Floats:
    """Return for each plan how much later the service was asked, seconds; infinite where it was not.

    :param until: plans for later are left out
    """
    arrivals = _by_job(asked)
    late: list[float] = []
    for index, plans in _by_job(planned).items():
        times, at = arrivals.get(index, []), 0
        for plan in plans:
            while at < len(times) and times[at] < plan - _EARLY_S:
                at += 1
            if plan <= until - ON_TIME_S:
                late.append(times[at] - plan if at < len(times) else np.inf)
            at += 1
    return np.array([max(seconds, 0.0) for seconds in late])


def curves(measurement: Measurement, *, points: int = 60) -> dict[str, list[float]]:
    """Return what a plot over time needs, thinned out: seconds, cores, megabytes over the triggerer at rest, jobs over."""
    before, samples = measurement.before, measurement.samples
    chosen = [samples[round(i)] for i in np.linspace(0, len(samples) - 1, min(points, len(samples)))]
    over = np.sort(Notes.read(measurement.folder, count=len(measurement.jobs), since=before.at).over[:, 1])
    persisted = np.sort(np.array(list(_of_jobs(measurement).values())))
    done = np.sort(np.array([job.done_at for job in measurement.jobs]))
    pairs = list(zip([before, *chosen], chosen, strict=False))
    return {
        "at_s": [round(b.at - before.at, 1) for _, b in pairs],
        "cores": [round((b.cpu_s - a.cpu_s) / (b.at - a.at), 3) for a, b in pairs],
        "runner_mb": [round(b.runner_mb - before.runner_mb, 1) for _, b in pairs],
        **{
            name: [int(np.searchsorted(times, b.at)) for _, b in pairs]
            for name, times in (("done", done), ("over", over), ("persisted", persisted))
        },
    }


def _of_jobs(measurement: Measurement) -> dict[int, float]:
    return {index: at for index, at in measurement.persisted.items() if 0 <= index < len(measurement.jobs)}


def _end(measurement: Measurement) -> Sample:
    """Return the sample at which all was over; the last one if it never was."""
    persisted = _of_jobs(measurement)
    last = max(persisted.values()) if len(persisted) == len(measurement.jobs) else np.inf
    return next((sample for sample in measurement.samples if sample.at >= last), measurement.samples[-1])


def _cores(samples: list[Sample], field: str) -> float:
    if len(samples) < 2:
        return np.nan
    first, last = samples[0], samples[-1]
    return float((getattr(last, field) - getattr(first, field)) / (last.at - first.at))


def _lags(lag: Pairs, *, waiting: tuple[float, float]) -> Figures:
    """Return how late the loop was, in all and while it only waited and polled: taking triggers on is Airflow's own work."""
    while_waiting = lag[(lag[:, 0] > waiting[0]) & (lag[:, 0] <= waiting[1])]
    result = {}
    for name, pairs in (("", lag), ("waiting_", while_waiting)):
        values = pairs[:, 1] * 1000 if len(pairs) else np.array([np.nan])
        result[f"{name}lag_p99_ms"] = float(np.percentile(values, 99))
        result[f"{name}lag_max_ms"] = float(values.max())
    return result


def _delays(name: str, pairs: Pairs, done_at: Floats) -> Figures:
    delays = pairs[:, 1] - done_at[pairs[:, 0].astype(int)] if len(pairs) else np.array([np.nan])
    return {f"{name}_p50_s": float(np.percentile(delays, 50)), f"{name}_p95_s": float(np.percentile(delays, 95))}


def _first_seen(asked: Pairs, done_at: Floats) -> Pairs:
    seen = asked[asked[:, 1] >= done_at[asked[:, 0].astype(int)]] if len(asked) else asked
    _, first = np.unique(seen[:, 0], return_index=True)
    return seen[first]


def _by_job(pairs: Pairs) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for index, at in _in_order(pairs):
        found[int(index)].append(float(at))
    return found


def _in_order(pairs: Pairs) -> Iterable[Floats]:
    return pairs[np.argsort(pairs[:, 1], kind="stable")]
