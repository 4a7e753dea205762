"""Where a video could be paid for twice, lost, or taken for another one, and is not."""

from __future__ import annotations

import asyncio
import json
import os
import time

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowNotFoundException, TaskDeferred

from airflow_provider_omnihuman.api.errors import OmniHumanError, QuotaError, TaskLostError
from airflow_provider_omnihuman.emulator.codes import BUSINESS_CODES
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.ledger.stores import STATE_KEY
from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.speech.errors import SpeechError
from airflow_provider_omnihuman.triggers.task import OmniHumanTaskTrigger
from tests.operators.tries import deferred
from tests.task_context import TaskState, task_context

LABEL = {"producer_id": "p", "content_propagator": "c"}


def orphan(attempt, emulator, **arguments):
    """Leave an intent whose job exists; return that job's id."""
    emulator.fault(kind="reset", action="CVSubmitTask", phase="after")
    with pytest.raises(AirflowFailException):
        attempt(**arguments)
    return emulator.state()["jobs"][-1]["task_id"]


def test_a_mistyped_id_by_hand_is_no_leave_to_pay_again(attempt, emulator, state):
    orphan(attempt, emulator)
    state.set(STATE_KEY, {"task_id": "not-the-id-in-the-console"})
    emulator.fault(kind="code", code="50215", action="CVGetResult")  # as the live service was seen to answer a wrong id
    with pytest.raises(AirflowFailException, match="not-the-id-in-the-console"):
        attempt(max_tries=1)
    assert emulator.accepted() == 1
    assert state.get(STATE_KEY)["task_id"] == "not-the-id-in-the-console"


def test_an_unknown_id_by_hand_is_no_lost_job_to_submit_again(attempt, emulator, state):
    orphan(attempt, emulator)
    state.set(STATE_KEY, {"task_id": "7392616336519610409"})
    with pytest.raises(AirflowFailException):
        attempt(max_tries=1, on_lost_task="resubmit")
    assert emulator.accepted() == 1


def test_a_job_named_by_hand_wins_over_force_new(attempt, emulator, state):
    task_id = orphan(attempt, emulator, force_new=True)
    state.set(STATE_KEY, {"task_id": task_id})  # as the message says, and then "clear this task"
    assert attempt(force_new=True, max_tries=1)[0] == task_id
    assert emulator.accepted() == 1


def test_another_label_for_the_same_job_is_the_one_that_is_asked_for_and_told(video, state):
    deferred(video(), state)
    trigger, context = deferred(video(aigc_meta=LABEL), state, max_tries=1)
    assert trigger.aigc_meta == LABEL
    assert context["ti"].xcoms["request"]["aigc_meta"] == LABEL


def test_reuse_that_is_switched_on_for_the_same_job_tells_the_archive_where_to_note_it(video, state):
    deferred(video(), state)
    _, context = deferred(video(reuse_archived=True), state, max_tries=1)
    assert "archive_index" in context["ti"].xcoms["request"]


def test_a_submit_operator_that_becomes_a_video_operator_waits_for_its_job(submit, video, state, emulator):
    task_id = submit().execute(task_context(state=state))
    assert deferred(video(), state, max_tries=1)[0].omnihuman_task_id == task_id
    assert emulator.accepted() == 1


def test_other_bytes_behind_one_http_url_are_not_the_archived_video(video, presigned, speech_wav, emulator):
    arguments = {"seed": 7, "audio_url": presigned("in/today.wav", speech_wav(1.2))}
    trigger, context = deferred(video(**arguments), TaskState())
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":
        time.sleep(0.05)
    rendered = video(**arguments).execute_complete(context, {"status": "success", "task_id": trigger.omnihuman_task_id})
    archive = OmniHumanToS3Operator(task_id="archive", omnihuman_task_id=rendered["task_id"], request=rendered["request"])
    archive.execute(task_context(task_id="archive"))
    presigned("in/today.wav", speech_wav(2.0))  # tomorrow's
    deferred(video(**arguments), TaskState(), run_id="tomorrow")
    assert emulator.accepted() == 2


def test_the_id_is_in_the_log_before_the_ledger_is_told(submit, emulator, logged):
    class DiesAtTheSecondWrite(TaskState):
        def set(self, key, value):
            if key in self.values:
                raise KeyboardInterrupt  # as a kill would, or execution_timeout, which is no Exception either
            super().set(key, value)

    with pytest.raises(KeyboardInterrupt):
        submit().execute(task_context(state=DiesAtTheSecondWrite()))
    (job,) = emulator.state()["jobs"]
    assert job["task_id"] in logged()


def test_a_service_that_loses_every_job_is_not_paid_at_each_retry(attempt, emulator):
    policy = {"on_lost_task": "resubmit"}
    first, _ = attempt(**policy)
    emulator.admin("POST", f"/tasks/{first}", {"status": "not_found"})
    second, _ = attempt(**policy)
    emulator.admin("POST", f"/tasks/{second}", {"status": "not_found"})
    with pytest.raises((AirflowFailException, TaskLostError)):
        attempt(**policy)  # of the same clear
    assert emulator.accepted() == 2


