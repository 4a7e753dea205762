"""Airflow's own services are killed while renders are under way, and started again."""

from __future__ import annotations

import time

import pytest

pytestmark = [pytest.mark.scenario, pytest.mark.kills]


def start_deferred(scenario, count):
    """Start runs, and wait until each render waits in the triggerer."""
    runs = [scenario.start() for _ in range(count)]
    for run in runs:
        scenario.airflow.wait_for_task(run, "render", "deferred", within_s=240)
    return runs


def see_all_succeed(airflow, runs, within_s=400):
    for run in runs:
        airflow.see_success(run, within_s=within_s)


def test_a_second_triggerer_takes_over_from_a_killed_one(real_airflow, begin):
    scenario = begin("two triggerers, one killed")
    real_airflow.hold_renders()
    runs = start_deferred(scenario, 2)
    real_airflow.start_another_triggerer()
    real_airflow.kill("triggerer")
    real_airflow.release_renders()
    see_all_succeed(real_airflow, runs)
    scenario.finish(wanted=2)


@pytest.mark.chaos
@pytest.mark.timeout(1200)
def test_thirty_deferred_tasks_outlive_the_triggerer(real_airflow, begin):
    scenario = begin("triggerer killed with 30 tasks deferred")
    real_airflow.hold_renders()
    run = scenario.start("scenario_thirty")
    deadline = time.monotonic() + 500
    while sum(task["state"] == "deferred" for task in run.tasks()) < 30:
        assert time.monotonic() < deadline, [task["state"] for task in run.tasks()]
        time.sleep(1)
    real_airflow.kill("triggerer")
    time.sleep(10)  # long enough to be given up for dead
    real_airflow.release_renders()
    real_airflow.restart("triggerer")
    real_airflow.see_success(run, within_s=500)
    scenario.finish(wanted=30)


def test_a_killed_scheduler_takes_its_workers_with_it_and_no_job_is_lost(real_airflow, begin):
    scenario = begin("scheduler killed, with a worker that waits")
    real_airflow.hold_renders()
    in_worker = scenario.start(deferrable=False)
    runs = [*start_deferred(scenario, 1), in_worker]
    wait_for_jobs(scenario, 2)
    real_airflow.kill("scheduler")
    real_airflow.release_renders()
    real_airflow.restart("scheduler")
    see_all_succeed(real_airflow, runs)
    assert "Not submitted again" in in_worker.log("render", try_number=real_airflow.task(in_worker, "render")["try_number"])
    scenario.finish(wanted=2)


@pytest.mark.chaos
def test_a_killed_api_server_loses_no_job(real_airflow, begin):
    scenario = begin("api-server killed, with a worker that waits")
    real_airflow.hold_renders()
    in_worker = scenario.start(deferrable=False)
    runs = [*start_deferred(scenario, 2), in_worker]
    wait_for_jobs(scenario, 3)
    real_airflow.kill("api-server")
    time.sleep(10)
    real_airflow.release_renders()
    real_airflow.restart("api-server")
    see_all_succeed(real_airflow, runs)
    scenario.finish(wanted=3)


@pytest.mark.chaos
def test_an_api_server_that_is_killed_during_a_submit_costs_no_second_one(real_airflow, begin):
    scenario = begin("api-server killed inside the POST")
    real_airflow.fault(kind="delay", action="CVSubmitTask", phase="after", delay_s=8)
    run = scenario.start()
    wait_for_jobs(scenario, 1)
    real_airflow.kill("api-server")
    time.sleep(12)  # the reply comes while nobody can write it down
    real_airflow.restart("api-server")
    if real_airflow.wait(run) == "failed":  # the ledger could not be told: a person tells it
        assert len(scenario.jobs()) == 1
        real_airflow.put_state(run, "render", {"task_id": scenario.jobs()[0]["task_id"]})
        real_airflow.clear(run, "render")
        real_airflow.see_success(run)
    scenario.finish(wanted=1)


def wait_for_jobs(scenario, count, within_s=240):
    deadline = time.monotonic() + within_s
    while len(scenario.jobs()) < count:
        assert time.monotonic() < deadline, f"{len(scenario.jobs())} of {count} jobs after {within_s} s"
        time.sleep(0.3)
