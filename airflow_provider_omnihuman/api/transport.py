"""The HTTP clients, and what the failures of their libraries say of a request: the only place that knows those libraries.

The event loop's client is httpx over aiohttp's connections (``httpx-aiohttp``): a third of the CPU per request of httpx's own
pool at a few connections, and a twentieth at fifty, where that pool looks through all of them at each request
(``benchmarks/waiting.py``). Its mapping of errors is too coarse for a call that is paid for: a reset connection comes as
``ConnectTimeout``, as if the request had never left. So the first cause decides.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from functools import cache
from typing import Any

import httpx

from airflow_provider_omnihuman.api.errors import TransportError
from airflow_provider_omnihuman.api.signing import SignatureV4Auth, import_signer
from airflow_provider_omnihuman.api.unreachable import what_to_do
from airflow_provider_omnihuman.api.urls import scrub

__all__ = ["blocking_http", "event_loop_http", "tls_context", "transport_error", "wire_errors"]

_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=120.0)
"""httpx drops idle connections after 5 s by default, and would reconnect at every poll: this is longer than any gap of ours."""

_NEVER_ARRIVED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.ProxyError,  # the proxy refused to open a tunnel, through which the request would have gone
    UnicodeError,  # the resolver's, about a host name that cannot exist
)
_OF_A_REPLY = (UnicodeEncodeError, UnicodeDecodeError)
"""httpx-aiohttp's, about a status line that is not UTF-8; the resolver's are of neither kind."""
_FOREIGN = (httpx.HTTPError, httpx.InvalidURL, UnicodeError, TimeoutError)


@cache
def tls_context() -> ssl.SSLContext:
    """Return this process's TLS context: to read the certificates takes 25 ms of CPU, and httpx does so for each client."""
    return httpx.create_ssl_context()


def blocking_http(auth: SignatureV4Auth) -> httpx.Client:
    """Return a client for threads."""
    return httpx.Client(auth=auth, limits=_LIMITS, verify=tls_context(), event_hooks={"response": [_forget_redirect]})


async def event_loop_http(auth: SignatureV4Auth) -> httpx.AsyncClient:
    """Return a client for this event loop, which it does not hold up: TLS context and imports take some 200 ms of CPU."""
    client_class, context = await asyncio.to_thread(_prepare)
    hooks = {"response": [_forget_redirect_async]}
    client: httpx.AsyncClient = client_class(auth=auth, limits=_LIMITS, verify=context, event_hooks=hooks)
    return client


def _forget_redirect(response: httpx.Response) -> None:
    """Take the target out: httpx reads it though it does not follow, and fails on an odd one as on a request of ours."""
    response.headers.pop("Location", None)


async def _forget_redirect_async(response: httpx.Response) -> None:
    _forget_redirect(response)


def _prepare() -> tuple[type[httpx.AsyncClient], ssl.SSLContext]:
    from httpx_aiohttp import HttpxAiohttpClient

    import_signer()
    return HttpxAiohttpClient, tls_context()


def wire_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that :func:`transport_error` understands; aiohttp's own where it was imported."""
    aiohttp = sys.modules.get("aiohttp")
    return (*_FOREIGN, aiohttp.ClientError) if aiohttp else _FOREIGN


def transport_error(error: Exception) -> TransportError:
    """Map a library's exception to ours: what matters is whether the request may have arrived."""
    first = _of_aiohttp(error) or error
    what = scrub(str(first)) or "no details"
    return TransportError(
        f"no reply from the service: {type(first).__name__} ({what[:200]})",
        may_have_arrived=not isinstance(first, _never_arrived()) or isinstance(first, _OF_A_REPLY),
        advice=what_to_do(error),
    )


def _of_aiohttp(error: Exception) -> Exception | None:
    """Return aiohttp's exception behind httpx's; None where there is none."""
    aiohttp: Any = sys.modules.get("aiohttp")
    causes = (error, error.__cause__)
    return next((cause for cause in causes if aiohttp and isinstance(cause, aiohttp.ClientError)), None)


def _never_arrived() -> tuple[type[Exception], ...]:
    aiohttp: Any = sys.modules.get("aiohttp")
    if not aiohttp:
        return _NEVER_ARRIVED
    # Not its ClientConnectionError and ClientOSError, under which a reset in the midst of a reply comes as well.
    return (
        *_NEVER_ARRIVED,
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.ClientHttpProxyError,
        aiohttp.InvalidURL,
        aiohttp.NonHttpUrlClientError,
    )
