"""One task instance pays for one video, whatever its tries, clears and crashes: tries one after the other, on one ledger."""

from __future__ import annotations

import time

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_omnihuman.api.errors import QuotaError, SubmitOutcomeUnknownError
from airflow_provider_omnihuman.ledger.errors import LedgerError
from airflow_provider_omnihuman.ledger.stores import STATE_KEY
from airflow_provider_omnihuman.triggers.pause import QuotaPauseTrigger
from tests.task_context import TaskState, task_context


def record(state):
    return state.get(STATE_KEY)


def test_the_next_try_finds_the_job_again(attempt, emulator, state, logged):
    first, told = attempt()
    second, told_again = attempt()
    assert first == second == record(state)["task_id"]
    assert emulator.accepted() == 1
    assert told["request"] == told_again["request"]
    assert "Not submitted again: OmniHuman task" in logged()


def test_a_job_that_is_over_is_found_again_too(attempt, emulator):
    first, _ = attempt()
    emulator.advance(3600)
    assert attempt()[0] == first
    assert emulator.accepted() == 1


def test_another_request_is_submitted_and_the_abandoned_job_named(attempt, emulator, logged):
    first, _ = attempt(prompt="a smile")
    second, _ = attempt(prompt="a frown")
    assert emulator.accepted() == 2
    assert first != second
    text = logged()
    assert f"{first}, submitted" in text
    assert "is abandoned (the request has changed)" in text


def test_changed_bytes_under_one_name_are_another_request(attempt, emulator, put, speech_wav, inputs):
    attempt()
    put("in/a.wav", speech_wav(2.0))
    attempt()
    assert emulator.accepted() == 2


def test_the_same_bytes_under_another_name_are_the_same_request(attempt, emulator, put, portrait_png):
    first, _ = attempt()
    assert attempt(image_url=put("in/copy.png", portrait_png))[0] == first
    assert emulator.accepted() == 1


