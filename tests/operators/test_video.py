"""Submit and wait in one task: the wait never leads to a second submit."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout, TaskDeferred

from airflow_provider_omnihuman.api.errors import TaskFailedError
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator
from airflow_provider_omnihuman.triggers.task import OmniHumanTaskTrigger
from tests.task_context import TaskInstance, task_context

LABEL = {"producer_id": "p", "content_propagator": "c"}


@pytest.fixture
def video(connections, inputs):
    def make(**arguments):
        return OmniHumanVideoOperator(task_id="v", **inputs | {"output_resolution": 720, "poll_interval": 0.05} | arguments)

    return make


def deferred(operator, context):
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(context)
    return caught.value


def test_it_submits_on_the_worker_and_waits_in_the_triggerer(video, emulator):
    context = task_context()
    deferral = deferred(video(deferrable=True, aigc_meta=LABEL, timeout=timedelta(hours=1)), context)
    assert isinstance(deferral.trigger, OmniHumanTaskTrigger)
    kwargs = deferral.trigger.serialize()[1]
    (job,) = emulator.state()["jobs"]
    assert kwargs["omnihuman_task_id"] == job["task_id"] == context["ti"].xcoms["task_id"]
    assert kwargs["deadline"] == pytest.approx(time.time() + 3600, abs=30)
    assert kwargs["aigc_meta"] == LABEL == context["ti"].xcoms["request"]["aigc_meta"]
    assert deferral.timeout > timedelta(hours=1)
    json.dumps([kwargs, deferral.kwargs])


def test_without_an_interval_the_trigger_learns_and_knows_what_it_waits_for(video):
    kwargs = deferred(video(deferrable=True, poll_interval=None, pe_fast_mode=True), task_context()).trigger.serialize()[1]
    assert kwargs["poll_interval_s"] is None
    render = kwargs["render"]
    assert (render["kind"], render["audio_s"]) == ("720-fast", pytest.approx(1.2, abs=0.1))
    assert render["submitted_at"] == pytest.approx(time.time(), abs=30)


def test_neither_the_trigger_nor_the_resume_arguments_hold_a_signature(video):
    deferral = deferred(video(deferrable=True), task_context())
    assert "X-Amz" not in str(deferral.trigger.serialize()) + str(deferral.kwargs)


def test_it_returns_the_video_with_what_was_asked(video, inputs, emulator):
    context = task_context()
    operator = video(deferrable=True)
    task_id = deferred(operator, context).trigger.omnihuman_task_id
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":  # else the resume would pause for its whole interval
        time.sleep(0.05)
    result = operator.execute_complete(context, {"status": "success", "task_id": task_id})
    assert result["video_url"].startswith(emulator.endpoint)
    assert {"task_id", "aigc_meta_tagged", "request_id", "asked_at"} < set(result)
    assert result["request"] == context["ti"].xcoms["request"] | {"done_at": result["asked_at"]}
    assert result["request"]["image_url"] == inputs["image_url"]


def test_without_deferring_it_waits_on_the_worker(video, emulator, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: emulator.advance(3600 if seconds > 1 else 0))
    result = video(deferrable=False).execute(task_context())
    assert result["video_url"].startswith(emulator.endpoint)
    assert result["request"]["task_id"] == result["task_id"]
    assert emulator.accepted() == 1


@pytest.mark.parametrize(
    "error",
    [
        {"error": "WaitTimeoutError", "message": "not done"},
        {"error": "TransportError", "message": "no usable reply", "retry": "ask_again"},
        {"error": "TaskLostError", "message": "not_found"},
        {"error": "TaskFailedError", "message": "invalid", "code": "50215", "retry": "never"},
    ],
    ids=lambda error: error["error"],
)
def test_a_wait_that_ended_badly_is_not_retried_since_a_retry_would_pay_again(video, error):
    with pytest.raises(AirflowFailException):
        video().execute_complete(task_context(), {"status": "error", "error": error})


def test_a_job_that_is_over_and_may_be_submitted_anew_is_left_to_retries(video):
    error = {"error": "TaskFailedError", "message": "audit", "code": "50511", "retry": "new_submit"}
    with pytest.raises(TaskFailedError):
        video().execute_complete(task_context(), {"status": "error", "error": error})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"aigc_meta": {"producer_id": "p"}}, "aigc_meta lacks the required fields"),
        ({"aigc_meta": "{not json"}, "aigc_meta is not JSON"),
        ({"aigc_meta": ["p"]}, "aigc_meta must be a mapping"),
        ({"timeout": 0}, "timeout must be a timedelta or a positive number of seconds, at most a year, not 0"),
        ({"timeout": float("nan")}, "timeout must be a timedelta or a positive"),
        ({"poll_interval": -1}, "poll_interval must be"),
        ({"fault_tolerance": "long"}, "fault_tolerance must be"),
    ],
)
def test_what_only_the_wait_needs_is_checked_before_the_submit(video, emulator, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        video(deferrable=True, **arguments).execute(task_context())
    assert emulator.accepted() == 0


def test_it_takes_all_that_the_submit_operator_takes():
    assert set(OmniHumanSubmitOperator.template_fields) < set(OmniHumanVideoOperator.template_fields)


@pytest.mark.parametrize("timeout", [timedelta.max, 1e300, 10**400])
def test_a_span_that_would_overflow_is_refused_before_the_submit(video, emulator, timeout):
    with pytest.raises(AirflowFailException, match="timeout must be .* at most a year"):
        video(deferrable=True, timeout=timeout).execute(task_context())
    assert emulator.accepted() == 0


class BrokenDatabase(TaskInstance):
    def xcom_push(self, key, value):  # noqa: ARG002 - it is given both
        raise ConnectionError("the API server is away")


def test_a_database_that_breaks_after_the_submit_leads_to_no_second_one(video, emulator):
    with pytest.raises(AirflowFailException, match=r"ConnectionError: the API server is away; OmniHuman task \d+ .* is billed"):
        video().execute(task_context() | {"ti": BrokenDatabase()})
    assert emulator.accepted() == 1


def test_a_timeout_of_airflows_while_waiting_leads_to_no_second_submit(video, emulator, monkeypatch):
    def interrupted(_seconds):
        raise AirflowTaskTimeout("execution_timeout")

    monkeypatch.setattr("time.sleep", interrupted)  # as Airflow's alarm does, wherever the task may be
    with pytest.raises(AirflowFailException, match=r"AirflowTaskTimeout: .*OmniHuman task \d+ may still finish"):
        video(deferrable=False).execute(task_context())
    assert emulator.accepted() == 1


def test_a_connection_that_is_gone_at_the_resume_leads_to_no_second_submit(video, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT")
    event = {"status": "success", "task_id": "7"}
    with pytest.raises(AirflowFailException, match="may still finish, and is billed"):
        video().resume_execution("execute_complete", {"event": event}, task_context(xcoms={"task_id": "7"}))


def test_an_xcom_that_cannot_be_read_at_the_resume_leads_to_no_second_submit(video):
    class BrokenXCom(TaskInstance):
        def xcom_pull(self, **_arguments):
            raise ConnectionError("the API server is away")

    with pytest.raises(AirflowFailException, match="may still finish, and is billed"):
        video().resume_execution("execute_complete", {"event": {}}, task_context() | {"ti": BrokenXCom()})


def test_a_new_submit_is_left_to_retries_at_the_resume_too(video):
    error = {"error": "TaskFailedError", "message": "audit", "code": "50511", "retry": "new_submit"}
    with pytest.raises(TaskFailedError):
        video().resume_execution("execute_complete", {"event": {"status": "error", "error": error}}, task_context())
