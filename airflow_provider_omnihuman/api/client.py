"""The two short drivers that perform a conversation, one for threads and one for an event loop.

The only place where a request is sent and a pause is taken.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx

from airflow_provider_omnihuman.api.actions import lane_of, time_for_reply, time_left
from airflow_provider_omnihuman.api.conversations import Conversation, Conversations, Pause
from airflow_provider_omnihuman.api.exchange import Exchange
from airflow_provider_omnihuman.api.gates import AsyncGate, Gate
from airflow_provider_omnihuman.api.quota import RequestRate
from airflow_provider_omnihuman.api.redaction import quiet_http_log, redact_http_log
from airflow_provider_omnihuman.api.signing import Credentials, SignatureV4Auth
from airflow_provider_omnihuman.api.sites import MAINLAND, Site
from airflow_provider_omnihuman.api.steps import AsyncSteps, Steps
from airflow_provider_omnihuman.api.transport import blocking_http, event_loop_http, transport_error, wire_errors

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
        self._on_exchange = on_exchange
        self.api = Conversations(
            site=site,
            endpoint=endpoint,
            connect_timeout_s=connect_timeout_s,
            read_timeout_s=read_timeout_s,
            on_exchange=self._heard,
        )
        self._auth = SignatureV4Auth(credentials, region=region or site.region)

    @property
    def credentials(self) -> Credentials:
        """The keys that the next request is signed with."""
        return self._auth.credentials

    def renew(self, credentials: Credentials, *, max_qps: float | None = None, sharers: int = 1, reserve: float = 0.0) -> None:
        """Go on with other keys and limits of the same account: those of a connection that was edited meanwhile.

        :param credentials: sign every further request, also of conversations under way
        :param max_qps: and the others: as of :class:`RequestRate`
        """
        self._auth.credentials = credentials
        self._gate.set_limit(max_qps, sharers=sharers, reserve=reserve)

    def _heard(self, exchange: Exchange) -> None:
        """Slow down where the service says so; pass on to the listener, whose faults must not lose what was paid for."""
        if exchange.is_refused_for_its_rate:
            self._gate.rejected()
        if self._on_exchange:
            try:
                self._on_exchange(exchange)
            except Exception:
                log.exception("The listener of requests failed")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.api.base_url!r}, {self._auth!r})"


class OmniHumanClient(Steps, _Configured[Gate]):
    """Talks to the service and blocks meanwhile: for workers and scripts.

    :param credentials: access key, secret key, session token
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
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                self._gate.enter(lane_of(step))
                try:
                    with quiet_http_log():
                        response = self._http.send(step)
                except wire_errors() as error:
                    step = conversation.throw(transport_error(error))
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


def _breathing_gate(rate: RequestRate) -> AsyncGate:
    return AsyncGate(rate, breath_s=_BREATH_S)


class AsyncOmniHumanClient(AsyncSteps, _Configured[AsyncGate]):
    """Talks to the service on an event loop: for the triggerer. Arguments as :class:`OmniHumanClient`."""

    _gate_class = staticmethod(_breathing_gate)
    _http: httpx.AsyncClient | None = None
    _opening: asyncio.Lock | None = None

    async def perform(self, conversation: Conversation[T]) -> T:
        """Have the conversation; return its result.

        :param conversation: of ``self.api``
        :raises OmniHumanError: what the conversation raises
        """
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
                    async with asyncio.timeout(time_left(step, now=self.api.clock())):
                        await self._gate.enter(lane_of(step))
                    async with asyncio.timeout(time_for_reply(step, now=self.api.clock())):
                        response = await _answer(self._http or await self._open(), step)
                except wire_errors() as error:
                    step = conversation.throw(transport_error(error))
                else:
                    step = conversation.send(response)
                    del response  # or each of ten thousand waits would keep it through its next pause
        except StopIteration as stop:
            result: T = stop.value
            return result

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
        http, self._http, self._opening = self._http, None, None
        self._gate.reset()
        if http:
            await http.aclose()


async def _answer(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send a request; return its reply, read."""
    with quiet_http_log():
        response = await http.send(request)
    # It was read from there, and the stream holds the reply that holds it: ten kilobytes a poll, in every one of ten thousand
    # waits, would be left to full garbage collections, which stop the loop.
    response.stream = httpx.ByteStream(b"")
    return response
