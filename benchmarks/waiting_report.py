"""From the figures of all measurements to the table, the goals and the series."""

from __future__ import annotations

import math
from typing import Any

from measuring import Goal, Report, Spread, ratio

NAMES = {"floor": "floor", "ours": "ours", "naive": "naive", "session": "session", "sdk": "SDK"}
COLUMNS = {
    "CPU s/job": "cpu_s_per_job",
    "MB/1,000": "mb_per_1000",
    "cores": "runner_cores",
    "Airflow's cores": "supervisor_cores",
    "lag p99 ms": "waiting_lag_p99_ms",
    "polls/job": "polls_per_job",
    "on time": "polls_on_time",
    "done→event s": "event_p50_s",
    "→database s": "persisted_p50_s",
    "sockets": "connections_opened",
    "finished": "finished",
}
_SHARES = {"on time", "finished"}
_BEYOND = {"CPU, over floor": "cpu_s_per_job", "MB, over floor": "mb_per_1000"}
_MOST = 0.9
_NO_POLLS = {"polls/job", "on time", "sockets"}
_METHOD = """
floor: a trigger that knows when its job is done and sleeps until then, which is what Airflow itself costs; ours:
`OmniHumanTaskTrigger`; naive: an `httpx.AsyncClient` each, a poll every 5 s; session: the hook of Airflow's http provider with a
session per poll, as its `HttpSensorTrigger`, every 5 s; SDK: the vendor's, in a worker process per waiter.
Rows of deferred, mapped tasks and their triggers are put into the database of a scratch Airflow (SQLite), and Airflow's own
`airflow triggerer` runs them: its supervisor reads rows and persists events, its runner has the event loop. They poll a
server in a process of its own, which answers CVGetResult as the emulator does, 50 ms after it was asked, and notes who asked
when; signatures are made and not checked. The connection is in Airflow's database. One waiter goes first and is not counted
(imports, Airflow's first look-up). Jobs last one to three minutes, where real ones last up to half an hour, and all of a set
wait at once for a while; fixed polling costs in proportion to that time, so short jobs flatter what is compared. CPU is that
of both processes, user and system, from the rows to the last persisted event; memory is what the runner holds while all wait,
over what it held before; cores are the runner's, and those of Airflow's supervisor, from the last trigger's start to the last
job's end; lag is how late a sleep of 10 ms ends in the runner in that time (taking triggers on is Airflow's own work and is
told in the JSON); a poll is on time within 2 s of its plan; delays are medians. The default of 50 new triggers a second
(`max_trigger_to_select_per_loop`) is raised to 500.
"""

Measured = dict[str, list[dict[str, float]]]


def report(measured: Measured, drawn: dict[str, Any], *, quick: bool) -> Report:
    """Return the report of what is measured.

    :param measured: figures of each run, by ``variant/count``, and by ``sdk``
    :param drawn: curves over time, by the same key
    :param quick: few waiters, to show that it works
    """
    result = Report(
        "waiting",
        "Waiting: triggers in one triggerer",
        " ".join(_METHOD.split()),
        ["waiters", "variant", *_columns()],
        quick=quick,
    )
    for count in counts(measured):
        for variant, name in NAMES.items():
            if runs := measured.get(f"{variant}/{count}"):
                result.add(waiters=count, variant=name, **_cells(runs, variant), **_beyond(measured, variant, count))
    if runs := measured.get("sdk"):
        megabytes = spread(runs, "mb_per_waiter")
        result.add(waiters=1, variant=NAMES["sdk"], **{"MB/1,000": _times(megabytes, 1000)})
    result.series = {"measured": _plain(measured), "curves": drawn, "names": NAMES}
    if not quick:
        result.goals = goals(measured)
    return result


def counts(measured: Measured) -> list[int]:
    """Return the sizes that were measured."""
    return sorted({int(key.split("/")[1]) for key in measured if "/" in key})


def spread(runs: list[dict[str, float]], figure: str) -> Spread:
    return Spread.of([run.get(figure, math.nan) for run in runs])


def goals(measured: Measured) -> list[Goal]:
    """Return the goals at the largest size that was measured."""
    size = max(counts(measured), default=0)
    if not (ours := measured.get(f"ours/{size}")):
        return []
    at = f"at {size:,} waiters"
    found = [
        Goal(f"cores in use by the runner {at}", spread(ours, "runner_cores").median, 1.0, remark=_beside(measured, size)),
        Goal(f"event loop's lag {at}, p99, ms", spread(ours, "waiting_lag_p99_ms").median, 20.0, remark=_floors_lag(measured)),
        Goal(
            f"polls within 2 s of their plan {at}",
            spread(ours, "polls_on_time").median,
            1.0,
            "at least",
            remark=_on_time_below(measured, size),
        ),
    ]
    if both := _beside_floor(measured):
        ours, floor = measured[f"ours/{both}"], measured[f"floor/{both}"]
        beyond = _beyond_floor(ours, floor, "mb_per_1000")
        found.append(Goal(f"KB per waiter beyond Airflow's own at {both:,} waiters", beyond, 10.0))
    return found + _against_naive(measured)


