"""Waiting ends with the video, a permanent error, the deadline, or faults for too long, and tells each change once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from airflow_provider_omnihuman.api.errors import (
    InvalidRequestError,
    MalformedReplyError,
    ServiceError,
    TaskFailedError,
    TaskLostError,
    TransportError,
    WaitTimeoutError,
)
from airflow_provider_omnihuman.api.models import AigcMeta, TaskStatus
from airflow_provider_omnihuman.api.schedule import PollSchedule
from airflow_provider_omnihuman.api.waiting import Wait, usual_render_s
from tests.api.conftest import response

LOST_REPLY = TransportError("reset")


def wait(stepper, *answers, timeout_s=7200.0, heard=None, **options):
    conversation = stepper.conversations.wait_until_done(
        "7", wait=Wait(deadline=stepper.now + timeout_s, **options), on_change=(heard if heard is not None else []).append
    )
    return stepper.run(conversation, *answers)


def test_it_polls_until_the_video_is_there(stepper):
    video = wait(stepper, response("generating"), response("generating"), response("done"))
    assert video.task_id == "7"
    assert video.video_url.startswith("https://v.example/a.mp4")
    assert video.aigc_meta_tagged is True
    assert video.asked_at == stepper.now
    assert len(stepper.requests) == 3


def test_the_first_poll_comes_no_sooner_than_ten_seconds(stepper):
    wait(stepper, response("generating"), response("done"))
    assert stepper.pauses[0] >= 10
    assert 9 <= stepper.pauses[1] <= 11


def test_the_label_is_asked_for_in_req_json(stepper):
    meta = AigcMeta("p", "c", content_producer="机构")
    stepper.run(
        stepper.conversations.wait_until_done("7", wait=Wait(deadline=stepper.now + 60), aigc_meta=meta), response("done")
    )
    body = json.loads(stepper.requests[0].content)
    assert body["task_id"] == "7"
    assert json.loads(body["req_json"]) == {
        "aigc_meta": {"producer_id": "p", "content_propagator": "c", "content_producer": "机构"}
    }


def test_without_a_label_there_is_no_req_json(stepper):
    wait(stepper, response("done"))
    assert "req_json" not in json.loads(stepper.requests[0].content)


@pytest.mark.parametrize("sample", ["audio_too_long", "text_risk", "output_audit", "business_code_in_gateway_shape"])
def test_a_job_that_failed_ends_the_wait_at_once(stepper, sample):
    with pytest.raises(TaskFailedError) as caught:
        wait(stepper, response("generating"), response(sample, http_status=400))
    assert caught.value.task_id == "7"
    assert len(stepper.requests) == 2


@pytest.mark.parametrize("status", ["not_found", "expired"])
def test_a_lost_task_ends_the_wait_and_says_so(stepper, status):
    with pytest.raises(TaskLostError, match=f"{status} for task 7.*12 h") as caught:
        wait(stepper, response({"code": 10000, "data": {"status": status}}))
    assert not caught.value.retryable


def test_a_refused_key_ends_the_wait_at_once(stepper):
    with pytest.raises(ServiceError, match="SignatureDoesNotMatch"):
        wait(stepper, response("gateway_signature", http_status=401))


@pytest.mark.parametrize(
    "fault",
    [
        LOST_REPLY,
        response(b"<html>"),
        response("internal"),
        response("concurrency"),
        response("gateway_timeout"),
        response("data_null"),
    ],
    ids=["reset", "html", "50500", "50430", "gateway 504", "data null"],
)
def test_a_passing_fault_is_outlived(stepper, fault):
    assert wait(stepper, fault, fault, fault, response("done")).task_id == "7"


def test_faults_for_too_long_end_the_wait_with_the_whole_story(stepper):
    with pytest.raises(TransportError, match=r"no usable reply to \d+ polls in \d+ s .*job itself may still finish"):
        wait(stepper, response("generating"), TransportError("reset"), fault_tolerance_s=60)
    assert len(stepper.requests) < 10


def test_a_good_reply_starts_the_tolerance_anew(stepper):
    fault = TransportError("reset")
    answers = [*[fault] * 5, response("generating")] * 4
    assert wait(stepper, *answers, response("done"), fault_tolerance_s=60).task_id == "7"


def test_done_without_a_url_is_waited_for_and_bounded(stepper):
    assert wait(stepper, response("done_without_url"), response("done_without_url"), response("done")).task_id == "7"
    with pytest.raises(MalformedReplyError, match="done and has no video URL"):
        wait(stepper, response("done_without_url"), empty_url_tolerance_s=120)


def test_the_deadline_ends_the_wait_and_says_that_the_job_may_still_finish(stepper):
    started = stepper.now
    with pytest.raises(WaitTimeoutError, match=r"task 7 was not done .*generating.*may still finish, and is billed"):
        wait(stepper, response("generating"), timeout_s=95)
    assert stepper.now - started == pytest.approx(95)


def test_a_deadline_that_has_passed_still_asks_once(stepper):
    assert wait(stepper, response("done"), timeout_s=-10).task_id == "7"
    with pytest.raises(WaitTimeoutError):
        wait(stepper, response("generating"), timeout_s=-10)


def test_each_change_is_told_once(stepper):
    heard = []
    fault = TransportError("reset")
    answers = [response("generating")] * 3 + [fault] * 3 + [response("generating")] * 2 + [response("done")]
    wait(stepper, *answers, heard=heard)
    assert [(str(p.status), p.fault is not None) for p in heard] == [
        ("generating", False),
        ("generating", True),
        ("generating", False),
        ("done", False),
    ]
    assert heard[-1].status is TaskStatus.DONE


def test_the_remaining_life_of_the_url_is_told(stepper):
    heard = []
    video = wait(stepper, response("done"), heard=heard)
    assert video.url_expires_at == video.to_dict()["url_expires_at"] == stepper.now + 3600
    dies = datetime.fromtimestamp(stepper.now + 3600, UTC)
    assert f"this URL of the video lives until {dies:%H:%M:%S} UTC" in str(heard[-1])


def test_done_is_told_again_once_the_url_is_there(stepper):
    heard = []
    wait(stepper, *[response("done_without_url")] * 3, response("done"), heard=heard)
    assert [bool(p.video) for p in heard] == [False, True]


@pytest.mark.parametrize(("audio_s", "needed_s"), [(15, 540), (60, 2160), (None, 0)])
def test_a_render_takes_minutes_for_each_quarter_of_a_minute(audio_s, needed_s):
    assert usual_render_s(audio_s) == needed_s


@pytest.mark.parametrize("task_id", ["", "  ", None, 7392616336519610409])
def test_a_task_id_that_is_no_text_is_refused(stepper, task_id):
    with pytest.raises(InvalidRequestError, match="task id must be a non-empty string"):
        stepper.run(stepper.conversations.wait_until_done(task_id, wait=Wait(deadline=0)), response("done"))


@pytest.mark.parametrize("task_id", ["7\n", "7\x00", "\ud800"])
def test_a_task_id_that_cannot_be_sent_is_refused(stepper, task_id):
    with pytest.raises(InvalidRequestError, match="holds characters that no task id has") as caught:
        stepper.run(stepper.conversations.fetch(task_id), response("done"))
    str(caught.value).encode()


@pytest.mark.parametrize("name", ["deadline", "fault_tolerance_s", "empty_url_tolerance_s"])
def test_a_span_that_is_not_a_number_is_refused_since_it_would_never_end(name):
    with pytest.raises(InvalidRequestError, match=f"{name} is not a number of seconds"):
        Wait(**{"deadline": 0.0, name: float("nan")})


@pytest.mark.parametrize("values", [{"interval_s": 0}, {"interval_s": float("nan")}, {"first_s": -1}, {"jitter": 2}])
def test_an_unusable_schedule_is_refused(values):
    with pytest.raises(InvalidRequestError, match="not a usable poll schedule"):
        PollSchedule(**values)
