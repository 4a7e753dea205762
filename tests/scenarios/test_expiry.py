"""What the service keeps for an hour, or for twelve, is gone when it is asked for; or is not there yet."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.scenario
URL_LIVES_H, TASK_LIVES_H = 1, 12


def test_a_video_that_is_done_and_has_no_url_for_20_seconds_is_waited_for(real_airflow, begin):
    scenario = begin("done with an empty URL for 20 s")
    fault = real_airflow.fault(kind="empty_url", action="CVGetResult", count=None)
    run = scenario.start()
    deadline = time.monotonic() + 300
    while not real_airflow.faults_met():
        assert time.monotonic() < deadline, "no poll was answered without a URL"
        time.sleep(0.5)
    time.sleep(20)
    assert real_airflow.task(run, "render")["state"] == "deferred"
    real_airflow.emulator("DELETE", f"/faults/{fault}")
    real_airflow.see_success(run)
    scenario.finish(wanted=1)


@pytest.mark.chaos
def test_a_url_that_has_died_is_replaced(real_airflow, begin):
    scenario = begin("video URL expired before the archive")
    run = scenario.start()
    real_airflow.see_success(run)
    real_airflow.pass_time(hours=URL_LIVES_H + 0.1)
    real_airflow.fault(kind="status", action="video", status=403, count=1)  # and the fresh one dies in between
    real_airflow.clear(run, "archive")
    real_airflow.see_success(run)
    scenario.finish(wanted=1)


@pytest.mark.chaos
def test_a_task_that_expired_stops_loudly(real_airflow, begin):
    scenario = begin("task expired; on_lost_task fail")
    run = scenario.start()
    real_airflow.see_success(run)
    real_airflow.pass_time(hours=TASK_LIVES_H + 0.1)
    real_airflow.clear(run, "render")
    assert real_airflow.wait(run) == "failed"
    render = real_airflow.task(run, "render")
    assert render["try_number"] == 2, "it was retried, which cannot help"
    assert "the service says expired" in run.log("render", try_number=2)
    scenario.finish(wanted=1)


@pytest.mark.chaos
def test_a_task_that_expired_is_rendered_anew_where_that_was_chosen(real_airflow, begin):
    scenario = begin("task expired; on_lost_task resubmit")
    run = scenario.start("scenario_video_resubmit")
    real_airflow.see_success(run)
    real_airflow.pass_time(hours=TASK_LIVES_H + 0.1)
    real_airflow.clear(run, "render")
    real_airflow.see_success(run)
    scenario.finish(wanted=2)
