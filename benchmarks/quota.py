"""Quotas without rejected requests: a pool and gates against retrying, for jobs that all begin at once.

Run: ``.venv/bin/python benchmarks/quota.py [--quick] [--runs 3] [--out FOLDER]``; four minutes. In virtual time (the runs differ
in how long jobs take, and what the network does), then over sockets against the emulator. Two tables: ``quota``, ``quota-http``.
"""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from functools import partial
from typing import Any

from measuring import Goal, Report, Spread, options
from quota_simulator import Load, Outcome
from quota_sockets import QPS, WAITERS, Crowd, ask_all
from quota_strategies import Strategy, deferred_retries, every_5_s, naive, pool_and_gates, tenacity

TRIED, BACKED_OFF = "retry every 5 s", "retry with backoff"
DEFERRED = "provider alone"
ONE, TWO = "pool, max_qps", "pool, max_qps, 2 triggerers"
ONE_LEARNS, TWO_LEARN = f"{ONE}, learned", f"{TWO}, learned"
STRATEGIES: dict[str, Strategy] = {
    TRIED: naive(every_5_s),
    BACKED_OFF: naive(tenacity),
    DEFERRED: deferred_retries,
    ONE: pool_and_gates,
    TWO: partial(pool_and_gates, triggerers=2),
    ONE_LEARNS: partial(pool_and_gates, learns=True),
    TWO_LEARN: partial(pool_and_gates, triggerers=2, learns=True),
}
GOALS = (ONE, TWO, ONE_LEARNS, TWO_LEARN)
LOADS = (Load(), Load(jobs=300, concurrency=60))
CROWDS = {
    "no gate": Crowd(1, gated=False),
    "gate, no max_qps": Crowd(1, max_qps=None),
    "gate, max_qps": Crowd(1),
    "gates of 2 processes, max_qps": Crowd(2),
    "gate, max_qps less the workers' reserve": Crowd(1, leaves_reserve=True),
}
METHOD = """\
Jobs of 540 s ± 10 % are submitted all at once, in virtual time: 100 to an account of 2 jobs at once, 300 to one of 60, both of 5
requests a second. The limits are the emulator's own code; gates, schedules and pauses are the provider's. Airflow is a scheduler
that looks once a second and starts up to 4 tasks, whose processes take 3 to 6 s to their first request, twice per job (as seen in
a real one on two cores). Retrying: a worker process each, polls every 5 s, and a refused request is made again after 5 s or by
tenacity's wait_random_exponential(max=60). Ideal: the sum of all jobs over the account's concurrency. Disorder: how many places
from its own a job was begun, on average.
"""
HTTP_METHOD = """\
Processes of waiters that each ask the emulator again a second after each reply, over HTTP, for a limit of 5 requests a second.
"""


def simulate(load: Load, *, runs: int) -> dict[str, list[Outcome]]:
    """Play every strategy with the same jobs, several times with other ones."""
    return {name: [play(replace(load, seed=1 + run)) for run in range(runs)] for name, play in STRATEGIES.items()}


def spread(outcomes: list[Outcome], field: str) -> Spread:
    return Spread.of([float(getattr(outcome, field)) for outcome in outcomes])


def add_rows(report: Report, account: str, results: dict[str, list[Outcome]]) -> None:
    for name, outcomes in results.items():
        figures = {field.name: spread(outcomes, field.name) for field in fields(Outcome) if field.name != "done_s"}
        report.add(
            account=account,
            strategy=name,
            **{
                "50429 per job": figures["rate_refusals"],
                "50430 per job": figures["concurrency_refusals"],
                "requests per job": figures["requests"],
                "makespan ÷ ideal": figures["longer_than_ideal"],
                "disorder": figures["out_of_order"],
                "peak requests/s": figures["peak_per_s"],
            },
        )


def add_goals(report: Report, results: dict[str, list[Outcome]]) -> None:
    """Judge by the worst run."""

    def worst(name: str, *figures: str) -> float:
        return max(float(sum(getattr(outcome, figure) for figure in figures)) for outcome in results[name])

    for name in GOALS:
        refused = worst(name, "rate_refusals", "concurrency_refusals")
        report.goals += [
            Goal(f"{name}: requests refused per job", refused, 0),
            Goal(f"{name}: makespan against the ideal", worst(name, "longer_than_ideal"), 1.05),
            Goal(f"{name}: places out of order", worst(name, "out_of_order"), 0.5, remark="The two that begin at once may swap."),
        ]


def series_of(results: dict[str, list[Outcome]], load: Load) -> dict[str, Any]:
    """Return what the plots need: of the first run, when jobs were done; refusals per job, by code."""
    return {
        "ideal_s": load.ideal_s,
        "done_s": {name: [round(done, 1) for done in outcomes[0].done_s] for name, outcomes in results.items()},
        "refused_per_job": {
            name: {"50429": spread(outcomes, "rate_refusals").median, "50430": spread(outcomes, "concurrency_refusals").median}
            for name, outcomes in results.items()
        },
    }


def in_virtual_time(*, quick: bool, runs: int) -> Report:
    columns = ["account", "strategy", "50429 per job", "50430 per job", "requests per job", "makespan ÷ ideal", "disorder"]
    report = Report(
        "quota", f"Jobs submitted at once, {QPS} requests a second", METHOD, [*columns, "peak requests/s"], quick=quick
    )
    for load in (Load(jobs=10),) if quick else LOADS:
        results = simulate(load, runs=1 if quick else runs)
        add_rows(report, f"{load.concurrency} at once", results)
        report.series[f"{load.concurrency} at once"] = series_of(results, load)
        if not report.goals:
            add_goals(report, results)
    return report


def over_sockets(*, quick: bool) -> Report:
    """Ask the real emulator."""
    crowds = {name: crowd for name, crowd in CROWDS.items() if not quick or not crowd.gated or crowd.processes > 1}
    seconds = 3.0 if quick else 10.0
    title = f"{WAITERS} waiters a process, {seconds:.0f} s, {QPS} requests a second"
    report = Report("quota-http", title, HTTP_METHOD, ["strategy", "answered per s", "50429 per s"], quick=quick)
    for name, answer in ask_all(crowds, seconds=seconds).items():
        figures = {"answered per s": answer.taken_per_s, "50429 per s": answer.refused_per_s}
        report.add(strategy=name, **figures)
        report.series[name] = figures
        if crowds[name].gated and crowds[name].max_qps:
            report.goals.append(Goal(f"{name}: 50429 per second", answer.refused_per_s, 0))
    return report


def main() -> int:
    chosen = options(__doc__)
    in_virtual_time(quick=chosen.quick, runs=chosen.runs).finish(folder=chosen.out)
    over_sockets(quick=chosen.quick).finish(folder=chosen.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
