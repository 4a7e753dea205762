"""The two clients that perform a conversation, one for threads and one for an event loop: how fast, and with whose keys."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx

from airflow_provider_omnihuman.api.actions import lane_of, time_for_reply, time_left
from airflow_provider_omnihuman.api.conversations import Conversation, Conversations
from airflow_provider_omnihuman.api.driving import drive, drive_async
from airflow_provider_omnihuman.api.exchange import Exchange
from airflow_provider_omnihuman.api.gates import AsyncGate, Gate
from airflow_provider_omnihuman.api.quota import RequestRate
from airflow_provider_omnihuman.api.redaction import quiet_http_log, redact_http_log
from airflow_provider_omnihuman.api.role_session import role_session
from airflow_provider_omnihuman.api.signing import Credentials, SignatureV4Auth
from airflow_provider_omnihuman.api.sites import MAINLAND, Site
from airflow_provider_omnihuman.api.steps import AsyncSteps, Steps
from airflow_provider_omnihuman.api.sts import Role
from airflow_provider_omnihuman.api.transport import blocking_http, event_loop_http

__all__ = ["AsyncOmniHumanClient", "OmniHumanClient"]

log = logging.getLogger(__name__)

T = TypeVar("T")
G = TypeVar("G", Gate, AsyncGate)

_BREATH_S = 0.001
"""A poll takes the event loop about as long: at most a thousand start in a second, which is what one loop can do."""


class _Configured(Generic[G]):
    """What both clients hold: the conversations they can have, how they sign, and how fast they may ask."""

    _gate_class: Callable[[RequestRate], G]

    def __init__(
        self,
        credentials: Credentials,
        *,
        role: Role | None = None,
        site: Site = MAINLAND,
        region: str | None = None,
        endpoint: str = "",
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 30.0,
        rate: RequestRate | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        redact_http_log()
        self._gate: G = self._gate_class(rate or RequestRate(None))
        self.api = Conversations(
            site=site,
            endpoint=endpoint,
            connect_timeout_s=connect_timeout_s,
            read_timeout_s=read_timeout_s,
            on_exchange=_telling(self._gate.rejected, on_exchange),
        )
        self._auth = SignatureV4Auth(credentials, region=region or site.region)
        self._session = role_session(role, credentials) if role else None
        self._held = (credentials, role)

    @property
    def credentials(self) -> Credentials:
        """The keys that the next request is signed with; those that assume the role, where that is still to be done."""
        return self._session.credentials if self._session else self._auth.credentials

    def holds(self, credentials: Credentials, role: Role | None) -> bool:
        """Say whether these are what it was given last."""
        return self._held == (credentials, role)

    def renew(
        self,
        credentials: Credentials,
        *,
        role: Role | None = None,
        max_qps: float | None = None,
        sharers: int = 1,
        reserve: float = 0.0,
    ) -> None:
        """Go on with other keys and limits of the same account: those of a connection that was edited meanwhile.

        :param credentials: sign every further request, also of conversations under way
        :param role: or assume this role, whose temporary keys do
        :param max_qps: and the others: as of :class:`RequestRate`
        """
        self._session = role_session(role, credentials) if role else None
        self._auth.credentials = self.credentials if role else credentials
        self._held = (credentials, role)
        self._gate.set_limit(max_qps, sharers=sharers, reserve=reserve)

    def drop(self, refused: Credentials) -> bool:
        """Have the role assumed anew, for its temporary keys were refused; return whether that may help.

        :param refused: the keys
        """
        return self._session is not None and self._session.drop(refused)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.api.base_url!r}, {self._auth!r})"


def _telling(rejected: Callable[[], None], listener: Callable[[Exchange], None] | None) -> Callable[[Exchange], None]:
    """Return who slows down where the service says so, and tells the listener, whose faults must not lose what was paid for.

    Not a method: a client in a circle of references would keep its sockets until the next full garbage collection.
    """

    def heard(exchange: Exchange) -> None:
        if exchange.is_refused_for_its_rate:
            rejected()
        if listener:
            try:
                listener(exchange)
            except Exception:
                log.exception("The listener of requests failed")

    return heard


class OmniHumanClient(Steps, _Configured[Gate]):
    """Talks to the service and blocks meanwhile: for workers and scripts.

    :param credentials: access key, secret key, session token
    :param role: to be assumed with these keys; its temporary ones, renewed before they end, sign the requests
    :param site: mainland or international
    :param region: of the signature; the site's own by default
    :param endpoint: base URL in place of the site's own
    :param connect_timeout_s: per attempt, seconds
    :param read_timeout_s: per reply, seconds
    :param rate: how fast it may ask, this client's alone; by default as fast as it likes, until the service refuses
    :param on_exchange: told what became of each request, such as to count them; must not block

    Example::

        with OmniHumanClient(Credentials("AKLT…", "…")) as client:
            task_id = client.submit(VideoRequest(image_url="https://…", audio_url="https://…")).task_id
            video = client.wait(task_id, on_progress=print)
            client.download(video, "video.mp4")
    """

    _gate_class = Gate
    _http: httpx.Client | None = None

    def perform(self, conversation: Conversation[T]) -> T:
        """Have the conversation; return its result.

        :param conversation: of ``self.api``
        :raises OmniHumanError: what the conversation raises
        """
        self._http = self._http or blocking_http(self._auth)
        return drive(conversation, self._exchange)

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        assert self._http
        self._gate.enter(lane_of(request))
        self._renew_temporary_keys(self._http)
        return _reply(self._http, request)

    def _renew_temporary_keys(self, http: httpx.Client) -> None:
        session = self._session
        if session is None:
            return
        if session.is_due:
            with session.lock:
                if session.is_due:  # nobody did it meanwhile
                    drive(session.renewal(), lambda request: _reply(http, request, auth=session.auth))
        self._auth.credentials = session.current()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._http:
            self._http.close()
            self._http = None


def _breathing_gate(rate: RequestRate) -> AsyncGate:
    return AsyncGate(rate, breath_s=_BREATH_S)


class AsyncOmniHumanClient(AsyncSteps, _Configured[AsyncGate]):
    """Talks to the service on an event loop: for the triggerer. Arguments as :class:`OmniHumanClient`."""

    _gate_class = staticmethod(_breathing_gate)
    _http: httpx.AsyncClient | None = None
    _opening: asyncio.Lock | None = None
    _renewing: asyncio.Lock | None = None

    async def perform(self, conversation: Conversation[T]) -> T:
        """Have the conversation; return its result.

        :param conversation: of ``self.api``
        :raises OmniHumanError: what the conversation raises
        """
        return await drive_async(conversation, self._exchange)

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        http = self._http or await self._open()
        async with asyncio.timeout(time_left(request, now=self.api.clock())):
            await self._gate.enter(lane_of(request))
            await self._renew_temporary_keys(http)
        async with asyncio.timeout(time_for_reply(request, now=self.api.clock())):
            return await _answer(http, request)

    async def _renew_temporary_keys(self, http: httpx.AsyncClient) -> None:
        session = self._session
        if session is None:
            return
        if session.is_due:
            self._renewing = self._renewing or asyncio.Lock()
            async with self._renewing:
                if session.is_due:  # nobody did it meanwhile
                    await drive_async(session.renewal(), lambda request: _answer(http, request, auth=session.auth))
        self._auth.credentials = session.current()

    async def _open(self) -> httpx.AsyncClient:
        """Return the HTTP client, opened once, however many conversations begin meanwhile."""
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            self._http = self._http or await event_loop_http(self._auth)
        return self._http

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. What begins later opens others, on another event loop too."""
        http, self._http, self._opening, self._renewing = self._http, None, None, None
        self._gate.reset()
        if http:
            await http.aclose()


def _reply(http: httpx.Client, request: httpx.Request, *, auth: httpx.Auth | None = None) -> httpx.Response:
    """Send a request, signed as the client does or by another's keys; return its reply, read."""
    with quiet_http_log():
        return http.send(request, auth=auth or httpx.USE_CLIENT_DEFAULT)


async def _answer(http: httpx.AsyncClient, request: httpx.Request, *, auth: httpx.Auth | None = None) -> httpx.Response:
    """Send a request on the event loop; return its reply, read. Arguments as of :func:`_reply`."""
    with quiet_http_log():
        response = await http.send(request, auth=auth or httpx.USE_CLIENT_DEFAULT)
    # It was read from there, and the stream holds the reply that holds it: ten kilobytes a poll, in every one of ten thousand
    # waits, would be left to full garbage collections, which stop the loop.
    response.stream = httpx.ByteStream(b"")
    return response
