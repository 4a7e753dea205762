"""The video operator's tries on one ledger: the next one picks the job up, and no try pays again for one that is known."""

from __future__ import annotations

import time

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import TaskFailedError, TaskLostError, TransportError, WaitTimeoutError
from airflow_provider_omnihuman.ledger.stores import STATE_KEY
from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from tests.operators.tries import deferred
from tests.task_context import TaskInstance, TaskState, task_context


def test_the_next_try_waits_for_the_same_job_with_a_deadline_of_its_own(video, state, emulator):
    emulator.set_speed(0)  # it renders for as long as the test lasts
    first, _ = deferred(video(timeout=100), state)
    second, context = deferred(video(timeout=200), state, try_number=2)
    assert second.omnihuman_task_id == first.omnihuman_task_id == context["ti"].xcoms["task_id"]
    assert second.deadline == pytest.approx(time.time() + 200, abs=30)
    assert emulator.accepted() == 1


def test_a_job_that_finished_meanwhile_is_returned_without_deferring(video, state, emulator):
    trigger, _ = deferred(video(), state)
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":
        time.sleep(0.05)
    context = task_context(state=state, try_number=2)
    result = video().execute(context)
    assert result["task_id"] == trigger.omnihuman_task_id
    assert result["video_url"]
    assert result["request"]["done_at"] == result["asked_at"]
    assert emulator.accepted() == 1


def test_the_next_try_asks_for_the_label_too(video, state, emulator):
    label = {"producer_id": "p", "content_propagator": "c"}
    deferred(video(aigc_meta=label), state)
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":
        time.sleep(0.05)
    assert video(aigc_meta=label).execute(task_context(state=state, try_number=2))["aigc_meta_tagged"] is True


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": "WaitTimeoutError", "message": "not done"}, WaitTimeoutError),
        ({"error": "TransportError", "message": "no usable reply", "retry": "ask_again"}, TransportError),
    ],
    ids=lambda error: error["error"] if isinstance(error, dict) else "",
)
def test_a_wait_that_ended_is_left_to_retries_which_pick_the_job_up(video, state, emulator, error, kind):
    emulator.set_speed(0)  # it renders for as long as the test lasts
    first, context = deferred(video(), state)
    with pytest.raises(kind):
        video().execute_complete(context, {"status": "error", "error": error})
    assert deferred(video(), state)[0].omnihuman_task_id == first.omnihuman_task_id
    assert emulator.accepted() == 1


@pytest.mark.parametrize("reason", ["Trigger timeout", "Trigger failure"])
def test_a_trigger_that_airflow_gave_up_is_left_to_retries(video, state, emulator, reason):
    emulator.set_speed(0)  # it renders for as long as the test lasts
    _, context = deferred(video(), state)
    with pytest.raises(Exception, match=reason) as caught:
        video().resume_execution("__fail__", {"error": reason}, context)
    assert not isinstance(caught.value, AirflowFailException)


def test_a_database_that_breaks_after_the_submit_is_left_to_retries(video, state, emulator):
    class BrokenDatabase(TaskInstance):
        def xcom_push(self, key, value):  # noqa: ARG002 - it is given both
            raise ConnectionError("the API server is away")

    with pytest.raises(ConnectionError):
        video().execute(task_context(state=state) | {"ti": BrokenDatabase()})
    deferred(video(), state)
    assert emulator.accepted() == 1


def test_a_timeout_of_airflows_while_waiting_is_left_to_retries(video, state, emulator, monkeypatch):
    def interrupted(_seconds):
        raise AirflowTaskTimeout("execution_timeout")

    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", interrupted)  # as Airflow's alarm does, wherever the task may be
        with pytest.raises(AirflowTaskTimeout):
            video(deferrable=False).execute(task_context(state=state))
    deferred(video(), state)
    assert emulator.accepted() == 1


@pytest.mark.parametrize(("code", "left_to_retries"), [("50511", True), ("50218", False)])
def test_a_job_that_failed_is_forgotten_and_only_some_codes_are_worth_a_new_one(video, state, emulator, code, left_to_retries):
    trigger, context = deferred(video(), state)
    error = TaskFailedError("failed", code=code, retry=Retry.NEW_SUBMIT if left_to_retries else Retry.NEVER)
    expected = TaskFailedError if left_to_retries else AirflowFailException
    with pytest.raises(expected):
        video().execute_complete(context, {"status": "error", "error": error.to_dict()})
    assert state.get(STATE_KEY) is None
    assert deferred(video(), state)[0].omnihuman_task_id != trigger.omnihuman_task_id
    assert emulator.accepted() == 2


