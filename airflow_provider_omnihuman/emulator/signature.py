"""Verifies a Volcengine V4 signature, over the client's own list of signed headers."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from airflow_provider_omnihuman.emulator.codes import UNSIGNED_NUMBER, GatewayError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Not documented by the vendor: 15 minutes is what others of this family tolerate.
TOLERATED_SKEW_S = 15 * 60
_ALGORITHM = "HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} Credential=(?P<credential>[^,\s]+), ?"
    r"SignedHeaders=(?P<signed>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_REQUIRED_SIGNED = {"host", "x-date"}
_SCOPE_PARTS = 5


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """What was signed: the request as it came over the wire.

    :param headers: names in lower case.
    :param query: the raw query string.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """Who may call."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """The ``Credential`` of an Authorization header: the key, and the scope it is signed for."""

    access_key: str
    date: str
    region: str
    service: str

    @property
    def scope(self) -> str:
        """The scope as it is signed."""
        return f"{self.date}/{self.region}/{self.service}/request"


def verify(request: ReceivedRequest, account: Account, *, now_s: float, service: str, regions: Collection[str]) -> Credential:
    """Return whom the request was signed for, or raise the gateway's error for what is wrong with it."""
    header = request.headers.get("authorization")
    if not header:
        raise GatewayError("InvalidAuthorization", "the header is missing", number=UNSIGNED_NUMBER)
    match = _AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        raise GatewayError("InvalidAuthorization", "not 'HMAC-SHA256 Credential=, SignedHeaders=, Signature='")
    signed = match["signed"].split(";")
    if missing := _REQUIRED_SIGNED - set(signed):
        raise GatewayError("InvalidAuthorization", f"not signed: {', '.join(sorted(missing))}")
    date = _check_date(request.headers.get("x-date", ""), now_s)
    credential = _check_credential(match["credential"], date[:8], service, regions)
    if not hmac.compare_digest(credential.access_key.encode(), account.access_key.encode()):
        raise GatewayError("InvalidAccessKey", credential.access_key)
    expected = sign(request, account.secret_key, credential, signed)
    if not hmac.compare_digest(expected, match["signature"]) or not _body_is_as_declared(request):
        raise GatewayError("SignatureDoesNotMatch")
    if not hmac.compare_digest(request.headers.get("x-security-token", "").encode(), account.session_token.encode()):
        raise GatewayError("InvalidSecretToken", "the session token is not the one of this access key")
    return credential


def claimed_access_key(request: ReceivedRequest) -> str:
    """Return whose request this says to be; nothing where it does not say."""
    return _claimed(request)[0]


def claimed_service(request: ReceivedRequest) -> str:
    """Return which service this says to be signed for, by which a gateway tells where it is to go; nothing where it does not."""
    parts = _claimed(request)
    return parts[3] if len(parts) == _SCOPE_PARTS else ""


def _claimed(request: ReceivedRequest) -> list[str]:
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", "").strip())
    return match["credential"].split("/") if match else [""]


def sign(request: ReceivedRequest, secret_key: str, credential: Credential, signed: list[str]) -> str:
    """Return the signature that the request should carry."""
    text = "\n".join(
        [
            _ALGORITHM,
            request.headers["x-date"],
            credential.scope,
            _sha256(_canonical_request(request, signed).encode()),
        ]
    )
    key = secret_key.encode()  # the raw key: no prefix, not base64-decoded
    for part in credential.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _check_date(text: str, now_s: float) -> str:
    if not text:
        raise GatewayError("MissingRequestInfo", "X-Date")
    try:
        at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise GatewayError("InvalidTimestamp", "X-Date is not YYYYMMDDTHHMMSSZ") from None
    if abs(at.timestamp() - now_s) > TOLERATED_SKEW_S:
        raise GatewayError("InvalidTimestamp", "X-Date is more than 15 minutes off")
    return text


def _check_credential(text: str, date: str, service: str, regions: Collection[str]) -> Credential:
    parts = text.split("/")
    if len(parts) != _SCOPE_PARTS or parts[4] != "request":
        raise GatewayError("InvalidCredential", "not AccessKey/date/region/service/request")
    if parts[1] != date:
        raise GatewayError("InvalidCredential", "the date is not X-Date's")
    if parts[2] not in regions:
        raise GatewayError("InvalidCredential", f"region {parts[2]}")
    if parts[3] != service:
        raise GatewayError("ServiceNotFound", parts[3])
    return Credential(*parts[:4])


def _canonical_request(request: ReceivedRequest, signed: list[str]) -> str:
    query = sorted(parse_qsl(request.query, keep_blank_values=True))
    return "\n".join(
        [
            request.method,
            quote(request.path, safe="/-_.~"),
            "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query),
            "".join(f"{name}:{_signed_value(request, name)}\n" for name in signed),
            ";".join(signed),
            _sha256(request.body),  # closes the canonical request, whatever headers are signed
        ]
    )


def _signed_value(request: ReceivedRequest, name: str) -> str:
    value = request.headers.get(name, "").strip()
    if name == "host" and value.endswith((":80", ":443")):
        return value.rpartition(":")[0]  # as the vendor's SDKs do: volcengine.auth.SignerV4
    return value


def _body_is_as_declared(request: ReceivedRequest) -> bool:
    declared = request.headers.get("x-content-sha256")
    return declared is None or hmac.compare_digest(declared.encode(), _sha256(request.body).encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
