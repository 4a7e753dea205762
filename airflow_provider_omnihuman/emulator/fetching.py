"""Fetches a task's inputs by their URLs, as the service would."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from airflow_provider_omnihuman.emulator.codes import INVALID_INPUT, UNDOWNLOADABLE

if TYPE_CHECKING:
    from collections.abc import Collection

_LARGEST_BYTES = 200 * 2**20
_MOST_REDIRECTS = 3
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5, sock_read=15)


class InputError(Exception):
    """An input cannot be used; it is the task that fails, at the query.

    :param code: a business code.
    """

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Downloads from loopback, and from the hosts that were allowed: it runs on a person's machine.

    :param extra_hosts: names of further hosts; ``*`` is any.
    """

    session: aiohttp.ClientSession = field(repr=False)
    extra_hosts: Collection[str] = ()

    async def fetch(self, url: str, what: str) -> bytes:
        """Return what lies at the URL.

        :param what: which input this is, for the message.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            self._check(url, what)
            try:
                async with self.session.get(_verbatim(url), allow_redirects=False, timeout=_TIMEOUT) as reply:
                    if reply.status in (301, 302, 303, 307, 308) and "Location" in reply.headers:
                        url = urljoin(url, reply.headers["Location"])
                        continue
                    if reply.status != 200:  # noqa: PLR2004
                        raise InputError(UNDOWNLOADABLE, f"{what}: HTTP {reply.status}")
                    return await _read(reply, what)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                raise InputError(INVALID_INPUT, f"{what}: unreachable ({type(error).__name__})") from error
        raise InputError(UNDOWNLOADABLE, f"{what}: too many redirects")

    def _check(self, url: str, what: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError as error:
            raise InputError(INVALID_INPUT, f"{what}: not a URL") from error
        if parts.scheme not in ("http", "https") or not host:
            raise InputError(INVALID_INPUT, f"{what}: not an http(s) URL")
        if not (_is_loopback(host) or host in self.extra_hosts or "*" in self.extra_hosts):
            raise InputError(INVALID_INPUT, f"{what}: {host} is not loopback; see --fetch-host")


def _verbatim(url: str) -> URL:
    """Keep every escape as it is: a presigned URL is signed over its spelling."""
    return URL(url, encoded=True)


async def _read(reply: aiohttp.ClientResponse, what: str) -> bytes:
    data = bytearray()
    async for chunk in reply.content.iter_chunked(2**16):
        data += chunk
        if len(data) > _LARGEST_BYTES:
            raise InputError(INVALID_INPUT, f"{what}: too large")
    return bytes(data)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
