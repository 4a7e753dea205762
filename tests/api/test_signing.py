"""Signature V4 matches the vendor's own sample, and gives no secret away."""

from __future__ import annotations

import httpx
import pytest
import time_machine

from airflow_provider_omnihuman.api.signing import Credentials, SignatureV4Auth

# The vendor's published sample request and keys (volcengine.com, "signature method", sample code).
SAMPLE_KEYS = Credentials(
    "AKLTMjI2ODVlYzI3ZGY1NGU4ZjhjYWRjMTlmNTM5OTZkYzE", "TnpCak5XWXpZV1U0WkRaaE5ERmxaR0ZpTmpjeVkyUXlZek0wTWpJMU1qWQ=="
)
SAMPLE_SIGNATURE = "28eeabbbd726b87002e0fe58ad8c1c768e619b06e2646f35b6ad7ed029a6d8a7"


def sign(request: httpx.Request, auth: SignatureV4Auth) -> httpx.Request:
    return next(auth.sync_auth_flow(request))


@time_machine.travel("2020-12-30T08:18:05+00:00", tick=False)
def test_the_vendors_published_vector_is_reproduced():
    request = httpx.Request(
        "GET",
        "https://iam.volcengineapi.com/?Action=ListUsers&Limit=10&Offset=0&Version=2018-01-01",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )
    signed = sign(request, SignatureV4Auth(SAMPLE_KEYS, region="cn-north-1", service="iam"))
    assert signed.headers["X-Date"] == "20201230T081805Z"
    assert signed.headers["Authorization"].endswith(f"Signature={SAMPLE_SIGNATURE}")


def test_the_session_token_is_sent_and_signed():
    auth = SignatureV4Auth(Credentials("AK", "SK", "the-token"), region="cn-north-1")
    signed = sign(httpx.Request("POST", "https://h/?Action=A&Version=V", content=b"{}"), auth)
    assert signed.headers["X-Security-Token"] == "the-token"
    assert "x-security-token" in signed.headers["Authorization"]


def test_every_x_header_that_is_sent_is_signed():
    request = httpx.Request("POST", "https://h/?Action=A&Version=V", content=b"{}", headers={"x-tt-trace": "1"})
    signed = sign(request, SignatureV4Auth(Credentials("AK", "SK"), region="cn-north-1"))
    assert "SignedHeaders=host;x-content-sha256;x-date;x-tt-trace," in signed.headers["Authorization"].replace(
        "content-type;", ""
    )


def test_each_attempt_is_signed_afresh():
    auth = SignatureV4Auth(Credentials("AK", "SK"), region="cn-north-1")
    request = httpx.Request("POST", "https://h/?Action=A&Version=V", content=b"{}")
    with time_machine.travel("2026-01-01T00:00:00+00:00", tick=False):
        first = dict(sign(request, auth).headers)
    with time_machine.travel("2026-01-01T00:10:00+00:00", tick=False):
        second = dict(sign(request, auth).headers)
    assert first["x-date"] != second["x-date"]
    assert first["authorization"] != second["authorization"]


@pytest.mark.parametrize("secret", ["the-secret-key", "the-token"])
def test_secrets_are_in_no_repr(secret):
    keys = Credentials("AK", "the-secret-key", "the-token")
    assert secret not in repr(keys)
    assert secret not in repr(SignatureV4Auth(keys, region="r"))
