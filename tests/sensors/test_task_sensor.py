"""The sensor waits in each of Airflow's ways, and may be repeated at will."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, AirflowSkipException, TaskDeferred

from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor
from tests.task_context import task_context


@pytest.fixture
def job(connections, put, portrait_png, speech_wav):
    def start(seconds=1.0):
        operator = OmniHumanSubmitOperator(
            task_id="s",
            image_url=put("in/p.png", portrait_png),
            audio_url=put("in/a.wav", speech_wav(seconds)),
            output_resolution=720,
            check_inputs=False,
        )
        return operator.execute(task_context())

    return start


def sensor(task_id, **arguments):
    return OmniHumanTaskSensor(task_id="w", omnihuman_task_id=task_id, **{"poke_interval": 0.05} | arguments)


def looked_until_over(one):
    """Look again for as long as the emulator's own render is at work."""
    while True:
        try:
            return one.execute(task_context())
        except TaskDeferred:
            time.sleep(0.1)


def test_a_finished_job_never_defers(job, emulator):
    task_id = job()
    emulator.advance(3600)
    result = looked_until_over(sensor(task_id, deferrable=True))
    assert set(result) == {"task_id", "video_url", "aigc_meta_tagged", "request_id", "asked_at", "url_expires_at"}
    assert result["task_id"] == task_id


def test_an_unfinished_job_defers_with_a_deadline(job):
    with pytest.raises(TaskDeferred) as caught:
        sensor(job(), deferrable=True, timeout=timedelta(minutes=30), poke_interval=7).execute(task_context())
    kwargs = caught.value.trigger.serialize()[1]
    assert kwargs["deadline"] == pytest.approx(time.time() + 1800, abs=30)
    assert kwargs["poll_interval_s"] == 7
    assert caught.value.timeout > timedelta(minutes=30)


@pytest.mark.parametrize("as_text", [False, True])
def test_without_an_interval_the_trigger_learns_and_knows_what_the_request_tells(job, as_text):
    request = {"output_resolution": 720, "pe_fast_mode": False, "audio_duration_s": 3.0, "submitted_at": "2026-01-01T00:00:10Z"}
    with pytest.raises(TaskDeferred) as caught:
        OmniHumanTaskSensor(
            task_id="w", omnihuman_task_id=job(), request=json.dumps(request) if as_text else request, deferrable=True
        ).execute(task_context())
    kwargs = caught.value.trigger.serialize()[1]
    assert (kwargs["poll_interval_s"], kwargs["render"]) == (
        None,
        {"kind": "720", "audio_s": 3.0, "submitted_at": 1767225610.0},
    )


def test_a_passing_fault_before_deferring_is_left_to_the_trigger(job, emulator, monkeypatch):
    task_id = job()
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    emulator.fault(kind="html", action="CVGetResult", count=None)
    with pytest.raises(TaskDeferred):
        sensor(task_id, deferrable=True).execute(task_context())


def test_it_resumes_with_the_video(job, emulator):
    task_id = job()
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":  # else the resume would pause for its whole interval
        time.sleep(0.05)
    video = sensor(task_id).execute_complete(task_context(), {"status": "success", "task_id": task_id})
    assert video["task_id"] == task_id
    assert video["video_url"].startswith(emulator.endpoint)


def test_poke_mode_waits_on_the_worker(job, emulator):
    task_id = job()
    emulator.advance(3600)
    assert sensor(task_id, deferrable=False, mode="poke").execute(task_context())["task_id"] == task_id


def test_reschedule_mode_looks_once_a_time(job, emulator):
    task_id = job()
    one = sensor(task_id, deferrable=False, mode="reschedule")
    assert one.poke(task_context()) is False
    emulator.advance(3600)
    while not (found := one.poke(task_context())):
        time.sleep(0.1)
    assert found.xcom_value["task_id"] == task_id


def test_the_label_is_asked_for(job, emulator):
    task_id = job()
    emulator.advance(3600)
    label = '{"producer_id": "p", "content_propagator": "c"}'
    result = sensor(task_id, deferrable=False, aigc_meta=label).execute(task_context())
    assert result["aigc_meta_tagged"] is True


def test_a_deadline_that_passed_is_a_sensors_timeout(job):
    with pytest.raises(AirflowSensorTimeout, match="may still finish"):
        sensor(job(), deferrable=False, timeout=0.2).execute(task_context())
    event = {"status": "error", "error": {"error": "WaitTimeoutError", "message": "not done at the deadline"}}
    with pytest.raises(AirflowSensorTimeout, match="not done at the deadline"):
        sensor("7").execute_complete(task_context(), event)


def test_soft_fail_skips_a_timeout(job):
    with pytest.raises(AirflowSkipException):
        sensor(job(), deferrable=False, timeout=0.2, soft_fail=True).execute(task_context())
    event = {"status": "error", "error": {"error": "WaitTimeoutError", "message": "m"}}
    with pytest.raises(AirflowSkipException):
        sensor("7", soft_fail=True).resume_execution("execute_complete", {"event": event}, task_context())


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_failed_job_fails_at_once(job, emulator, deferrable):
    task_id = job(61)
    emulator.advance(3600)
    with pytest.raises(AirflowFailException, match=r"^\[50215\]"):
        looked_until_over(sensor(task_id, deferrable=deferrable))


def test_a_lost_task_fails_at_once(connections):
    with pytest.raises(AirflowFailException, match="not_found"):
        sensor("7392616336519610409", deferrable=True).execute(task_context())


@pytest.mark.parametrize("task_id", ["", None, 7392616336519610409])
def test_a_task_id_that_is_no_text_fails_at_once(connections, task_id):
    with pytest.raises(AirflowFailException, match="task id must be a non-empty string"):
        sensor(task_id, deferrable=True).execute(task_context())


def test_the_default_timeout_is_two_hours():
    assert OmniHumanTaskSensor(task_id="w", omnihuman_task_id="7").timeout == 7200
