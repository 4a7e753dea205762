"""``AssumeRole``: an account's keys become temporary ones, which act as a role and end by themselves.

After the vendor's page (volcengine.com/docs/6257/86374), BytePlus's (docs.byteplus.com, byteplus-platform/reference-assumerole)
and the SDK's ``volcengine.sts.StsService``: a GET, signed for the service ``sts``, Version ``2018-01-01``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import httpx

from airflow_provider_omnihuman.api.conversations import Conversation, Pause
from airflow_provider_omnihuman.api.errors import MalformedReplyError, OmniHumanError, ServiceError, TransportError
from airflow_provider_omnihuman.api.replies import read_result
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.api.sites import MAINLAND

__all__ = ["DEFAULT_DURATION_S", "DEFAULT_SESSION_NAME", "STS_SERVICE", "Role", "TemporaryKeys", "assume_role"]

STS_SERVICE = "sts"
DEFAULT_SESSION_NAME = "airflow-omnihuman"
DEFAULT_DURATION_S = 3600
_VERSION = "2018-01-01"
_TIMEOUT_S = 10.0
_FIRST_BACKOFF_S = 1.0
_POLICY = (
    "attach STSAssumeRoleAccess to the IAM user of the connection's keys, and name that user in the role's trust policy; "
    "the keys of a root account cannot assume roles"
)
_TRN = "check the extra role_trn: trn:iam::<account id>:role/<role name>, of a role that exists"
_ADVICE = {
    # The vendor's page: a root account's keys are refused, a user needs STSAssumeRoleAccess.
    "AccessDenied": _POLICY,
    "LackPolicy": _POLICY,
    # volcengine.com/docs/6257/64992, IAM's own codes; RoleNotExist after its neighbours there (?).
    "InvalidTRN": _TRN,
    "RoleNotExist": _TRN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role, and how it is to be assumed.

    :param trn: ``trn:iam::<account id>:role/<role name>``
    :param endpoint: base URL of STS
    :param region: of the signature
    :param session_name: what the account's audit log calls the session
    :param duration_s: how long its keys live, seconds: 900 to 43200, on the international site 3600 to 43200
    """

    trn: str
    endpoint: str = MAINLAND.sts_endpoint
    region: str = MAINLAND.sts_region
    session_name: str = DEFAULT_SESSION_NAME
    duration_s: int = DEFAULT_DURATION_S


@dataclass(frozen=True, slots=True)
class TemporaryKeys:
    """What STS issued.

    :param credentials: access key, secret key and session token, good together only
    :param issued_at: by this machine's clock, epoch seconds
    :param lifetime_s: seconds, by the service's own account
    """

    credentials: Credentials
    issued_at: float
    lifetime_s: float

    @property
    def expires_at(self) -> float:
        """When they end, by this machine's clock, epoch seconds."""
        return self.issued_at + self.lifetime_s


def assume_role(
    role: Role, *, attempts: int = 3, clock: Callable[[], float] = time.time, rng: Random | None = None
) -> Conversation[TemporaryKeys]:
    """Assume a role; its request is to be signed with the keys of who may, for :data:`STS_SERVICE`.

    :param role: which
    :param attempts: how often to ask, if faults pass
    :param clock: wall-clock time, epoch seconds
    :param rng: source of jitter
    :raises ServiceError: STS refuses, for good
    :raises TransportError: no usable reply; the request that wanted the keys was certainly not sent
    """
    attempt = 0
    while True:
        attempt += 1
        asked_at = clock()  # before the question: rather renewed too early than too late
        try:
            return _read(role, (yield _request(role)), asked_at=asked_at)
        except OmniHumanError as error:
            if not error.retryable or attempt >= attempts:
                raise _told(error, role) from error
        yield Pause(_FIRST_BACKOFF_S * 2 ** (attempt - 1) * (rng or Random()).uniform(0.5, 1.5))  # noqa: S311 - jitter


def _request(role: Role) -> httpx.Request:
    query = {
        "Action": "AssumeRole",
        "Version": _VERSION,
        "RoleTrn": role.trn,
        "RoleSessionName": role.session_name,
        "DurationSeconds": str(role.duration_s),
    }
    return httpx.Request(
        "GET",
        httpx.URL(role.endpoint, path="/", params=query),
        headers={"Accept": "application/json"},
        extensions={"timeout": httpx.Timeout(_TIMEOUT_S, pool=None).as_dict()},
    )


def _read(role: Role, response: httpx.Response, *, asked_at: float) -> TemporaryKeys:
    issued = read_result(response).get("Credentials")
    if not isinstance(issued, dict):
        raise MalformedReplyError("the reply of STS has no Credentials", http_status=response.status_code)
    keys = Credentials(*(_key_in(issued, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
    return TemporaryKeys(keys, asked_at, _lifetime_s(issued, asked_s=role.duration_s))


def _key_in(issued: Mapping[str, Any], name: str) -> str:
    text = issued.get(name)
    if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable():
        raise MalformedReplyError(f"the reply of STS has no usable {name}")  # and it is not shown, for it may be a secret
    return text


def _lifetime_s(issued: Mapping[str, Any], *, asked_s: int) -> float:
    """Return how long the keys live for sure: both ends are of the service's clock, so ours need not be right."""
    try:
        ends = [datetime.fromisoformat(issued[name]) for name in ("CurrentTime", "ExpiredTime")]
        lifetime_s = (ends[1] - ends[0]).total_seconds()
    except (KeyError, TypeError, ValueError):
        return asked_s
    return lifetime_s - 1 if lifetime_s > 1 else asked_s  # both are cut to whole seconds


def _told(error: OmniHumanError, role: Role) -> OmniHumanError:
    """Return the error as whoever wanted the keys is to hear it."""
    what = f"the role {role.trn} cannot be assumed: {error.message}"
    advice = _ADVICE.get(error.code or "", error.advice)
    fields = {name: getattr(error, name) for name in ("code", "request_id", "logid", "http_status")}
    if error.retryable:
        # Not the submit, or the poll, that waits for the keys: that was not sent, whatever has become of this one.
        told = f"{advice}; this is about STS, the extra sts_endpoint ({role.endpoint})"
        return TransportError(what, may_have_arrived=False, advice=told, **fields)
    return ServiceError(what, advice=advice, **fields)
