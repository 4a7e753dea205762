"""A submit is never said twice unless it certainly started nothing."""

from __future__ import annotations

import json

import pytest

from airflow_provider_omnihuman.api.conversations import Conversations
from airflow_provider_omnihuman.api.errors import (
    InvalidRequestError,
    QuotaError,
    ServiceError,
    SubmitOutcomeUnknownError,
    TransportError,
)
from airflow_provider_omnihuman.api.models import VideoRequest
from airflow_provider_omnihuman.api.sites import INTERNATIONAL
from tests.api.conftest import response

REQUEST = VideoRequest(image_url="https://cdn.example/p.png", audio_url="https://cdn.example/a.mp3")


def test_the_request_is_the_reference_pages(stepper):
    submission = stepper.run(stepper.conversations.submit(REQUEST), response("submit_accepted"))
    (request,) = stepper.requests
    assert str(request.url) == "https://visual.volcengineapi.com/?Action=CVSubmitTask&Version=2022-08-31"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {"req_key": "jimeng_realman_avatar_picture_omni_v15", **REQUEST.to_body()}
    assert submission.request_id == "20240720103939AF0029465CF6A74E51EC"


def test_the_international_site_has_its_own_names(stepper):
    conversation = Conversations(site=INTERNATIONAL).submit(REQUEST)
    stepper.run(conversation, response("submit_accepted"))
    assert str(stepper.requests[0].url) == "https://cv.byteplusapi.com/?Action=CVSubmitTask&Version=2024-06-06"
    assert json.loads(stepper.requests[0].content)["req_key"] == "realman_avatar_picture_omni15_cv"


@pytest.mark.parametrize(
    "answer",
    [
        TransportError("read timeout", may_have_arrived=True),
        response(b"<html>504 Gateway Time-out</html>", http_status=504),
        response(b""),
        response("gateway_timeout", http_status=504),
        response({"code": 10000, "data": None}),
        response({"code": 10000, "data": {"task_id": ""}}),
        response({"code": 10000, "data": {"task_id": "7\ud800"}}),
        response({"ResponseMetadata": {"Error": {"CodeN": 100016, "Message": "timeout"}}}, http_status=504),
        response({"ResponseMetadata": {"Error": {"Code": "BrandNewTimeout", "CodeN": 1}}}, http_status=504),
    ],
    ids=[
        "read timeout",
        "html",
        "empty",
        "gateway timeout",
        "accepted without data",
        "accepted without id",
        "accepted with an unusable id",
        "gateway timeout by number",
        "gateway timeout of a new name",
    ],
)
def test_a_submit_is_not_repeated_when_its_reply_was_lost(stepper, answer):
    with pytest.raises(SubmitOutcomeUnknownError, match="may exist, and be billed") as caught:
        stepper.run(stepper.conversations.submit(REQUEST), answer)
    assert len(stepper.requests) == 1
    assert not caught.value.retryable


def test_a_submit_that_never_arrived_is_said_again(stepper):
    refused = TransportError("connection refused", may_have_arrived=False)
    submission = stepper.run(stepper.conversations.submit(REQUEST), refused, refused, response("submit_accepted"))
    assert submission.task_id == "7392616336519610409"
    assert len(stepper.requests) == 3
    assert stepper.pauses[0] < stepper.pauses[1]


def test_a_submit_that_never_arrives_ends_with_a_retryable_error(stepper):
    with pytest.raises(TransportError) as caught:
        stepper.run(stepper.conversations.submit(REQUEST), TransportError("refused", may_have_arrived=False))
    assert caught.value.retryable
    assert len(stepper.requests) == 4


def test_a_submit_that_a_limit_refused_is_said_again_a_few_times(stepper):
    with pytest.raises(QuotaError, match="50430"):
        stepper.run(stepper.conversations.submit(REQUEST), response("concurrency", http_status=429))
    assert len(stepper.requests) == 4
    assert all(pause > 0 for pause in stepper.pauses)


@pytest.mark.parametrize("sample", ["audio_too_long", "text_risk", "internal", "gateway_signature"])
def test_a_refusal_in_so_many_words_is_final(stepper, sample):
    with pytest.raises(ServiceError) as caught:
        stepper.run(stepper.conversations.submit(REQUEST), response(sample, http_status=400))
    assert not isinstance(caught.value, SubmitOutcomeUnknownError)
    assert len(stepper.requests) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.1.2.3", "192.168.0.9", "minio.internal", "[::1]", "169.254.1.1"])
@pytest.mark.parametrize("field", ["image_url", "audio_url", "mask_url"])
def test_an_input_that_only_this_network_can_reach_is_refused_before_it_is_sent(stepper, host, field):
    url = f"http://{host}/x?X-Amz-Signature=s3cr3t"
    values = {"image_url": REQUEST.image_url, "audio_url": REQUEST.audio_url, field: (url,) if field == "mask_url" else url}
    with pytest.raises(InvalidRequestError, match=f"{field}.* only this network can reach") as caught:
        stepper.run(stepper.conversations.submit(VideoRequest(**values)), response("submit_accepted"))
    assert not stepper.requests
    assert "s3cr3t" not in str(caught.value)


def test_a_local_endpoint_may_be_given_local_inputs(stepper):
    request = VideoRequest(image_url="http://127.0.0.1:9/p.png", audio_url="http://127.0.0.1:9/a.mp3")
    conversation = Conversations(endpoint="http://127.0.0.1:8000").submit(request)
    assert stepper.run(conversation, response("submit_accepted")).task_id
