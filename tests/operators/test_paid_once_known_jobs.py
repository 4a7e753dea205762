"""What a try makes of the job that an earlier one left: refused keys, a failed job, a lost one, the last pause."""

from __future__ import annotations

import time

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_omnihuman.ledger.stores import STATE_KEY
from tests.task_context import task_context


def test_keys_that_are_refused_while_asking_for_the_job_stop_the_task(attempt, emulator, state):
    first, _ = attempt()
    emulator.fault(kind="code", code="SignatureDoesNotMatch", action="CVGetResult")
    with pytest.raises(AirflowFailException, match=rf"SignatureDoesNotMatch.*{first}"):
        attempt()
    assert state.get(STATE_KEY)["task_id"] == first


@pytest.mark.parametrize(("code", "clear"), [(50511, 0), (50215, 1)], ids=["a new job may do better", "the task was cleared"])
def test_a_job_that_is_found_failed_is_submitted_anew_in_the_same_try(attempt, emulator, code, clear):
    first, _ = attempt()
    emulator.admin("POST", f"/tasks/{first}", {"code": code})
    assert attempt(max_tries=clear)[0] != first
    assert emulator.accepted() == 2


def test_a_lost_job_and_then_a_lost_reply_are_not_paid_a_third_time(attempt, emulator):
    policy = {"on_lost_task": "resubmit", "on_orphaned_intent": "resubmit"}
    first, _ = attempt(**policy)
    emulator.admin("POST", f"/tasks/{first}", {"status": "expired"})
    emulator.fault(kind="reset", action="CVSubmitTask", phase="after")
    with pytest.raises(AirflowFailException):
        attempt(**policy)
    with pytest.raises(AirflowFailException, match="that was the second one already"):
        attempt(**policy)
    assert emulator.accepted() == 2


def test_the_last_pause_is_not_too_short_for_airflow(submit, emulator, state):
    emulator.fault(kind="code", code="50430", action="CVSubmitTask")
    with pytest.raises(TaskDeferred) as caught:
        submit(quota_timeout=600).resume_submit(task_context(state=state), {"since": time.time() - 595})
    assert caught.value.trigger.resume_at - time.time() > 5.5