@pytest.mark.parametrize(("policy", "expected"), [("fail", AirflowFailException), ("resubmit", TaskLostError)])
def test_a_job_lost_while_waiting_follows_the_policy(video, state, emulator, policy, expected):
    trigger, context = deferred(video(on_lost_task=policy), state)
    emulator.admin("POST", f"/tasks/{trigger.omnihuman_task_id}", {"status": "not_found"})
    with pytest.raises(expected, match="not_found"):
        video(on_lost_task=policy).execute_complete(
            context,
            {"status": "error", "error": {"error": "TaskLostError", "message": "the service says not_found", "retry": "never"}},
        )
    if policy == "resubmit":
        deferred(video(on_lost_task=policy), state)
    assert emulator.accepted() == (2 if policy == "resubmit" else 1)


def test_a_timeout_that_is_too_short_for_the_audio_is_told(video, state, logged):
    deferred(video(timeout=30), state)
    assert "timeout is 30 s, and a render of 1 s of audio has been seen to take 43 s" in logged()


@pytest.fixture
def archived(video, emulator):
    """Render and archive one video, as a run of a Dag would; return what the archive said, and the render."""

    def make(**arguments):
        trigger, context = deferred(video(**arguments), TaskState())
        emulator.advance(3600)
        while emulator.state()["jobs"][-1]["status"] != "done":
            time.sleep(0.05)
        rendered = video(**arguments).execute_complete(context, {"status": "success", "task_id": trigger.omnihuman_task_id})
        archive = OmniHumanToS3Operator(task_id="archive", omnihuman_task_id=rendered["task_id"], request=rendered["request"])
        return archive.execute(task_context(task_id="archive")), rendered

    return make


def archive_again(result, **fields):
    operator = OmniHumanToS3Operator(task_id="archive", omnihuman_task_id=result["task_id"], request=result["request"], **fields)
    return operator.execute(task_context(task_id="archive", run_id="another"))


def test_a_video_that_is_archived_is_not_rendered_again(video, archived, emulator, logged):
    facts, rendered = archived(seed=7)
    result = video(seed=7).execute(task_context(state=TaskState(), run_id="another"))
    assert result["video_url"] is None
    assert result["request"]["reused"]["uri"] == facts["uri"]
    assert result["task_id"] == rendered["task_id"]
    assert "in the archive, verified, at no cost" in logged()
    again = archive_again(result)
    assert (again["uri"], again["sha256"], again["reused"]) == (facts["uri"], facts["sha256"], True)
    assert emulator.accepted() == 1


def test_with_a_random_seed_it_is_rendered_again_unless_any_seed_will_do(video, archived, emulator):
    archived(reuse_archived=True)
    assert video(reuse_archived=True).execute(task_context())["request"]["reused"]
    deferred(video(), TaskState())
    assert emulator.accepted() == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"reuse_archived": False},
        {"force_new": True},
        {"prompt": "other"},
        {"aigc_meta": {"producer_id": "p", "content_propagator": "c"}},
    ],
    ids=str,
)
def test_what_is_not_the_same_or_not_wanted_is_rendered(video, archived, emulator, arguments):
    archived(seed=7)
    deferred(video(seed=7, **arguments), TaskState())
    assert emulator.accepted() == 2


def test_a_damaged_archive_is_rendered_again(video, archived, emulator, s3, logged):
    facts, _ = archived(seed=7)
    bucket, _, key = facts["uri"].removeprefix("s3://").partition("/")
    body = bytearray(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    body[-1] ^= 1
    s3.put_object(Bucket=bucket, Key=key, Body=bytes(body))
    deferred(video(seed=7), TaskState())
    assert emulator.accepted() == 2


def test_an_orphaned_intent_is_no_matter_where_the_video_is_archived(video, archived, state, emulator):
    facts, rendered = archived(seed=7)
    state.set(STATE_KEY, {"phase": "intent", "fingerprint": rendered["request"]["fingerprint"], "at": 5})
    assert video(seed=7).execute(task_context(state=state))["request"]["reused"]["uri"] == facts["uri"]


def test_the_index_may_be_anywhere(video, archived, s3):
    where = {"archive_index": "s3://omnihuman-tests/elsewhere/", "seed": 7}
    facts, rendered = archived(**where)
    assert rendered["request"]["archive_index"] == f"s3://omnihuman-tests/elsewhere/{rendered['request']['fingerprint']}.json"
    assert video(**where).execute(task_context())["request"]["reused"]["uri"] == facts["uri"]
