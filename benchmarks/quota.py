"""Quotas without rejected requests: a pool and gates against retrying, for jobs that all begin at once.

Run: ``.venv/bin/python benchmarks/quota.py [--quick] [--runs 3] [--out FOLDER]``. In virtual time (the runs differ in their random
numbers: how long jobs take, what the network does), then over sockets against the emulator.
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

TRIED = "retry: worker each, again after 5 s"
BACKED_OFF = "retry: worker each, exponential backoff"
DEFERRED = "provider, nothing configured"
ONE, TWO = "pool and max_qps, one triggerer", "pool and max_qps, two triggerers"
ONE_LEARNS, TWO_LEARN = f"{ONE}, learned schedule", f"{TWO}, learned schedule"
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
LOADS = {"small account": Load(), "large account": Load(jobs=300, concurrency=60)}
CROWDS = {
    "no gate": Crowd(1, gated=False),
    "no max_qps: learned from refusals": Crowd(1, max_qps=None),
    "max_qps, one process": Crowd(1),
    "max_qps, two processes": Crowd(2),
    "max_qps, one process, with the workers' reserve": Crowd(1, leaves_reserve=True),
}
METHOD = """\
Jobs of 540 s ± 10 % are submitted all at once, in virtual time, to accounts of 5 requests a second and 2 jobs at once (small: 100
jobs) or 60 (large: 300 jobs). The limits are the emulator's own code; gates, schedules and pauses are the provider's; Airflow is a
scheduler that looks once a second and starts up to 4 tasks, whose processes take 3 to 6 s to their first request, twice per job.
The ideal is the sum of all jobs over the account's concurrency. Disorder: how many places from its own a job was begun, on average.
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
    """Judge the small account by its worst run."""

    def worst(name: str, *figures: str) -> float:
        return max(sum(getattr(outcome, figure) for figure in figures) for outcome in results[name])

    for name in GOALS:
        refused = worst(name, "rate_refusals", "concurrency_refusals")
        report.goals += [
            Goal(f"{name}: requests refused per job", refused, 0),
            Goal(f"{name}: makespan against the ideal", worst(name, "longer_than_ideal"), 1.05),
            Goal(
                f"{name}: places out of order",
                worst(name, "out_of_order"),
                0.5,
                remark="Those begun at once may overtake each other.",
            ),
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


def add_sockets(report: Report, *, quick: bool) -> None:
    """Ask the real emulator."""
    crowds = {name: crowd for name, crowd in CROWDS.items() if not quick or name in {"no gate", "max_qps, two processes"}}
    seconds = 3.0 if quick else 10.0
    answered = ask_all(crowds, seconds=seconds)
    account = f"emulator over HTTP, {WAITERS} waiters a process asking every second, {seconds:.0f} s"
    for name, answer in answered.items():
        report.add(account=account, strategy=name, **{"50429 per s": answer.refused_per_s, "answered per s": answer.taken_per_s})
    report.series["sockets"] = {
        name: {"answered_per_s": answer.taken_per_s, "refused_per_s": answer.refused_per_s} for name, answer in answered.items()
    }
    for name, crowd in crowds.items():
        if crowd.gated and crowd.max_qps:
            report.goals.append(Goal(f"emulator over HTTP, {name}: 50429 per second", answered[name].refused_per_s, 0))


def main() -> int:
    chosen = options(__doc__)
    columns = ["account", "strategy", "50429 per job", "50430 per job", "requests per job", "makespan ÷ ideal", "disorder"]
    columns += ["peak requests/s", "50429 per s", "answered per s"]
    title = f"Jobs submitted at once, {QPS} requests a second"
    report = Report("quota", title, METHOD, columns, quick=chosen.quick)
    for account, load in LOADS.items():
        smaller = replace(load, jobs=load.jobs // 10, concurrency=max(2, load.concurrency // 10)) if chosen.quick else load
        results = simulate(smaller, runs=1 if chosen.quick else chosen.runs)
        add_rows(report, account, results)
        report.series[account] = series_of(results, smaller)
        if account == "small account":
            add_goals(report, results)
    add_sockets(report, quick=chosen.quick)
    report.finish(folder=chosen.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
