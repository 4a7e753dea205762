"""Signature V4 as an ``httpx.Auth``: each attempt is signed afresh, by the vendor SDK's own ``SignerV4``.

Nothing else of that SDK is used: its client is a process-wide singleton over plain http.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import httpx

from airflow_provider_omnihuman.api.sites import SERVICE

__all__ = ["Credentials", "SignatureV4Auth", "import_signer"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys of one account.

    :param access_key_id: public part; shows in the Authorization header
    :param secret_access_key: used as it is, not base64-decoded
    :param session_token: only with temporary credentials, such as STS issues
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def import_signer() -> tuple[Any, Any, Any]:
    """Import the SDK's signer, its request and its credentials: only when something is signed, for it takes 90 ms."""
    from volcengine.auth.SignerV4 import SignerV4
    from volcengine.base.Request import Request
    from volcengine.Credentials import Credentials as SdkCredentials

    return SignerV4, Request, SdkCredentials


class SignatureV4Auth(httpx.Auth):
    """Signs a request: Content-Type, Host and every ``X-*`` header, the query, and the very bytes of the body.

    :param credentials: whose; may be replaced, and each request is signed with what is there
    :param region: of the scope; the service rejects any but its own
    :param service: of the scope
    """

    requires_request_body = True

    def __init__(self, credentials: Credentials, *, region: str, service: str = SERVICE) -> None:
        self.credentials = credentials
        self._region = region
        self._service = service

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.credentials.access_key_id!r}, region={self._region!r})"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign and send. A refusal is answered by the service's own error, so one round is enough."""
        self.sign(request)
        yield request

    def sign(self, request: httpx.Request) -> None:
        """Add ``X-Date``, ``X-Content-Sha256``, ``Authorization`` and, with STS, ``X-Security-Token``."""
        SignerV4, Request, SdkCredentials = import_signer()  # noqa: N806 - classes
        sdk_request = Request()
        sdk_request.set_method(request.method)
        sdk_request.set_path(request.url.path or "/")
        sdk_request.set_query(dict(request.url.params))
        sdk_request.set_body(request.content)
        # The SDK signs a header only under its canonical spelling, and httpx keeps the names as they were given.
        signed = {"content-type": "Content-Type", "host": "Host"}
        for name, value in request.headers.items():
            if name in signed or name.startswith("x-"):
                sdk_request.headers[signed.get(name, name.title())] = value
        keys = self.credentials
        SignerV4.sign(
            sdk_request,
            SdkCredentials(
                keys.access_key_id,
                keys.secret_access_key,
                self._service,
                self._region,
                keys.session_token or "",
            ),
        )
        for name in ("X-Date", "X-Content-Sha256", "X-Security-Token", "Authorization"):
            if name in sdk_request.headers:
                request.headers[name] = sdk_request.headers[name]
