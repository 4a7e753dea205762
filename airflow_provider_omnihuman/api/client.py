"""The two short drivers that perform a conversation, one for threads and one for an event loop.

The only place where sockets, sleeping and the HTTP library's exceptions are met.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from types import TracebackType
from typing import Self, TypeVar

import httpx

from airflow_provider_omnihuman.api.conversations import Conversation, Conversations, Pause
from airflow_provider_omnihuman.api.errors import TransportError
from airflow_provider_omnihuman.api.redaction import redact_http_log
from airflow_provider_omnihuman.api.signing import Credentials, SignatureV4Auth, import_signer
from airflow_provider_omnihuman.api.sites import MAINLAND, Site
from airflow_provider_omnihuman.api.urls import scrub

__all__ = ["AsyncOmniHumanClient", "OmniHumanClient"]

T = TypeVar("T")

_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=60.0)
"""httpx drops idle connections after 5 s by default, and would reconnect at every poll."""

_NEVER_ARRIVED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.ProxyError,  # the proxy refused to open a tunnel, through which the request would have gone
    UnicodeError,  # the resolver's, about a host name that cannot exist
)
_FOREIGN = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)


def _transport_error(error: Exception) -> TransportError:
    """Map the HTTP library's exception to ours: what matters is whether the request may have arrived."""
    never = isinstance(error, _NEVER_ARRIVED)
    what = scrub(str(error)) or "no details"
    return TransportError(
        f"no reply from the service: {type(error).__name__} ({what[:200]})",
        may_have_arrived=not never,
        advice="check the network, DNS and the connection's endpoint",
    )


def _prepare() -> ssl.SSLContext:
    import_signer()
    return httpx.create_ssl_context()


class _Configured:
    """What both clients hold: the conversations they can have, and how they sign."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        site: Site = MAINLAND,
        region: str | None = None,
        endpoint: str = "",
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 30.0,
    ) -> None:
        self.api = Conversations(site=site, endpoint=endpoint, connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s)
        redact_http_log()
        self._auth = SignatureV4Auth(credentials, region=region or site.region)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.api.base_url!r}, {self._auth!r})"


class OmniHumanClient(_Configured):
    """Talks to the service and blocks meanwhile: for workers and scripts.

    :param credentials: access key, secret key, session token
    :param site: mainland or international
    :param region: of the signature; the site's own by default
    :param endpoint: base URL in place of the site's own
    :param connect_timeout_s: per attempt, seconds
    :param read_timeout_s: per reply, seconds

    Example::

        with OmniHumanClient(Credentials("AKLT…", "…")) as client:
            submission = client.perform(client.api.submit(VideoRequest(image_url="https://…", audio_url="https://…")))
    """

    _http: httpx.Client | None = None

    def perform(self, conversation: Conversation[T]) -> T:
        """Have the conversation; return its result.

        :param conversation: of ``self.api``
        :raises OmniHumanError: what the conversation raises
        """
        self._http = self._http or httpx.Client(auth=self._auth, limits=_LIMITS)
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
                    response = self._http.send(step)
                except _FOREIGN as error:
                    step = conversation.throw(_transport_error(error))
                else:
                    step = conversation.send(response)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._http:
            self._http.close()
            self._http = None


class AsyncOmniHumanClient(_Configured):
    """Talks to the service on an event loop: for the triggerer. Arguments as :class:`OmniHumanClient`."""

    _http: httpx.AsyncClient | None = None

    async def perform(self, conversation: Conversation[T]) -> T:
        """Have the conversation; return its result.

        :param conversation: of ``self.api``
        :raises OmniHumanError: what the conversation raises
        """
        if self._http is None:
            # The TLS context takes some 25 ms, the signer's import 90: not on the loop that a thousand triggers share.
            context = await asyncio.to_thread(_prepare)
            self._http = httpx.AsyncClient(auth=self._auth, limits=_LIMITS, verify=context)
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
                    response = await self._http.send(step)
                except _FOREIGN as error:
                    step = conversation.throw(_transport_error(error))
                else:
                    step = conversation.send(response)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._http:
            await self._http.aclose()
            self._http = None
