"""The verifier: the vendor's published vector, and each way of getting a signature wrong."""

from __future__ import annotations

import pytest
from emulator_client import QUERY, Client
from volcengine.auth.SignerV4 import SignerV4

from airflow_provider_omnihuman.emulator.signature import Account, Credential, ReceivedRequest, sign, verify

BODY = {"req_key": "jimeng_realman_avatar_picture_omni_v15", "task_id": "7000000000000000000"}

# Volcengine documentation, "signature examples": published sample keys.
VECTOR = ReceivedRequest(
    method="GET",
    path="/",
    query="Action=ListUsers&Limit=10&Offset=0&Version=2018-01-01",
    headers={
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.volcengineapi.com",
        "x-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-date": "20201230T081805Z",
    },
    body=b"",
)
VECTOR_SECRET = "TnpCak5XWXpZV1U0WkRaaE5ERmxaR0ZpTmpjeVkyUXlZek0wTWpJMU1qWQ=="
VECTOR_KEY = "AKLTMjI2ODVlYzI3ZGY1NGU4ZjhjYWRjMTlmNTM5OTZkYzE"
VECTOR_SIGNATURE = "28eeabbbd726b87002e0fe58ad8c1c768e619b06e2646f35b6ad7ed029a6d8a7"
SIGNED = ["content-type", "host", "x-content-sha256", "x-date"]


def test_published_vector():
    credential = Credential(VECTOR_KEY, "20201230", "cn-north-1", "iam")
    assert sign(VECTOR, VECTOR_SECRET, credential, SIGNED) == VECTOR_SIGNATURE


def test_published_vector_verifies_whole():
    authorization = (
        f"HMAC-SHA256 Credential={VECTOR_KEY}/20201230/cn-north-1/iam/request, "
        f"SignedHeaders={';'.join(SIGNED)}, Signature={VECTOR_SIGNATURE}"
    )
    request = ReceivedRequest(
        VECTOR.method, VECTOR.path, VECTOR.query, dict(VECTOR.headers) | {"authorization": authorization}, b""
    )
    account = Account(VECTOR_KEY, VECTOR_SECRET)
    credential = verify(request, account, now_s=1609316285, service="iam", regions=["cn-north-1"])
    assert credential.scope == "20201230/cn-north-1/iam/request"


def error_of(reply):
    metadata = reply.json()["ResponseMetadata"]
    assert metadata["RequestId"] == reply.headers["X-Tt-Logid"]
    return reply.status_code, metadata["Error"]["Code"], metadata["Error"]["CodeN"]


def tampered(client, change, body=BODY):
    params, headers, data = client.signed(QUERY, body)
    params, headers, data = change(params, headers, data)
    return error_of(client.send(params, headers, data))


def without(name):
    return lambda params, headers, data: (params, {k: v for k, v in headers.items() if k != name}, data)


def with_header(name, value):
    def change(params, headers, data):
        return params, headers | {name: value(headers[name]) if callable(value) else value}, data

    return change


def without_parameter(name):
    return lambda params, headers, data: ({k: v for k, v in params.items() if k != name}, headers, data)


UNSIGNED = ("x-date", "host")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(without("Authorization"), (400, "InvalidAuthorization", 100025), id="no Authorization"),
        pytest.param(with_header("Authorization", "Bearer x"), (400, "InvalidAuthorization", 100024), id="malformed"),
        *[
            pytest.param(
                with_header("Authorization", lambda v, n=n: v.replace(f"{n};", "").replace(f";{n}", "")),
                (400, "InvalidAuthorization", 100024),
                id=f"{n} not signed",
            )
            for n in UNSIGNED
        ],
        pytest.param(without("X-Date"), (400, "MissingRequestInfo", 100004), id="no X-Date"),
        pytest.param(with_header("X-Date", "yesterday"), (400, "InvalidTimestamp", 100006), id="no date"),
        pytest.param(
            with_header("Authorization", lambda v: v.replace("/request", "/aws4_request")),
            (400, "InvalidCredential", 100025),
            id="scope's end",
        ),
        pytest.param(
            with_header("Authorization", lambda v: v.replace("/cn-north-1", "")),
            (400, "InvalidCredential", 100025),
            id="scope's parts",
        ),
        pytest.param(
            with_header("Authorization", lambda v: v.replace("/20", "/19", 1)),
            (400, "InvalidCredential", 100025),
            id="scope's date",
        ),
        pytest.param(lambda p, h, d: (p, h, d.replace(b"7", b"8")), (401, "SignatureDoesNotMatch", 100010), id="body"),
        pytest.param(lambda p, h, d: (p | {"Limit": "1"}, h, d), (401, "SignatureDoesNotMatch", 100010), id="query"),
        pytest.param(with_header("Content-Type", "text/plain"), (401, "SignatureDoesNotMatch", 100010), id="header"),
        pytest.param(with_header("X-Security-Token", "made-up"), (401, "InvalidSecretToken", 100026), id="a token too many"),
        pytest.param(without_parameter("Action"), (400, "MissingParameter", 100002), id="no Action"),
        pytest.param(without_parameter("Version"), (400, "MissingParameter", 100002), id="no Version"),
    ],
)
def test_each_way_of_getting_a_request_wrong(client, change, expected):
    assert tampered(client, change) == expected


