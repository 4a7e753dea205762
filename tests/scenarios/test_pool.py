"""A pool that includes deferred tasks holds an account's limit of jobs: nothing is refused, and renders keep their order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from running_airflow import RealAirflow

from airflow_provider_omnihuman.demo.object_store import BUCKET
from airflow_provider_omnihuman.demo.stack import Stack, StackPlan

pytestmark = [pytest.mark.scenario, pytest.mark.chaos]  # an Airflow of its own takes long
CONCURRENCY, QPS = 2, 5
SPEED = 4.0  # a job of 36 s of work takes 9 s: long enough for the next ones to push
JOBS = 4


@pytest.fixture(scope="module")
def limited_airflow(tmp_path_factory, portrait_png, speech_wav) -> Iterator[RealAirflow]:
    """A real Airflow of its own: the other scenarios' emulator has no limits."""
    plan = StackPlan(
        tmp_path_factory.mktemp("limited"),
        (Path(__file__).parent / "dags",),
        only_dag_file="scenario_pool.py",
        speed=SPEED,
        emulator_options={"concurrency": CONCURRENCY, "qps": QPS},
    )
    with Stack(plan) as stack:
        stack.start()
        airflow = RealAirflow(stack, name="SQLite")
        for name, body in {"portrait.png": portrait_png, "speech.wav": speech_wav(1.0)}.items():
            airflow.s3().put_object(Bucket=BUCKET, Key=f"scenarios/inputs/{name}", Body=body)
        yield airflow


@pytest.fixture(scope="module")
def finished(limited_airflow):
    """Six renders in a pool of two, and the most of them that were seen to hold a slot."""
    run = limited_airflow.trigger("scenario_pool")
    occupied = []
    state = run.wait(
        lambda _: occupied.append(limited_airflow.rest.call("GET", "/pools/omnihuman")["occupied_slots"]), within_s=400
    )
    assert state == "success", [
        run.log("render", map_index=task["map_index"]) for task in run.tasks() if task["state"] == "failed"
    ]
    return run, limited_airflow.emulator_state(), max(occupied)


def test_nothing_is_refused(finished):
    _, state, _ = finished
    outcomes = {outcome for outcomes in state["requests"].values() for outcome in outcomes}
    assert not outcomes & {"50429", "50430"}, state["requests"]
    assert state["accepted"] == JOBS


def test_deferred_renders_hold_their_slots(finished):
    _, _, occupied = finished
    assert occupied == CONCURRENCY


def test_the_account_was_used_to_the_full(finished):
    """More than it may have were refused, and counted above; fewer would be a slot left idle."""
    _, state, _ = finished
    spans = [(job["submitted_s"], job["submitted_s"] + job["work_s"] / SPEED) for job in state["jobs"]]
    assert max(sum(begun <= moment < done for begun, done in spans) for moment, _ in spans) == CONCURRENCY


def test_jobs_were_submitted_in_the_order_of_the_map_index(finished):
    """The two that run at once are started at once: they may overtake each other, but nobody else."""
    _, state, _ = finished
    seeds = [job["seed"] for job in sorted(state["jobs"], key=lambda job: job["submitted_s"])]
    assert all(abs(seed - place) < CONCURRENCY for place, seed in enumerate(seeds)), seeds