def test_a_fresh_presigned_url_is_the_same_request(attempt, emulator, s3, presigned, portrait_png):
    url = presigned("in/p2.png", portrait_png)
    first, _ = attempt(image_url=url)
    assert attempt(image_url=url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601"))[0] == first or "X-Amz" not in url
    assert emulator.accepted() == 1


@pytest.mark.parametrize("status", ["not_found", "expired"])
def test_a_lost_job_stops_the_task_and_tells_how_to_go_on(attempt, emulator, state, status):
    first, _ = attempt()
    emulator.admin("POST", f"/tasks/{first}", {"status": status})
    with pytest.raises(AirflowFailException, match=rf"{status} for task {first}.*paid for.*on_lost_task='resubmit'.*clear"):
        attempt()
    assert emulator.accepted() == 1
    assert record(state)["task_id"] == first


def test_a_lost_job_is_submitted_again_where_told_so(attempt, emulator):
    first, _ = attempt()
    emulator.admin("POST", f"/tasks/{first}", {"status": "expired"})
    second, _ = attempt(on_lost_task="resubmit")
    assert second != first
    assert attempt(on_lost_task="resubmit")[0] == second
    assert emulator.accepted() == 2


def test_a_lost_reply_keeps_the_intent_and_the_next_try_stops(attempt, emulator, state):
    emulator.fault(kind="reset", action="CVSubmitTask", phase="after")
    with pytest.raises(AirflowFailException, match="the job may exist, and be billed.*console.*omnihuman_submission"):
        attempt()
    assert record(state)["phase"] == "intent"
    with pytest.raises(AirflowFailException, match="broken off inside its submit.*UTC.*console.*task_id"):
        attempt()
    assert emulator.accepted() == 1


def test_a_person_names_the_job_and_the_task_goes_on_with_it(attempt, emulator, state):
    emulator.fault(kind="reset", action="CVSubmitTask", phase="after")
    with pytest.raises(AirflowFailException):
        attempt()
    (job,) = emulator.state()["jobs"]
    state.set(STATE_KEY, {"task_id": job["task_id"]})
    task_id, told = attempt()
    assert task_id == job["task_id"] == told["request"]["task_id"]
    assert told["request"]["image_url"].startswith("s3://")
    assert record(state)["fingerprint"] == told["request"]["fingerprint"]
    attempt()
    assert emulator.accepted() == 1


def test_an_orphaned_intent_is_submitted_once_more_where_told_so_and_never_a_third_time(attempt, emulator):
    policy = {"on_orphaned_intent": "resubmit"}
    emulator.fault(kind="reset", action="CVSubmitTask", phase="after", count=2)
    with pytest.raises(SubmitOutcomeUnknownError):  # left to Airflow's retries
        attempt(**policy)
    with pytest.raises(AirflowFailException):
        attempt(**policy)
    with pytest.raises(AirflowFailException, match="that was the second one already"):
        attempt(**policy)
    assert emulator.accepted() == 2
    attempt(max_tries=1, **policy)  # a person looked, and cleared the task
    assert emulator.accepted() == 3


@pytest.mark.parametrize("code", ["50411", "50400", "SignatureDoesNotMatch"])
def test_a_definite_refusal_leaves_no_intent(attempt, emulator, state, code):
    emulator.fault(kind="code", code=code, action="CVSubmitTask")
    with pytest.raises(AirflowFailException, match=code):
        attempt()
    assert record(state) is None
    attempt()
    assert emulator.accepted() == 1


def test_a_refusal_leaves_what_was_known_before(attempt, emulator, state):
    first, _ = attempt(prompt="a smile")
    emulator.fault(kind="code", code="50430", action="CVSubmitTask", count=2)
    for changed in ({"prompt": "a frown"}, {"prompt": "a smile", "force_new": True}):
        with pytest.raises(QuotaError):
            attempt(quota_timeout=None, **changed)
    assert attempt(prompt="a smile")[0] == first
    assert emulator.accepted() == 1


def test_a_refused_resubmission_is_still_the_second_one(attempt, emulator):
    policy = {"on_orphaned_intent": "resubmit", "quota_timeout": None}
    emulator.fault(kind="reset", action="CVSubmitTask", phase="after")
    with pytest.raises(SubmitOutcomeUnknownError):
        attempt(**policy)
    emulator.fault(kind="code", code="50430", action="CVSubmitTask")
    with pytest.raises(QuotaError):
        attempt(**policy)
    emulator.fault(kind="reset", action="CVSubmitTask", phase="after")
    with pytest.raises(AirflowFailException):
        attempt(**policy)
    with pytest.raises(AirflowFailException, match="that was the second one already"):
        attempt(**policy)
    assert emulator.accepted() == 2


def test_without_a_connection_to_the_service_there_is_no_intent(attempt, state, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setenv(
        "AIRFLOW_CONN_DOWN", '{"conn_type":"omnihuman","login":"a","password":"b","extra":{"endpoint":"http://127.0.0.1:9"}}'
    )
    with pytest.raises(Exception, match="no reply from the service"):
        attempt(omnihuman_conn_id="down")
    assert record(state) is None


class Failing(TaskState):
    """A task state that fails at the given calls of ``set``, and at every ``get`` where told so."""

    def __init__(self, *, writes=(), reads=False):
        super().__init__()
        self.failing, self.reads, self.written = set(writes), reads, 0

    def get(self, key, default=None):
        if self.reads:
            raise RuntimeError("the API server is away")
        return super().get(key, default)

    def set(self, key, value):
        self.written += 1
        if self.written in self.failing:
            raise RuntimeError("the API server is away")
        super().set(key, value)


@pytest.mark.parametrize("state", [Failing(reads=True), Failing(writes=[1])], ids=["read", "write"])
def test_a_ledger_that_does_not_answer_stops_the_submit(attempt, emulator, state):
    with pytest.raises(LedgerError, match="nothing was submitted"):
        attempt(state=state)
    assert emulator.accepted() == 0


def test_a_ledger_that_fails_after_the_submit_is_told_again(attempt, emulator, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    state = Failing(writes=[2, 3])
    assert attempt(state=state)[0] == record(state)["task_id"]
    assert emulator.accepted() == 1


def test_a_ledger_that_stays_away_after_the_submit_does_not_lose_the_job(attempt, emulator, monkeypatch, logged):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    state = Failing(writes=[2, 3, 4])
    task_id, told = attempt(state=state)
    assert told["task_id"] == task_id
    assert f"{task_id} is submitted, and the ledger could not be told" in logged()
    with pytest.raises(AirflowFailException, match="broken off inside its submit"):
        attempt(state=state)
    assert emulator.accepted() == 1


def test_force_new_pays_once_for_each_clear_and_not_for_each_retry(attempt, emulator, logged):
    first, _ = attempt()
    forced, _ = attempt(force_new="True")
    assert forced != first
    assert f"{first}, submitted" in logged()
    assert attempt(force_new="True")[0] == forced
    assert attempt(force_new="True", max_tries=1)[0] != forced
    assert emulator.accepted() == 3


def test_a_job_that_failed_is_submitted_anew_by_whoever_clears_the_task(attempt, emulator, state):
    first, _ = attempt()
    emulator.admin("POST", f"/tasks/{first}", {"code": 50215})
    with pytest.raises(AirflowFailException, match="50215"):
        attempt()
    assert record(state) is None
    assert attempt(max_tries=1)[0] != first


def test_a_service_that_does_not_answer_does_not_lose_the_job(attempt, emulator, monkeypatch, logged):
    first, _ = attempt()
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    emulator.fault(kind="status", action="CVGetResult", count=None)
    assert attempt()[0] == first
    assert emulator.accepted() == 1
    assert "does not answer now, and is waited for" in logged()


@pytest.mark.parametrize("path", ["", "None"])
def test_a_ledger_that_renders_to_nothing_is_no_leave_to_go_without(submit, emulator, state, path):
    with pytest.raises(AirflowFailException, match=f"ledger_path rendered to '{path}'"):
        submit(ledger_path=path).execute(task_context())
    assert emulator.accepted() == 0
    submit(ledger_path=path).execute(task_context(state=state))  # Airflow's own takes its place
    assert record(state)


def test_what_another_process_wrote_meanwhile_stops_the_submit(submit, emulator, tmp_path):
    arguments = {"ledger_path": f"file://{tmp_path}"}
    slow = submit(**arguments)
    prepare = slow._submit

    def overtaken(*args, **kwargs):
        submit(**arguments).execute(task_context())
        return prepare(*args, **kwargs)

    slow._submit = overtaken
    with pytest.raises(LedgerError, match="another process wrote") as caught:
        slow.execute(task_context())
    assert caught.value.retryable
    assert emulator.accepted() == 1


def test_without_a_ledger_one_line_warns(submit, logged):
    submit().execute(task_context())
    assert logged().count("a retry after a crash may pay twice") == 1


def test_an_input_that_is_gone_does_not_hide_the_job_of_an_earlier_try(attempt, s3, inputs):
    first, _ = attempt()
    bucket, _, key = inputs["audio_url"].removeprefix("s3://").partition("/")
    s3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(AirflowFailException, match=rf"HTTP 404.*{first}.*OmniHumanTaskSensor"):
        attempt()


@pytest.mark.parametrize("code", ["50429", "50430", "FlowLimitExceeded"])
def test_a_limit_defers_the_task_and_the_worker_submits_again(submit, emulator, state, code):
    emulator.fault(kind="code", code=code, action="CVSubmitTask", count=2)
    operator, context, begun = submit(), task_context(state=state), time.time()
    with pytest.raises(TaskDeferred) as first:
        operator.execute(context)
    trigger = first.value.trigger
    assert isinstance(trigger, QuotaPauseTrigger)
    assert begun + 15 <= trigger.resume_at <= time.time() + 30
    assert record(state) is None
    again = time.time()
    with pytest.raises(TaskDeferred) as second:
        operator.resume_submit(context, {"since": trigger.since - 200})
    assert again + 95 <= second.value.trigger.resume_at <= time.time() + 160
    assert second.value.trigger.since == trigger.since - 200
    task_id = getattr(operator, second.value.method_name)(context, {"since": trigger.since - 300})
    assert emulator.accepted() == 1
    assert record(state)["task_id"] == task_id


def test_a_limit_that_never_gives_way_ends_with_the_whole_story(submit, emulator, state):
    emulator.fault(kind="code", code="50430", action="CVSubmitTask", count=None)
    with pytest.raises(QuotaError, match=r"refused for 7[23]\d\d s \(quota_timeout\), nothing was started"):
        submit().resume_submit(task_context(state=state), {"since": time.time() - 7210})


@pytest.mark.parametrize("limit", [1, "1.1", 0.5])
def test_a_budget_is_kept_before_the_submit(attempt, emulator, limit):
    with pytest.raises(AirflowFailException, match=rf"lasts 1.20 s, and each second is billed; max_billed_seconds is {limit}"):
        attempt(max_billed_seconds=limit, check_inputs=False)
    assert emulator.accepted() == 0


@pytest.mark.parametrize("limit", [1.2, "60", None, "", "None"])
def test_a_budget_that_is_enough_or_none(attempt, emulator, limit):
    attempt(max_billed_seconds=limit)
    assert emulator.accepted() == 1


def test_a_budget_cannot_be_kept_where_the_length_is_not_known(attempt, emulator):
    with pytest.raises(AirflowFailException, match="the length of audio_url .* is not known"):
        attempt(audio_url="http://127.0.0.1:9/a.wav", max_billed_seconds=30)
    assert emulator.accepted() == 0


@pytest.mark.parametrize("argument", ["on_lost_task", "on_orphaned_intent"])
def test_policies_are_checked_when_the_dag_is_parsed(submit, argument):
    with pytest.raises(ValueError, match=f'{argument} must be "fail" or "resubmit", not \'maybe\''):
        submit(**{argument: "maybe"})