def test_body_hash_header_must_be_the_bodys_even_when_it_is_not_signed(client, monkeypatch):
    """Some clients sign ``host;x-date`` only; what they declare must still be true."""
    params, headers, data = sign_two_headers(client)
    assert client.send(params, headers, data).json()["data"]["status"] == "not_found"
    reply = client.send(params, headers | {"X-Content-Sha256": "0" * 64}, data)
    assert error_of(reply) == (401, "SignatureDoesNotMatch", 100010)


def sign_two_headers(client):
    import json
    import time

    data = json.dumps(BODY).encode()
    query = f"Action={QUERY}&Version={client.version}"
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    host = client.endpoint.removeprefix("http://")
    received = ReceivedRequest("POST", "/", query, {"host": host, "x-date": date}, data)
    credential = Credential(client.access_key, date[:8], client.region, client.service)
    signature = sign(received, client.secret_key, credential, ["host", "x-date"])
    authorization = (
        f"HMAC-SHA256 Credential={client.access_key}/{credential.scope}, SignedHeaders=host;x-date, Signature={signature}"
    )
    headers = {"Host": host, "X-Date": date, "Authorization": authorization, "Content-Type": "application/json"}
    return {"Action": QUERY, "Version": client.version}, headers, data


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"access_key": "AKLTother"}, (401, "InvalidAccessKey", 100009)),
        ({"secret_key": "other"}, (401, "SignatureDoesNotMatch", 100010)),
        ({"region": "cn-beijing"}, (400, "InvalidCredential", 100025)),
        ({"service": "iam"}, (404, "ServiceNotFound", 100007)),
        ({"version": "2020-01-01"}, (404, "InvalidActionOrVersion", 100008)),
        ({"region": "ap-singapore-1"}, (404, "InvalidActionOrVersion", 100008)),
        ({"session_token": "made-up"}, (401, "InvalidSecretToken", 100026)),
    ],
)
def test_correctly_signed_but_not_for_this_service(client, changes, expected):
    other = Client(client.endpoint, client.admin_url, **changes)
    assert error_of(other.call(QUERY, BODY)) == expected


def test_unknown_action(client):
    assert error_of(client.call("CVCancelTask", BODY)) == (404, "InvalidActionOrVersion", 100008)


def test_unknown_path(client):
    import requests

    assert error_of(requests.post(client.endpoint + "/v2/x", timeout=5)) == (404, "ServiceNotFound", 100007)


@pytest.mark.parametrize(("minutes", "expected"), [(-16, 400), (-14, 200), (14, 200), (16, 400)])
def test_fifteen_minutes_of_clock_skew_are_tolerated(client, monkeypatch, minutes, expected):
    import time

    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + minutes * 60))
    monkeypatch.setattr(SignerV4, "get_current_format_date", lambda: date)
    reply = client.call(QUERY, BODY)
    assert reply.status_code == expected
    if expected == 400:
        assert error_of(reply)[1] == "InvalidTimestamp"


def test_moving_the_emulators_clock_leaves_signatures_valid(client):
    client.advance(7200)
    assert client.call(QUERY, BODY).status_code == 200


def test_session_token_is_demanded_when_there_is_one(start):
    client = start(session_token="sts-token")
    assert error_of(client.call(QUERY, BODY)) == (401, "InvalidSecretToken", 100026)
    client.session_token = "sts-token"
    assert client.call(QUERY, BODY).status_code == 200


def test_server_of_one_site_refuses_the_other_region(start):
    client = start(site="international")
    assert error_of(client.call(QUERY, BODY)) == (400, "InvalidCredential", 100025)
