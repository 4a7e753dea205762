"""A download that breaks off goes on where it stopped, and never joins the bytes of two different files."""

from __future__ import annotations

import itertools
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, Self

import httpx

from airflow_provider_omnihuman.api.direct_transport import direct_transport
from airflow_provider_omnihuman.api.errors import DeadUrlError, DownloadError, InterruptedDownloadError
from airflow_provider_omnihuman.api.redaction import redact_http_log
from airflow_provider_omnihuman.api.urls import without_query

__all__ = ["PATIENCE", "Download", "Patience", "Sink"]

log = logging.getLogger(__name__)

_DEAD = {httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND, httpx.codes.GONE}
_PASSING = {httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS}
_SERVER_ERRORS = 500
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
_SIZE = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a download is tried.

    :param pauses_s: before each further attempt, seconds, as long as the attempts get no further; used up, it is given up.
        An attempt that got further begins them anew. By default they outlive an outage of a minute
    :param total_s: for the whole download, seconds: a server that drips must not hold a worker for ever. A result URL lives
        for one hour (reference page, ``video_url``); a file of a few megabytes that needs longer never comes
    :param connect_timeout_s: for each connection, seconds
    :param read_timeout_s: for each piece of the body, seconds
    :param clock: a time in seconds that only grows
    :param sleep: takes a pause, in seconds
    """

    pauses_s: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
    total_s: float = 3600.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


PATIENCE = Patience()
"""What a download is given where nothing else is said."""


class Sink(Protocol):
    """Where the bytes go."""

    def write(self, chunk: bytes, /) -> object:
        """Take the next bytes."""

    def restart(self) -> None:
        """Forget all bytes: the file begins anew."""


@dataclass(frozen=True, slots=True)
class _File:
    """What tells one file from another.

    :param etag: a strong one; None where the server gives none, and then no bytes can be added to what is there
    :param size: in bytes; None where the server does not say
    """

    etag: str | None = None
    size: int | None = None

    @classmethod
    def of(cls, response: httpx.Response, *, size: str | None) -> Self:
        etag = response.headers.get("ETag", "")
        # Weak ones promise the same meaning, not the same bytes (RFC 9110, 8.8.1); encoded bodies count other bytes than ours.
        encoded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
        is_strong = etag.startswith('"') and not encoded
        return cls(etag if is_strong else None, int(size) if size and _SIZE.fullmatch(size) and not encoded else None)

    def is_surely(self, other: _File) -> bool:
        sizes = {self.size, other.size} - {None}
        return self.etag is not None and self.etag == other.etag and len(sizes) <= 1


class Download:
    """One file on its way into a sink.

    :param url: signed
    :param sink: told the bytes in order, each once, or to begin anew
    :param fresh_url: asks for another URL of the same file, for one that died; None where nobody can be asked
    :param patience: how long to try
    """

    def __init__(self, url: str, sink: Sink, *, fresh_url: Callable[[], str] | None, patience: Patience) -> None:
        self._url = url
        self._sink = sink
        self._fresh_url = fresh_url
        self._patience = patience
        self._file = _File()
        self._received = 0
        self._furthest = 0
        self._end = 0.0
        self._told = ""

    def run(self) -> None:
        """Bring the whole file.

        :raises DeadUrlError: the URL is dead, and nobody can be asked for another
        :raises DownloadError: refused, or given up
        """
        redact_http_log()
        timeout = httpx.Timeout(self._patience.read_timeout_s, connect=self._patience.connect_timeout_s)
        self._end = self._patience.clock() + self._patience.total_s
        headers = {"Accept-Encoding": "identity"}
        with httpx.Client(headers=headers, follow_redirects=True, timeout=timeout, transport=direct_transport()) as client:
            self._run(client)

    def _run(self, client: httpx.Client) -> None:
        fruitless = 0
        for attempt in itertools.count(1):
            furthest = self._furthest
            try:
                self._attempt(client)
                if attempt > 1:
                    log.info("The download is whole after %d attempts: %s", attempt, self._position())
                return
            except (InterruptedDownloadError, DeadUrlError) as error:
                fruitless = 1 if self._furthest > furthest else fruitless + 1
                self._go_on_after(error, fruitless=fruitless)

    def _go_on_after(self, error: DownloadError, *, fruitless: int) -> None:
        """Take a pause, replace a URL that died; or give up."""
        is_dead, pauses_s = isinstance(error, DeadUrlError), self._patience.pauses_s
        if is_dead and not self._fresh_url:
            raise error
        left_s = self._end - self._patience.clock()
        if fruitless > len(pauses_s) or left_s <= 0:
            error.message += f"; gave up at {self._position()}"
            raise error
        # A URL that is an hour old is dead at the first question: no reason to wait.
        pause_s = 0.0 if is_dead and fruitless == 1 else min(pauses_s[fruitless - 1], left_s)
        then = "asking for a fresh URL" if is_dead else "going on from there"
        self._tell(error.message, f"at {self._position()}: {then}")
        self._patience.sleep(pause_s)
        if is_dead and self._fresh_url:
            self._url = self._fresh_url()

    def _attempt(self, client: httpx.Client) -> None:
        """Ask for what is missing, and take it."""
        with self._answer(client) as response:
            known = self._begin(response)
            for chunk in response.iter_bytes():
                if self._patience.clock() >= self._end:
                    raise InterruptedDownloadError(
                        f"the download of {without_query(self._url)} took longer than {self._patience.total_s:,.0f} s"
                    )
                new, known = chunk[known:], max(0, known - len(chunk))
                if new:
                    self._sink.write(new)
                    self._received += len(new)
                    self._furthest = max(self._furthest, self._received)
        if self._file.size is not None and self._received != self._file.size:
            raise InterruptedDownloadError(f"{without_query(self._url)} sent fewer or more bytes than it announced")

    @contextmanager
    def _answer(self, client: httpx.Client) -> Iterator[httpx.Response]:
        """Yield the reply, once it is one that may hold the bytes."""
        shown = without_query(self._url)
        headers = {}
        if self._received and self._file.etag:
            headers = {"Range": f"bytes={self._received}-", "If-Range": self._file.etag}
        try:
            with client.stream("GET", self._url, headers=headers) as response:
                _refuse_what_is_no_file(response, shown=shown)
                yield response
        except httpx.HTTPError as error:
            passes = isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol)
            kind = InterruptedDownloadError if passes else DownloadError
            raise kind(f"the download of {shown} broke off: {type(error).__name__}") from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise DownloadError(f"the download of {shown} broke off: {type(error).__name__}") from error

    def _begin(self, response: httpx.Response) -> int:
        """Return how many of the bytes to come are there already; begin anew where they are another file's."""
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            start, size = match.groups() if match else ("", None)
            if start == str(self._received) and self._file.is_surely(_File.of(response, size=size)):
                return 0
        elif response.status_code == httpx.codes.OK:
            file = _File.of(response, size=response.headers.get("Content-Length"))
            if self._received and file.is_surely(self._file):
                return self._received  # a server that knows no ranges
            self._start_over()
            self._file = file
            return 0
        self._start_over()
        raise InterruptedDownloadError(f"{without_query(self._url)} does not send the rest of the same file")

    def _start_over(self) -> None:
        if self._received:
            self._tell("the bytes to come cannot be added to those that are here", "starting over")
            self._sink.restart()
        self._file, self._received = _File(), 0

    def _position(self) -> str:
        return f"{self._received:,} bytes" if self._file.size is None else f"{self._received:,} of {self._file.size:,} bytes"

    def _tell(self, what: str, then: str) -> None:
        if what != self._told:  # the same trouble is told once, however often it comes in a row
            self._told = what
            log.warning("%s, %s", what[:1].upper() + what[1:], then)


def _refuse_what_is_no_file(response: httpx.Response, *, shown: str) -> None:
    status = response.status_code
    if status in _DEAD:
        raise DeadUrlError(
            f"the video URL {shown} is dead (HTTP {status})",
            http_status=status,
            advice="result URLs live for one hour: give omnihuman_task_id (the task's id), so that a fresh one can be asked for",
        )
    if status not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT, httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE}:
        kind = InterruptedDownloadError if status >= _SERVER_ERRORS or status in _PASSING else DownloadError
        raise kind(f"the video URL {shown} answers HTTP {status}", http_status=status)
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise InterruptedDownloadError(
            f"the video URL {shown} answers with a web page, as proxies in between do", http_status=status
        )
