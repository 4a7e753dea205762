"""People clear, mark and backfill: what is rendered is not rendered again."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.scenario


def test_a_task_cleared_while_it_waits_and_again_when_it_is_done_keeps_its_job(real_airflow, begin):
    scenario = begin("cleared while deferred, and when finished")
    real_airflow.hold_renders()
    run = scenario.start()
    real_airflow.wait_for_task(run, "render", "deferred")
    real_airflow.clear(run, "render")
    real_airflow.wait_for_task(run, "render", "queued", "running")
    real_airflow.wait_for_task(run, "render", "deferred")
    real_airflow.release_renders()
    real_airflow.see_success(run)
    real_airflow.clear(run, "render")
    real_airflow.see_success(run)

    tries = real_airflow.task(run, "render")["try_number"]
    assert tries == 3
    for number in (2, 3):
        assert "Not submitted again" in run.log("render", try_number=number)
    scenario.finish(wanted=1)


@pytest.mark.chaos
def test_a_task_marked_failed_and_cleared_keeps_its_job(real_airflow, begin):
    scenario = begin("marked failed while deferred, then cleared")
    real_airflow.hold_renders()
    run = scenario.start()
    real_airflow.wait_for_task(run, "render", "deferred")
    real_airflow.mark(run, "render", "failed")
    assert real_airflow.wait(run) == "failed"
    real_airflow.release_renders()
    real_airflow.clear(run, "render")
    real_airflow.see_success(run)
    scenario.finish(wanted=1)


@pytest.mark.chaos
@pytest.mark.needs_postgres
def test_dates_that_are_backfilled_again_cost_nothing(real_airflow, begin):
    scenario = begin("the same dates backfilled three times")
    conf = {"mark": scenario.mark}
    dates = {"first": "2024-01-03T00:00:00Z", "last": "2024-01-04T00:00:00Z"}
    real_airflow.backfill("scenario_daily", conf, **dates)
    real_airflow.backfill("scenario_daily", conf, **dates, reprocess="completed")
    assert len(scenario.jobs()) == 2
    real_airflow.pass_time(hours=13)  # the service has forgotten the jobs; the archive has not
    real_airflow.backfill("scenario_daily", conf, **dates, reprocess="completed")
    runs = real_airflow.runs("scenario_daily")
    assert [run.state for run in runs] == ["success"] * 2
    assert all(run.xcom("render")["video_url"] is None for run in runs)
    scenario.finish(wanted=2)


@pytest.mark.chaos
def test_another_run_that_wants_the_same_video_gets_the_archived_one(real_airflow, begin):
    scenario = begin("the same video wanted by another run")
    first = scenario.start(seed=5)
    real_airflow.see_success(first)
    second = scenario.start(seed=5)
    real_airflow.see_success(second)
    assert second.xcom("render")["request"]["reused"]["sha256"] == first.xcom("archive")["sha256"]
    assert second.xcom("archive")["sha256"] == first.xcom("archive")["sha256"]
    scenario.finish(wanted=1)
