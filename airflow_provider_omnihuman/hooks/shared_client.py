"""One client for all that wait on one event loop with one connection.

A triggerer holds thousands of waits in a process. A client each would cost 25 ms of CPU on the loop and a megabyte (its TLS
context), a look-up of the connection each would ask the metadata API thousands of times, and no limit on requests a second
could be kept. So they share: a wait takes its share by ``async with``, and the last one out closes the client.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from weakref import WeakKeyDictionary

from airflow_provider_omnihuman.api.client import AsyncOmniHumanClient
from airflow_provider_omnihuman.api.quota import RequestRate, reserve_for_workers
from airflow_provider_omnihuman.api.signing import Credentials

if TYPE_CHECKING:
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
    from airflow_provider_omnihuman.hooks.settings import ConnectionSettings

__all__ = ["FAILURE_KEPT_S", "LOOKED_UP_EVERY_S", "SharedClient"]

log = logging.getLogger(__name__)

LOOKED_UP_EVERY_S = 25.0
"""So that a rotated key is picked up within a minute, by waits that are under way too."""
FAILURE_KEPT_S = 5.0
"""A secrets backend that is away is not asked by each of ten thousand waits."""


class _LookUp:
    """The look-up of one connection, shared by all who ask while it is under way or fresh."""

    def __init__(self, hook: OmniHumanHook) -> None:
        self._hook = hook
        self._asking: asyncio.Task[None] | None = None
        self._found: ConnectionSettings | None = None
        self._failure: Exception | None = None
        self._at = -math.inf

    async def settings(self, *, max_age_s: float) -> ConnectionSettings:
        """Return the connection's settings, looked up at most that long ago."""
        age_s = asyncio.get_running_loop().time() - self._at
        if age_s > (FAILURE_KEPT_S if self._failure else max_age_s):
            # A task of its own: whoever began it may be cancelled while others wait for it.
            self._asking = self._asking or asyncio.create_task(self._ask())
        if self._asking:
            await asyncio.shield(self._asking)
        if self._failure:
            raise self._failure.with_traceback(None)  # or each of ten thousand raises would make it longer
        assert self._found
        return self._found

    async def _ask(self) -> None:
        try:
            self._found, self._failure = await self._hook.async_settings(), None
        except Exception as error:  # noqa: BLE001 - the backends' own, of which there is no list; told to all who asked
            self._failure = error
        finally:
            self._at = asyncio.get_running_loop().time()
            self._asking = None


@dataclass(slots=True)
class _Client:
    """A client, and who keeps it open."""

    client: AsyncOmniHumanClient
    renewing: asyncio.Task[None]
    users: int = 0


@dataclass(slots=True)
class _Room:
    """What one event loop shares."""

    look_ups: dict[str, _LookUp] = field(default_factory=dict)
    clients: dict[tuple[object, ...], _Client] = field(default_factory=dict)


_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Room] = WeakKeyDictionary()


class SharedClient:
    """A share in the client of this event loop and connection; :meth:`open` takes it, :meth:`aclose` gives it back.

    Keys and limits of an edited connection go into the client at once; another site, endpoint or timeout makes another client
    for those who come later.
    """

    __slots__ = ("_hook", "_key", "_room")

    def __init__(self, hook: OmniHumanHook) -> None:
        self._hook = hook
        self._room = _rooms.setdefault(asyncio.get_running_loop(), _Room())
        self._key: tuple[object, ...] = ()

    @classmethod
    async def open(cls, hook: OmniHumanHook) -> Self:
        """Take a share.

        :param hook: names the connection
        :raises Exception: whatever the look-up of the connection raises
        """
        share = cls(hook)
        settings = await share._look_up(max_age_s=LOOKED_UP_EVERY_S)
        share._key = (hook.omnihuman_conn_id, *settings.identity)
        shared = share._room.clients.get(share._key) or share._opened(settings)
        shared.users += 1
        return share

    async def aclose(self) -> None:
        """Give the share back; the last one closes the client."""
        shared = self._room.clients[self._key]
        shared.users -= 1
        if not shared.users:
            # All before the first await: who comes meanwhile opens another one.
            del self._room.clients[self._key]
            self._room.look_ups.pop(self._hook.omnihuman_conn_id, None)
            shared.renewing.cancel()
            await shared.client.aclose()

    @property
    def client(self) -> AsyncOmniHumanClient:
        """The client; not to be closed by who shares it."""
        return self._room.clients[self._key].client

    async def has_other_keys(self, refused: Credentials) -> bool:
        """Look the connection up again, for its keys were refused; return whether it holds others by now.

        :param refused: the keys
        """
        if self.client.credentials == refused:
            await self._renew(self._key, max_age_s=FAILURE_KEPT_S)
        return self.client.credentials != refused

    async def _look_up(self, *, max_age_s: float) -> ConnectionSettings:
        name = self._hook.omnihuman_conn_id
        look_up = self._room.look_ups.get(name) or self._room.look_ups.setdefault(name, _LookUp(self._hook))
        return await look_up.settings(max_age_s=max_age_s)

    def _opened(self, settings: ConnectionSettings) -> _Client:
        client = settings.client(AsyncOmniHumanClient, rate=RequestRate(None))
        shared = _Client(client, asyncio.create_task(self._keep_renewing(self._key)))
        self._room.clients[self._key] = shared
        _apply(settings, client)
        return shared

    async def _keep_renewing(self, key: tuple[object, ...]) -> None:
        while True:
            await asyncio.sleep(LOOKED_UP_EVERY_S)
            try:
                await self._renew(key, max_age_s=0)
            except Exception as error:  # noqa: BLE001 - as above; what was looked up before may still be good
                log.warning("Connection %r cannot be looked up, going on with what it held: %s", key[0], type(error).__name__)

    async def _renew(self, key: tuple[object, ...], *, max_age_s: float) -> None:
        settings = await self._look_up(max_age_s=max_age_s)
        shared = self._room.clients.get(key)
        if shared and key[1:] == settings.identity:
            if shared.client.credentials != settings.credentials:
                log.info("Connection %r has other keys now: going on with them", key[0])
            _apply(settings, shared.client)


def _apply(settings: ConnectionSettings, client: AsyncOmniHumanClient) -> None:
    client.renew(
        settings.credentials,
        max_qps=settings.max_qps,
        sharers=settings.triggerer_count,
        reserve=reserve_for_workers(settings.max_qps),
    )
