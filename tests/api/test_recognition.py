"""Looking at a portrait: a conversation that ends with an answer, a refusal, or its time."""

from __future__ import annotations

import json

import pytest

from airflow_provider_omnihuman.api.actions import detect_subjects
from airflow_provider_omnihuman.api.errors import MalformedReplyError, ServiceError, TaskLostError, TransportError
from airflow_provider_omnihuman.api.sites import MAINLAND
from tests.api.conftest import response

PORTRAIT = "https://cdn.example/p.png"
RECEIPT = response({"code": 10000, "data": {"task_id": "8"}})
PENDING = response({"code": 10000, "data": {"status": "in_queue"}})


def answer(status):
    return response({"code": 10000, "data": {"status": "done", "resp_data": json.dumps({"status": status})}})


@pytest.mark.parametrize(("status", "found"), [(1, True), (0, False)])
def test_the_answer_is_asked_for_under_the_services_own_name(stepper, status, found):
    conversation = stepper.conversations.recognize_subject(PORTRAIT)
    assert stepper.run(conversation, RECEIPT, PENDING, answer(status)) is found
    submit, *polls = [json.loads(request.content) for request in stepper.requests]
    name = "jimeng_realman_avatar_picture_create_role_omni_v15"
    assert submit == {"req_key": name, "image_url": PORTRAIT}
    assert polls == [{"req_key": name, "task_id": "8"}] * 2


def test_an_answer_that_never_comes_is_given_up_in_time(stepper):
    started = stepper.now
    with pytest.raises(TransportError, match="no answer within 20 s"):
        stepper.run(stepper.conversations.recognize_subject(PORTRAIT, timeout_s=20), RECEIPT, PENDING)
    assert 20 <= stepper.now - started < 25


@pytest.mark.parametrize("status", ["not_found", "expired"])
def test_a_lost_question_ends_it_at_once(stepper, status):
    with pytest.raises(TaskLostError, match=status):
        stepper.run(
            stepper.conversations.recognize_subject(PORTRAIT), RECEIPT, response({"code": 10000, "data": {"status": status}})
        )
    assert len(stepper.requests) == 2


def test_an_answer_that_is_neither_yes_nor_no_is_malformed(stepper):
    with pytest.raises(MalformedReplyError, match="has status 2, not 0 or 1"):
        stepper.run(stepper.conversations.recognize_subject(PORTRAIT), RECEIPT, answer(2))


def test_a_permanent_refusal_is_not_asked_again(stepper):
    with pytest.raises(ServiceError, match="50411"):
        stepper.run(stepper.conversations.detect_subjects(PORTRAIT), response({"code": 50411}))
    assert len(stepper.requests) == 1


def test_a_passing_fault_is_asked_again_a_few_times(stepper):
    with pytest.raises(ServiceError, match="50500"):
        stepper.run(stepper.conversations.detect_subjects(PORTRAIT), response("internal"))
    assert len(stepper.requests) == 4


def test_detection_is_given_the_time_that_it_takes():
    """The vendor advises a read timeout of 30 s at least."""
    request = detect_subjects(MAINLAND, PORTRAIT).to_request("https://h.example", connect_timeout_s=1, read_timeout_s=5)
    assert request.extensions["timeout"]["read"] >= 30
    assert request.extensions["timeout"]["connect"] == 1
