"""An httpx transport that takes a reply's body in large pieces, straight from the socket, for a quarter of the CPU.

httpx's own passes the body through h11, at most 64 KiB at a time and each byte copied several times: 1.4 s of CPU per gigabyte
where Python's ``http.client`` needs 0.35. All else (redirects, headers, decoding, the log) stays httpx's.
"""

from __future__ import annotations

import http
import http.client
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import getproxies

import httpx

__all__ = ["direct_transport"]

_PIECE_BYTES = 256 * 1024
_LINE_FOLD = re.compile(r"\s*[\r\n]+\s*")
_LENGTH = re.compile(r"[0-9]{1,18}")


def direct_transport() -> httpx.BaseTransport | None:
    """Return the transport; None where the environment names a proxy: httpx's own knows all kinds of them."""
    return None if {"http", "https", "all"} & getproxies().keys() else _DirectTransport()


class _DirectTransport(httpx.BaseTransport):
    """One connection per request: a download is one request, or a few."""

    def __init__(self) -> None:
        self._tls: ssl.SSLContext | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        limits = request.extensions.get("timeout", {})
        connection = self._connection(request.url, timeout_s=limits.get("connect"))
        try:
            with _as_errors_of_httpx(httpx.ConnectTimeout, httpx.ConnectError):
                connection.connect()
            with _as_errors_of_httpx(httpx.ReadTimeout, httpx.ReadError):
                connection.sock.settimeout(limits.get("read"))
                reply = _ask(connection, request)
        except BaseException:
            connection.close()
            raise
        return httpx.Response(reply.status, headers=_headers(reply), stream=_Body(connection, reply), extensions=_shown(reply))

    def _connection(self, url: httpx.URL, *, timeout_s: float | None) -> http.client.HTTPConnection:
        host = url.raw_host.decode("ascii")
        if url.scheme == "http":
            return http.client.HTTPConnection(host, url.port or 80, timeout=timeout_s)
        if url.scheme != "https":
            raise httpx.UnsupportedProtocol(f"{url.scheme}:// is no scheme of HTTP")
        self._tls = self._tls or httpx.create_ssl_context()  # as httpx's own transport does, SSL_CERT_FILE included
        return http.client.HTTPSConnection(host, url.port or 443, timeout=timeout_s, context=self._tls)


def _ask(connection: http.client.HTTPConnection, request: httpx.Request) -> http.client.HTTPResponse:
    target = request.url.raw_path.decode("ascii")
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.raw:
        connection.putheader(name, value)
    connection.endheaders(request.read() or None)
    reply = connection.getresponse()
    lengths = set(reply.headers.get_all("Content-Length", []))
    if reply.headers.defects or len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise http.client.HTTPException  # http.client itself would take what it can of such headers
    return reply


def _headers(reply: http.client.HTTPResponse) -> list[tuple[bytes, bytes]]:
    """Return the headers as bytes, those that stand on several lines on one (RFC 9112, 5.2)."""
    return [(name.encode("latin-1"), _LINE_FOLD.sub(" ", value).encode("latin-1")) for name, value in reply.getheaders()]


def _shown(reply: http.client.HTTPResponse) -> dict[str, bytes]:
    """Return what httpx writes into its log."""
    version = b"HTTP/1.1" if reply.version == 11 else b"HTTP/1.0"  # noqa: PLR2004 - http.client's own notation
    return {"http_version": version, "reason_phrase": reply.reason.encode("latin-1")}


class _Body(httpx.SyncByteStream):
    """Whatever has arrived, up to a piece, as soon as it has: what breaks off later is not lost with it."""

    def __init__(self, connection: http.client.HTTPConnection, reply: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        # Headers that break off end like a body without a length; so an empty one is none.
        is_missing = self._reply.status == http.HTTPStatus.OK and self._reply.length is None and not self._reply.chunked
        while piece := self._read(is_missing=is_missing):
            is_missing = False
            yield piece

    def _read(self, *, is_missing: bool) -> bytes:
        with _as_errors_of_httpx(httpx.ReadTimeout, httpx.ReadError):
            piece = self._reply.read1(_PIECE_BYTES)
            if not piece and (self._reply.length or is_missing):
                raise http.client.IncompleteRead(b"", self._reply.length)
        return piece

    def close(self) -> None:
        self._reply.close()
        self._connection.close()


@contextmanager
def _as_errors_of_httpx(timeout: type[httpx.TimeoutException], failure: type[httpx.NetworkError]) -> Iterator[None]:
    """Map what the standard library raises."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except http.client.HTTPException as error:
        raise httpx.RemoteProtocolError(f"the reply is no HTTP, or not whole: {type(error).__name__}") from error
    except OSError as error:  # refused, reset, unknown host, TLS
        raise failure(str(error)) from error