def _beside_floor(measured: Measured) -> int:
    """Return the largest number at which Airflow's floor was measured too; 0 where it was not."""
    return max((count for count in counts(measured) if f"ours/{count}" in measured and f"floor/{count}" in measured), default=0)


def _floors_lag(measured: Measured) -> str:
    count = _beside_floor(measured)
    if not count:
        return ""
    return (
        f"{spread(measured[f'floor/{count}'], 'waiting_lag_p99_ms').median:.0f} with triggers that only sleep, {count:,} of them"
    )


def _on_time_below(measured: Measured, size: int) -> str:
    smaller = [count for count in counts(measured) if count < size and f"ours/{count}" in measured]
    shares = (f"{spread(measured[f'ours/{count}'], 'polls_on_time').median:.0%} at {count:,}" for count in smaller)
    return ", ".join(shares)


def _beside(measured: Measured, size: int) -> str:
    """Say what Airflow's other process takes, whatever the triggers do."""
    taken = spread(measured[f"ours/{size}"], "supervisor_cores").median
    said = f"Airflow's supervisor, which reads rows and persists events, took {taken:.2f} beside it"
    if floor := measured.get(f"floor/{size}"):
        said += f", and {spread(floor, 'supervisor_cores').median:.2f} with triggers that only sleep"
    return said


def _against_naive(measured: Measured) -> list[Goal]:
    """Compare where the naive triggers got their jobs through: a triggerer that finishes none has no cost per job."""
    both = [count for count in counts(measured) if f"ours/{count}" in measured and f"naive/{count}" in measured]
    finished = {count: spread(measured[f"naive/{count}"], "finished").median for count in both}
    if not (comparable := [count for count in both if finished[count] >= _MOST]):
        return []
    size = max(comparable)
    ratios = ratio(spread(measured[f"ours/{size}"], "cpu_s_per_job"), spread(measured[f"naive/{size}"], "cpu_s_per_job"))
    failed = [f"of {count:,} jobs the naive triggers finished {finished[count]:.0%} in time" for count in both if count > size]
    if floor := measured.get(f"floor/{size}"):
        pair = (measured[f"{name}/{size}"] for name in ("ours", "naive"))
        beyond = [_beyond_floor(runs, floor, "cpu_s_per_job") for runs in pair]
        failed.insert(0, f"{beyond[0] / beyond[1]:.2g}× of what is beyond Airflow's own")
    return [Goal(f"CPU per job, to that of the naive trigger, {size:,} waiters", ratios.median, 0.2, remark="; ".join(failed))]


def _columns() -> list[str]:
    first, second, *rest = COLUMNS
    cpu, memory = _BEYOND
    return [first, cpu, second, memory, *rest]


def _cells(runs: list[dict[str, float]], variant: str) -> dict[str, object]:
    cells: dict[str, object] = {}
    for column, figure in COLUMNS.items():
        value = spread(runs, figure)
        if not (variant == "floor" and column in _NO_POLLS) and not math.isnan(value.median):
            cells[column] = f"{value.median:.1%}" if column in _SHARES else value
    return cells


def _beyond(measured: Measured, variant: str, count: int) -> dict[str, object]:
    """Return what a waiter costs over Airflow's own trigger that only sleeps."""
    floor, runs = measured.get(f"floor/{count}"), measured[f"{variant}/{count}"]
    if not floor or variant == "floor":
        return {}
    beyond = {column: _beyond_floor(runs, floor, figure) for column, figure in _BEYOND.items()}
    return {column: value for column, value in beyond.items() if not math.isnan(value)}


def _beyond_floor(runs: list[dict[str, float]], floor: list[dict[str, float]], figure: str) -> float:
    return spread(runs, figure).median - spread(floor, figure).median


def _times(value: Spread, factor: float) -> Spread:
    return Spread(value.median * factor, value.low * factor, value.high * factor, value.runs)


def _plain(measured: Measured) -> dict[str, list[dict[str, float | None]]]:
    """Return what JSON can hold: it has no NaN."""
    return {
        key: [{name: None if math.isnan(value) else float(f"{value:.6g}") for name, value in run.items()} for run in runs]
        for key, runs in measured.items()
    }
