"""The two short drivers that perform a conversation, one for threads and one for an event loop.

The only place where a request is sent and a pause is taken.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self, TypeVar

import httpx

from airflow_provider_omnihuman.api.conversations import Conversation, Conversations, Pause
from airflow_provider_omnihuman.api.signing import Credentials, SignatureV4Auth
from airflow_provider_omnihuman.api.sites import MAINLAND, Site
from airflow_provider_omnihuman.api.transport import blocking_http, event_loop_http, transport_error, wire_errors

__all__ = ["AsyncOmniHumanClient", "OmniHumanClient"]

T = TypeVar("T")


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
        self._http = self._http or blocking_http(self._auth)
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
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


class AsyncOmniHumanClient(_Configured):
    """Talks to the service on an event loop: for the triggerer. Arguments as :class:`OmniHumanClient`."""

    _http: httpx.AsyncClient | None = None

    async def perform(self, conversation: Conversation[T]) -> T:
        """Have the conversation; return its result.

        :param conversation: of ``self.api``
        :raises OmniHumanError: what the conversation raises
        """
        self._http = self._http or await event_loop_http(self._auth)
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
                    response = await self._http.send(step)
                except wire_errors() as error:
                    step = conversation.throw(transport_error(error))
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