def test_an_undocumented_code_is_no_proof_that_the_job_failed(attempt, emulator, state, monkeypatch):
    monkeypatch.setitem(BUSINESS_CODES, 50999, (400, "Something New"))
    first, _ = attempt()
    emulator.fault(kind="code", code="50999", action="CVGetResult")
    with pytest.raises((AirflowFailException, OmniHumanError)):
        attempt(max_tries=1)
    assert emulator.accepted() == 1
    assert state.get(STATE_KEY)["task_id"] == first


def test_a_refusal_that_the_ledger_was_away_for_does_not_become_an_orphan(submit, emulator):
    class AwayOnce(TaskState):
        away = True

        def delete(self, key):
            if self.away:
                self.away = False
                raise RuntimeError("the API server is away")
            super().delete(key)

    state = AwayOnce()
    emulator.fault(kind="code", code="50430", action="CVSubmitTask")
    with pytest.raises(TaskDeferred) as caught:
        submit().execute(task_context(state=state))
    submit().resume_submit(task_context(state=state), {"since": caught.value.trigger.since})
    assert emulator.accepted() == 1


def test_a_pause_that_breaks_off_without_a_ledger_is_left_to_retries(video, emulator):
    emulator.fault(kind="code", code="50430", action="CVSubmitTask")
    context = task_context()
    with pytest.raises(TaskDeferred):
        video().execute(context)
    with pytest.raises(Exception, match="Trigger failure") as caught:
        video().resume_execution("__fail__", {"error": "Trigger failure"}, context)
    assert not isinstance(caught.value, AirflowFailException)  # nothing was submitted: a retry pays nothing twice


def test_a_pause_ends_where_no_triggerer_is(submit, emulator, state):
    emulator.fault(kind="code", code="50430", action="CVSubmitTask")
    with pytest.raises(TaskDeferred) as caught:
        submit().execute(task_context(state=state))
    assert caught.value.timeout is not None


def test_a_secrets_backend_that_is_away_for_a_moment_is_asked_again(connections, emulator, submit, monkeypatch, state):
    task_id = submit().execute(task_context(state=state))
    emulator.advance(3600)
    asked, real = [], OmniHumanHook.get_async_conn

    async def away_once(self):
        asked.append(1)
        if len(asked) == 1:
            # What Airflow 3.1 to 3.3 makes of any failure of a backend (airflow.sdk.execution_time.context).
            raise AirflowNotFoundException("The conn_id `omnihuman_default` isn't defined")
        return await real(self)

    monkeypatch.setattr(OmniHumanHook, "get_async_conn", away_once)
    trigger = OmniHumanTaskTrigger(
        omnihuman_conn_id="omnihuman_default",
        omnihuman_task_id=task_id,
        deadline=time.time() + 60,
        first_poll_at=0.0,
        poll_interval_s=0.05,
    )

    async def events():
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(events())
    assert event.payload["status"] == "success"


def test_a_quota_that_is_refused_to_a_zombie_leaves_the_record_of_the_next_try(connections, submit, emulator, tmp_path):
    """A worker that lost its heartbeat goes on: on a ledger in files, nothing but its own care stops it."""
    arguments = {"ledger_path": f"file://{tmp_path}", "quota_timeout": None}
    zombie, context = submit(**arguments), task_context(try_number=1)
    real = zombie.hook.submit

    def overtaken(request, *, quota_attempts):
        submit(**arguments, on_orphaned_intent="resubmit").execute(task_context(try_number=2))
        emulator.fault(kind="code", code="50430", action="CVSubmitTask")
        return real(request, quota_attempts=quota_attempts)

    zombie.hook.submit = overtaken
    with pytest.raises(QuotaError):
        zombie.execute(context)
    submit(**arguments).execute(task_context(try_number=3))
    assert emulator.accepted() == 1


@pytest.mark.parametrize("value", ["None", "null", "none"])
def test_force_new_that_renders_to_nothing_is_off(attempt, emulator, value):
    attempt(force_new=value)
    assert emulator.accepted() == 1


def test_presigned_anew_each_input_is_still_the_same(attempt, emulator, put, portrait_png):
    masks = [put("in/m.png", portrait_png)]
    first, _ = attempt(mask_url=masks)
    assert attempt(mask_url=masks, presigned_url_expires_in=3000)[0] == first
    assert emulator.accepted() == 1


def test_other_masks_or_another_order_is_another_request(attempt, emulator, put, portrait_png):
    one, two = put("in/m1.png", portrait_png), put("in/m2.png", portrait_png + b"2")
    for masks in ([one], [one, two], [two, one]):
        attempt(mask_url=masks)
    assert emulator.accepted() == 3


def test_what_an_emulator_spoke_is_no_speech_of_another_service(connections, monkeypatch):
    def say():
        return TextToSpeechOperator(task_id="say", text="hello").execute(task_context(task_id="say"))

    say()
    elsewhere = json.loads(os.environ["AIRFLOW_CONN_DOUBAO_SPEECH_DEFAULT"]) | {"extra": {"endpoint": "http://127.0.0.1:9"}}
    monkeypatch.setenv("AIRFLOW_CONN_DOUBAO_SPEECH_DEFAULT", json.dumps(elsewhere))
    with pytest.raises(SpeechError):
        say()
