"""Why no reply came, in words that tell what to do: name, port, firewall, certificate or proxy."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx

__all__ = ["what_to_do"]

_LONGEST_CHAIN = 12
_CHECK = "check the network, "
_NAME = _CHECK + "DNS and the endpoint: its host name cannot be resolved"
_REFUSED = _CHECK + "firewall and the endpoint: nothing listens there, the connection is refused"
_CERTIFICATE = (
    _CHECK
    + "proxy and the endpoint: its TLS certificate is not trusted; where a proxy inspects TLS, name its CA in SSL_CERT_FILE"
)
_TLS = _CHECK + "proxy and the endpoint: what answers there does not speak TLS (http:// and https:// confused?)"
_PROXY = _CHECK + "and the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: it does not let the request through"
_NO_ROUTE = _CHECK + "firewall and the endpoint: no connection in time; where only a proxy leads out, set HTTPS_PROXY"
_SLOW = _CHECK + "and the endpoint: connected, but no reply in time; read_timeout_s is how long is waited"
_BROKEN = _CHECK + "proxy and the endpoint: the connection broke off"
_ANY = _CHECK + "DNS and the connection's endpoint"


def what_to_do(error: BaseException) -> str:
    """Return the advice for a failure of the HTTP library, httpx or aiohttp, by its first cause.

    :param error: as it was raised
    """
    causes = list(_causes(error))
    names = {type(cause).__name__ for cause in causes}
    for advice, classes, foreign in _BY_CAUSE:
        if names & foreign or any(isinstance(cause, classes) for cause in causes):
            return advice
    return _ANY


# Of aiohttp by name, since not every process has imported it. In this order: a refused proxy is a refused connection, too.
_BY_CAUSE: tuple[tuple[str, tuple[type[BaseException], ...], set[str]], ...] = (
    (_PROXY, (httpx.ProxyError,), {"ClientHttpProxyError", "ClientProxyConnectionError"}),
    (_NAME, (socket.gaierror, UnicodeError), {"ClientConnectorDNSError"}),
    (_CERTIFICATE, (ssl.SSLCertVerificationError,), {"ClientConnectorCertificateError"}),
    (_TLS, (ssl.SSLError,), {"ClientConnectorSSLError"}),
    (_REFUSED, (ConnectionRefusedError,), set()),
    # Before the time-outs, as one of which httpx-aiohttp reports them.
    (_BROKEN, (ConnectionResetError, BrokenPipeError), {"ClientOSError", "ServerDisconnectedError", "ClientPayloadError"}),
    (_NO_ROUTE, (httpx.ConnectTimeout,), {"ConnectionTimeoutError"}),
    (_SLOW, (httpx.ReadTimeout, httpx.WriteTimeout, TimeoutError), {"SocketTimeoutError", "ServerTimeoutError"}),
    (_BROKEN, (httpx.ReadError, httpx.RemoteProtocolError, ConnectionError), set()),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Go down to the system's own error, which both libraries wrap a few times."""
    cause: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if cause is None:
            return
        yield cause
        cause = getattr(cause, "os_error", None) or cause.__cause__ or cause.__context__
