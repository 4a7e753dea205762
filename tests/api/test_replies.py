"""Both envelopes are read, and any body at all gives a model or one of our errors."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_omnihuman.api import actions
from airflow_provider_omnihuman.api.error_codes import BUSINESS_CODES, GATEWAY_CODES, Kind, Retry
from airflow_provider_omnihuman.api.errors import (
    MalformedReplyError,
    OmniHumanError,
    QuotaError,
    ServiceError,
    TaskFailedError,
    error_from_dict,
)
from airflow_provider_omnihuman.api.models import TaskStatus, VideoRequest
from airflow_provider_omnihuman.api.replies import read_reply
from airflow_provider_omnihuman.api.sites import INTERNATIONAL, MAINLAND
from tests.api.conftest import response

REQUEST = VideoRequest(image_url="https://h/p.png", audio_url="https://h/a.mp3")
CALLS = {
    "submit": actions.submit_video(MAINLAND, REQUEST),
    "result": actions.get_result(INTERNATIONAL, "1"),
    "detect": actions.detect_subjects(MAINLAND, "https://h/p.png"),
}


def test_a_submission_keeps_its_task_id_as_text():
    assert CALLS["submit"].read(response("submit_accepted")).task_id == "7392616336519610409"


@pytest.mark.parametrize("task_id", [7392616336519610409, "", None, 7.4e18])
def test_a_task_id_that_is_no_text_is_malformed(task_id):
    with pytest.raises(MalformedReplyError, match="task_id"):
        CALLS["submit"].read(response({"code": 10000, "data": {"task_id": task_id}}))


def test_a_finished_task_has_its_url_and_its_label():
    reply = CALLS["result"].read(response("done"))
    assert (reply.status, reply.aigc_meta_tagged) == (TaskStatus.DONE, True)
    assert reply.video_url == "https://v.example/a.mp4?sign=s3cr3t"
    assert "s3cr3t" not in repr(reply)


def test_the_url_may_come_inside_resp_data():
    reply = CALLS["result"].read(response("done_international"))
    assert (reply.video_url, reply.aigc_meta_tagged) == ("https://v.example/b.mp4", False)


def test_done_without_a_url_is_a_reply_of_its_own():
    assert CALLS["result"].read(response("done_without_url")).video_url is None


@pytest.mark.parametrize("url", ["ftp://h/a.mp4", "/a.mp4", "https://h/a b.mp4", "https://h/\ud800", "http://a..b/v.mp4"])
def test_a_video_url_that_cannot_be_opened_is_malformed(url):
    with pytest.raises(MalformedReplyError, match="data.video_url"):
        CALLS["result"].read(response({"code": 10000, "data": {"status": "done", "video_url": url}}))


def test_what_the_service_says_is_made_fit_for_logs_and_databases():
    document = b'{"code": 50500, "message": "half \\ud83d and \\u0000 and \\n", "request_id": "r\\u0000"}'
    with pytest.raises(ServiceError) as caught:
        read_reply(response(document))
    assert "half \ufffd and \ufffd and \ufffd" in str(caught.value)
    assert caught.value.request_id == "r\ufffd"
    str(caught.value).encode()


@pytest.mark.parametrize("status", list(TaskStatus))
def test_every_documented_status_is_known(status):
    assert CALLS["result"].read(response({"code": 10000, "data": {"status": status.value}})).status is status


@pytest.mark.parametrize("status", ["paused", None, 7, [], "DONE"])
def test_an_undocumented_status_is_a_named_error(status):
    with pytest.raises(MalformedReplyError, match="which the API does not document"):
        CALLS["result"].read(response({"code": 10000, "data": {"status": status}}))


def test_data_null_with_success_is_malformed():
    with pytest.raises(MalformedReplyError, match="data.status is None, which the API does not document"):
        CALLS["result"].read(response("data_null"))


@pytest.mark.parametrize("http_status", [200, 400, 401, 429, 500])
def test_the_body_is_read_before_the_http_status(http_status):
    with pytest.raises(TaskFailedError) as caught:
        CALLS["result"].read(response("audio_too_long", http_status=http_status, **{"X-Tt-Logid": "log-1"}))
    assert caught.value.code == "50215"
    assert caught.value.request_id == "2025092517155016D925474BBC35F63896"
    assert caught.value.logid == "log-1"
    assert CALLS["submit"].read(response("submit_accepted", http_status=http_status))


def test_a_business_code_inside_the_gateways_shape_is_a_business_code():
    with pytest.raises(TaskFailedError, match=r"^\[50215\]"):
        CALLS["result"].read(response("business_code_in_gateway_shape", http_status=400))


@pytest.mark.parametrize("row", BUSINESS_CODES.values(), ids=lambda row: row.code)
def test_every_business_code_gives_its_error(row):
    with pytest.raises(ServiceError) as caught:
        read_reply(response({"code": int(row.code), "data": None, "message": "m", "request_id": "r"}))
    check_against_row(caught.value, row)


@pytest.mark.parametrize("row", GATEWAY_CODES.values(), ids=lambda row: row.code)
def test_every_gateway_code_gives_its_error(row):
    document = {"ResponseMetadata": {"RequestId": "r", "Error": {"Code": row.code, "CodeN": 1, "Message": "m"}}}
    with pytest.raises(ServiceError) as caught:
        read_reply(response(document, http_status=row.http_status))
    check_against_row(caught.value, row)


def check_against_row(error, row):
    assert (error.code, error.retry, error.advice, error.request_id) == (row.code, row.retry, row.advice, "r")
    assert error.retryable is (row.retry is Retry.ASK_AGAIN)
    assert isinstance(error, QuotaError) is (row.kind is Kind.QUOTA)
    assert isinstance(error, TaskFailedError) is (row.kind in {Kind.INPUT, Kind.AUDIT})
    assert str(error).startswith(f"[{row.code}] {row.meaning}")
    assert "r" in str(error)


def test_a_presigned_url_that_the_service_echoes_loses_its_query():
    document = {"code": 50220, "data": None, "message": "cannot fetch https://s3/b/k?X-Amz-Signature=s3cr3t now"}
    with pytest.raises(TaskFailedError) as caught:
        read_reply(response(document))
    assert "https://s3/b/k?…" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>502 Bad Gateway</html>", b'{"code": 10000, "data": {"task_', b"[]", b"null", b"\xff\xfe", b"[" * 100_000],
)
@pytest.mark.parametrize("http_status", [200, 502])
def test_what_is_not_the_apis_reply_is_malformed_and_may_pass(body, http_status):
    with pytest.raises(MalformedReplyError) as caught:
        read_reply(response(body, http_status=http_status))
    assert caught.value.retryable
    assert f"HTTP {http_status}" in str(caught.value)


def test_detection_gives_at_most_five_masks_in_the_services_order():
    urls = [f"https://h/{index}.png" for index in range(6)]
    inner = {"code": 0, "status": 1, "object_detection_result": {"mask": {"url": urls}}}
    reply = response({"code": 10000, "data": {"resp_data": json.dumps(inner)}})
    assert CALLS["detect"].read(reply).mask_urls == tuple(urls[:5])


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ({"code": 7, "status": 1}, "inner code 7"),
        ({"code": 0, "status": 9}, "inner status 9"),
        ({"code": 0, "status": 1, "object_detection_result": {"mask": {"url": "x"}}}, "not a list"),
        ({"code": 0, "status": 1, "object_detection_result": {"mask": {"url": ["x"]}}}, "mask.url must be an http"),
    ],
)
def test_detection_has_inner_checks(inner, message):
    with pytest.raises(MalformedReplyError, match=message):
        CALLS["detect"].read(response({"code": 10000, "data": {"resp_data": json.dumps(inner)}}))


def test_detection_without_a_subject_gives_no_masks():
    inner = {"code": 0, "status": 0, "object_detection_result": {}}
    assert CALLS["detect"].read(response({"code": 10000, "data": {"resp_data": json.dumps(inner)}})).mask_urls == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["done", "1", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "data", "status", "task_id", "video_url", "resp_data", "message", "url", "Code"])
            | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ENVELOPES = st.fixed_dictionaries(
    {"code": st.sampled_from([10000, "10000", 50215, 50500, True, None, 1.5]) | st.integers()},
    optional={"data": JSON, "message": JSON, "request_id": JSON, "status": JSON},
) | st.fixed_dictionaries({"ResponseMetadata": JSON | st.fixed_dictionaries({"Error": JSON})})


@given(
    body=st.binary(max_size=200) | (JSON | ENVELOPES).map(lambda value: json.dumps(value).encode()),
    http_status=st.sampled_from([200, 400, 401, 404, 429, 500, 502, 504]),
    call=st.sampled_from(sorted(CALLS)),
)
@example(body=b'{"code": 10000, "data": {"resp_data": "[]", "status": "done"}}', http_status=200, call="result")
@example(body=b'{"code": 10000, "data": {"resp_data": 7}}', http_status=200, call="detect")
def test_any_body_gives_a_model_or_an_omnihuman_error(body, http_status, call):
    try:
        CALLS[call].read(httpx.Response(http_status, content=body))
    except OmniHumanError as error:
        str(error).encode()
        assert str(error_from_dict(json.loads(json.dumps(error.to_dict())))) == str(error)  # noqa: PT017 - a model is as good
