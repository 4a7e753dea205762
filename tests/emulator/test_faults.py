"""Each fault on the wire, as a client meets it, and what the server has done meanwhile."""

from __future__ import annotations

import time
from collections import deque

import pytest
import requests
from emulator_client import QUERY, SUBMIT

MADE_UP = "7000000000000000001"


def test_reset_before_accepting(client, body):
    client.fault(kind="reset", action=SUBMIT)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        client.call(SUBMIT, body)
    assert client.state()["accepted"] == 0
    assert client.state()["requests"] == {SUBMIT: {"fault:reset": 1}}
    client.submit(body)  # it was for one request only


def test_reset_after_accepting(client, body):
    client.fault(kind="reset", action=SUBMIT, phase="after")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        client.call(SUBMIT, body)
    state = client.state()
    assert state["accepted"] == 1  # paid for, and the caller does not know it
    assert state["jobs"][0]["body"] == body
    assert state["requests"] == {SUBMIT: {"10000+fault:reset": 1}}


def test_half_a_body(client):
    client.fault(kind="half_body", action=QUERY)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.query(MADE_UP)
    assert client.state()["requests"] == {QUERY: {"10000+fault:half_body": 1}}


def test_delay(client):
    client.fault(kind="delay", action=QUERY, delay_s=0.4)
    started_s = time.monotonic()
    assert client.status(MADE_UP) == "not_found"
    assert time.monotonic() - started_s >= 0.4


def test_delay_after_accepting_makes_a_read_timeout_of_a_paid_job(client, body):
    client.fault(kind="delay", action=SUBMIT, phase="after", delay_s=1)
    with pytest.raises(requests.ReadTimeout):
        client.send(*client.signed(SUBMIT, body), timeout=0.3)
    assert client.state()["accepted"] == 1


@pytest.mark.parametrize(
    ("fault", "http_status", "content_type", "start"),
    [
        ({"kind": "html"}, 502, "text/html", b"<html>"),
        ({"kind": "html", "status": 200}, 200, "text/html", b"<html>"),
        ({"kind": "status"}, 503, "text/html", b"<html>"),
        ({"kind": "status", "status": 504}, 504, "text/html", b"<html>"),
        ({"kind": "empty"}, 200, "", b""),
        ({"kind": "garbage"}, 200, "application/json", b'{"code": 10000, '),
    ],
)
@pytest.mark.parametrize("phase", ["before", "after"])
def test_wrong_replies(client, body, fault, http_status, content_type, start, phase):
    client.fault(action=SUBMIT, phase=phase, **fault)
    reply = client.call(SUBMIT, body)
    assert reply.status_code == http_status
    assert reply.headers.get("Content-Type", "").startswith(content_type)
    assert reply.content.startswith(start)
    with pytest.raises(requests.JSONDecodeError):
        reply.json()
    assert client.state()["accepted"] == (phase == "after")


@pytest.mark.parametrize(
    ("code", "http_status"), [(50429, 429), (50430, 429), (50500, 500), (50501, 500), (50400, 401), (50215, 400)]
)
def test_business_codes(client, code, http_status):
    client.fault(kind="code", code=code)
    reply = client.query(MADE_UP)
    assert (reply.status_code, reply.json()["code"]) == (http_status, code)


@pytest.mark.parametrize(
    ("code", "http_status", "number"),
    [
        ("LackPolicy", 403, 100012),
        ("AccessDenied", 403, 100013),
        ("FlowLimitExceeded", 429, 100018),
        ("InternalError", 500, 100014),
        ("InternalServiceError", 502, 100015),
        ("ServiceUnavailableTemp", 503, 100017),
        ("InternalServiceTimeout", 504, 100016),
        ("SignatureDoesNotMatch", 401, 100010),
    ],
)
def test_gateway_codes(client, code, http_status, number):
    client.fault(kind="code", code=code)
    reply = client.query(MADE_UP)
    error = reply.json()["ResponseMetadata"]["Error"]
    assert (reply.status_code, error["Code"], error["CodeN"]) == (http_status, code, number)


def test_business_code_in_the_gateways_shape(client):
    client.fault(kind="code", code=50215, gateway_shape=True)
    reply = client.query(MADE_UP)
    assert reply.status_code == 400
    assert reply.json()["ResponseMetadata"]["Error"]["Code"] == "50215"


def test_done_without_a_url_for_a_while(client, body):
    task_id = client.submit(body)
    client.wait_until_rendered(task_id)
    client.fault(kind="empty_url", count=2)
    client.query(task_id)  # not done yet, so it does not use the fault up
    client.advance(600)
    urls = [client.query(task_id).json()["data"] for _ in range(3)]
    assert [data["status"] for data in urls] == ["done"] * 3
    assert [bool(data["video_url"]) for data in urls] == [False, False, True]


def test_faults_of_a_download(client, body):
    url = client.result(client.submit(body)).json()["data"]["video_url"]
    whole = requests.get(url, timeout=5).content
    client.fault(kind="half_body", action="video")
    with requests.get(url, timeout=5, stream=True) as reply:
        assert int(reply.headers["Content-Length"]) == len(whole)
        received = bytearray()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            deque(map(received.extend, reply.iter_content(1000)))
    assert received == whole[: len(received)]
    assert len(whole) // 2 - 1000 < len(received) <= len(whole) // 2  # the client drops its last, unfinished chunk


def test_scope_skip_and_count(client):
    client.fault(kind="code", code=50500, action=QUERY, skip=1, count=2)
    client.fault(kind="code", code=50501, action=SUBMIT)
    codes = [client.query(MADE_UP).json()["code"] for _ in range(5)]
    assert codes == [10000, 50500, 50500, 10000, 10000]


def test_probability_is_kept_and_seeded(client):
    def draw(seed):
        client.admin("DELETE", "/faults")
        client.fault(kind="code", code=50500, action=QUERY, probability=0.3, seed=seed)
        return [client.query(MADE_UP).json()["code"] for _ in range(60)]

    first = draw(1)
    assert draw(1) == first
    assert draw(2) != first
    assert 8 <= first.count(50500) <= 30


def test_delay_comes_on_top_of_another_fault(client):
    client.fault(kind="delay", delay_s=0.3)
    client.fault(kind="code", code=50500)
    started_s = time.monotonic()
    assert client.query(MADE_UP).json()["code"] == 50500
    assert time.monotonic() - started_s >= 0.3


def test_faults_can_be_lifted_one_by_one(client):
    first = client.fault(kind="code", code=50500, count=None)
    client.fault(kind="code", code=50501, count=None)
    assert client.query(MADE_UP).json()["code"] == 50500
    client.admin("DELETE", f"/faults/{first['fault_id']}")
    assert client.query(MADE_UP).json()["code"] == 50501
    assert client.admin("DELETE", "/faults") == []
    assert client.query(MADE_UP).json()["code"] == 10000
