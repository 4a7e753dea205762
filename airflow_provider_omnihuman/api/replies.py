"""Reading a reply: both envelopes become one :class:`Reply`, or the error that they carry.

The body is parsed before the HTTP status is looked at: business replies come with 200, 400, 401, 429 and 500 alike.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from airflow_provider_omnihuman.api.clock_skew import skew_told
from airflow_provider_omnihuman.api.error_codes import SUCCESS, Kind, lookup
from airflow_provider_omnihuman.api.errors import (
    MalformedReplyError,
    QuotaError,
    ServiceError,
    TaskFailedError,
)
from airflow_provider_omnihuman.api.urls import scrub

__all__ = ["Reply", "parse_json_object", "read_reply", "read_result"]

_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with code 10000.

    :param data: the ``data`` object; empty where the service sent null
    """

    data: dict[str, Any] = field(repr=False)
    request_id: str | None
    logid: str | None
    http_status: int


def read_reply(response: httpx.Response) -> Reply:
    """Return the successful reply in ``response``.

    :param response: read whole
    :raises QuotaError: a limit was reached
    :raises TaskFailedError: the code says that the job, or its input, is refused for good
    :raises ServiceError: any other error code
    :raises MalformedReplyError: neither envelope
    """
    logid = response.headers.get("X-Tt-Logid")
    body = _json_object(response)
    if isinstance(metadata := body.get("ResponseMetadata"), dict):
        _raise_gateway_error(metadata, response, logid=logid)
    code = _code_text(body.get("code"))
    if code is None:
        raise _malformed(response, "it has no code")
    request_id = _text(body.get("request_id"))
    if code != SUCCESS:
        raise service_error(
            code,
            _text(body.get("message")) or "",
            request_id=request_id,
            logid=logid,
            http_status=response.status_code,
        )
    data = body.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise _malformed(response, f"its data is {type(data).__name__}, not an object")
    return Reply(data=data, request_id=request_id, logid=logid, http_status=response.status_code)


def read_result(response: httpx.Response) -> dict[str, Any]:
    """Return the ``Result`` of a successful reply in the gateway's shape, as of IAM and STS.

    :param response: read whole
    :raises ServiceError: an error code
    :raises MalformedReplyError: another shape
    """
    body = _json_object(response)
    metadata, result = body.get("ResponseMetadata"), body.get("Result")
    if isinstance(metadata, dict) and (result is None or "Error" in metadata):
        _raise_gateway_error(metadata, response, logid=response.headers.get("X-Tt-Logid"))
    if not isinstance(result, dict):
        raise _malformed(response, "it has no Result")
    return result


def service_error(code: str, message: str, *, request_id: str | None, logid: str | None, http_status: int | None) -> ServiceError:
    """Return the error for ``code``, of the class that a caller would act on."""
    row = lookup(code, http_status=http_status)
    cls: type[ServiceError] = ServiceError
    if row.kind is Kind.QUOTA:
        cls = QuotaError
    elif row.kind in {Kind.INPUT, Kind.AUDIT}:
        cls = TaskFailedError
    said = scrub(message)[:_SHOWN_CHARACTERS]
    return cls(
        f"{row.meaning} ({said})" if said else row.meaning,
        code=code,
        request_id=request_id,
        logid=logid,
        http_status=http_status,
        retry=row.retry,
        advice=row.advice,
    )


def _raise_gateway_error(metadata: dict[str, Any], response: httpx.Response, *, logid: str | None) -> None:
    error = metadata.get("Error")
    if not isinstance(error, dict):
        raise _malformed(response, "its ResponseMetadata has no Error")
    # Classified on Code, not on CodeN; a business code can stand here too (Code == "50215").
    code = _code_text(error.get("Code")) or _code_text(error.get("CodeN")) or "unknown"
    told = service_error(
        code,
        _text(error.get("Message")) or "",
        request_id=_text(metadata.get("RequestId")),
        logid=logid,
        http_status=response.status_code,
    )
    if code == "InvalidTimestamp" and (skew := skew_told(response, now=time.time())):
        told.advice = f"{told.advice}: {skew}"
    raise told


def _json_object(response: httpx.Response) -> dict[str, Any]:
    # json raises ValueError for bad JSON and bad UTF-8, RecursionError for a body that is nothing but brackets.
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise _malformed(response, "it is not JSON") from error
    if not isinstance(body, dict):
        raise _malformed(response, f"it is a JSON {type(body).__name__}, not an object")
    return body


def parse_json_object(text: object, *, reply: Reply, where: str) -> dict[str, Any]:
    """Return the object inside a JSON string such as ``resp_data``.

    :raises MalformedReplyError: when it is no JSON string of an object
    """
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError) as error:
        raise malformed_data(reply, f"{where} is not JSON") from error
    if not isinstance(value, dict):
        raise malformed_data(reply, f"{where} is {type(value).__name__}, not an object")
    return value


def malformed_data(reply: Reply, why: str) -> MalformedReplyError:
    """Return the error for a reply in the right envelope whose ``data`` is not what the page promises."""
    return MalformedReplyError(
        f"the service's reply cannot be used: {why}",
        request_id=reply.request_id,
        logid=reply.logid,
        http_status=reply.http_status,
    )


def _malformed(response: httpx.Response, why: str) -> MalformedReplyError:
    kind = response.headers.get("Content-Type", "no content type")
    return MalformedReplyError(
        f"the reply (HTTP {response.status_code}, {kind[:60]}, {len(response.content)} bytes) is not the API's: {why}",
        logid=response.headers.get("X-Tt-Logid"),
        http_status=response.status_code,
        advice="a proxy or gateway in between may have answered; ask again, and check the connection's endpoint",
    )


def _code_text(code: object) -> str | None:
    if isinstance(code, bool) or not isinstance(code, (int, str)):
        return None
    return _text(str(code)[:_SHOWN_CHARACTERS])


def _text(value: object) -> str | None:
    """Return text for a person: it goes into logs and databases, which choke on lone surrogates and NUL. No signatures."""
    if not isinstance(value, str) or not value:
        return None
    return scrub("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in value))
