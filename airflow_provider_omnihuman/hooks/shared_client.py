"""One client for all that wait on one event loop with one connection.

A triggerer holds thousands of waits in a process. A client each would cost 25 ms of CPU on the loop and a megabyte (its TLS
context), a look-up of the connection each would ask the metadata API thousands of times, and no limit on requests a second
could be kept. So they share: a wait takes its share by ``async with``, and the last one out closes the client.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from weakref import WeakKeyDictionary

from airflow_provider_omnihuman.api.client import AsyncOmniHumanClient
from airflow_provider_omnihuman.api.quota import RequestRate, reserve_for_workers
from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.hooks.render_times_file import RenderTimesFile
from airflow_provider_omnihuman.observability.airflow_stats import open_stats
from airflow_provider_omnihuman.observability.exchanges import counting
from airflow_provider_omnihuman.observability.meter import Meter

if TYPE_CHECKING:
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
    from airflow_provider_omnihuman.hooks.settings import ConnectionSettings

_Identity: TypeAlias = tuple[object, ...]

__all__ = ["FAILURE_KEPT_S", "LOOKED_UP_EVERY_S", "SharedClient"]

log = logging.getLogger(__name__)

LOOKED_UP_EVERY_S = 25.0
"""So that a rotated key is picked up within a minute, by waits that are under way too."""
FAILURE_KEPT_S = 5.0
"""A secrets backend that is away is not asked by each of ten thousand waits."""


@dataclass(slots=True)
class _Client:
    """A client, and how many keep it open."""

    client: AsyncOmniHumanClient
    meter: Meter
    renewing: asyncio.Task[None]
    users: int = 0


class _Connection:
    """One connection, as all on an event loop share it: its settings, its clients, what was learned of its renders.

    :param hook: names it
    """

    def __init__(self, hook: OmniHumanHook) -> None:
        self._hook = hook
        self._asking: asyncio.Task[None] | None = None
        self._found: ConnectionSettings | None = None
        self._failure: Exception | None = None
        self._at = -math.inf
        self._file = RenderTimesFile(hook.omnihuman_conn_id)
        self._kept: dict[str, Any] = {}
        self.times: RenderTimes | None = None
        self.clients: dict[_Identity, _Client] = {}

    async def settings(self, *, max_age_s: float) -> ConnectionSettings:
        """Return its settings, looked up at most that long ago; who asks meanwhile shares the look-up."""
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
            self.times = self.times or await asyncio.to_thread(self._open)
            self._found, self._failure = await self._hook.async_settings(), None
        except Exception as error:  # noqa: BLE001 - the backends' own, of which there is no list; told to all who asked
            self._failure = error
        finally:
            self._at = asyncio.get_running_loop().time()
            self._asking = None

    def _open(self) -> RenderTimes:
        """Read what was learned, and open the stats, each of which takes its time."""
        open_stats()
        return self._file.load()

    def take(self, settings: ConnectionSettings) -> _Identity:
        """Count one more user of the client with these settings, opened where there is none; return what names it."""
        identity = settings.identity
        if identity not in self.clients:
            meter = Meter.of(conn_id=self._hook.omnihuman_conn_id, site=settings.site.name)
            client = settings.client(AsyncOmniHumanClient, rate=RequestRate(None), on_exchange=counting(meter))
            _apply(settings, client)
            self.clients[identity] = _Client(client, meter, asyncio.create_task(self._keep_renewing(identity)))
        self.clients[identity].users += 1
        return identity

    async def give_back(self, identity: _Identity) -> None:
        """Count one user less; close the client after the last one."""
        shared = self.clients[identity]
        shared.users -= 1
        if shared.users:
            return
        del self.clients[identity]  # before the first await: who comes meanwhile opens another one
        shared.renewing.cancel()
        await shared.client.aclose()
        await self._keep_what_was_learned()

    async def renew(self, identity: _Identity, *, max_age_s: float) -> None:
        """Look the connection up, and give the client the keys and limits that it holds."""
        settings = await self.settings(max_age_s=max_age_s)
        shared = self.clients.get(identity)
        if shared and identity == settings.identity:
            if not shared.client.holds(settings.credentials, settings.role):
                log.info("Connection %r has other keys now: going on with them", self._hook.omnihuman_conn_id)
            _apply(settings, shared.client)

    async def _keep_renewing(self, identity: _Identity) -> None:
        while True:
            await asyncio.sleep(LOOKED_UP_EVERY_S)
            try:
                await self.renew(identity, max_age_s=0)
            except Exception as error:  # noqa: BLE001 - as above; what was looked up before may still be good
                name, kind = self._hook.omnihuman_conn_id, type(error).__name__
                log.warning("Connection %r cannot be looked up, going on with what it held: %s", name, kind)
            await self._keep_what_was_learned()

    async def _keep_what_was_learned(self) -> None:
        learned = self.times.to_dict() if self.times else {}
        if learned.get("kinds") and learned != self._kept:
            self._kept = learned
            await asyncio.to_thread(self._file.save, learned)


_connections: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Connection]] = WeakKeyDictionary()


class SharedClient:
    """A share in the client of this event loop and connection; :meth:`open` takes it, :meth:`aclose` gives it back.

    Keys, role and limits of an edited connection go into the client at once, timeouts with the next wait; another site, region or
    endpoint makes another client for those who come later.
    """

    __slots__ = ("_connection", "_identity")

    def __init__(self, connection: _Connection, identity: _Identity) -> None:
        self._connection = connection
        self._identity = identity

    @classmethod
    async def open(cls, hook: OmniHumanHook) -> Self:
        """Take a share.

        :param hook: names the connection
        :raises Exception: whatever the look-up of the connection raises
        """
        connections = _connections.setdefault(asyncio.get_running_loop(), {})
        connection = connections.get(hook.omnihuman_conn_id) or _Connection(hook)
        connections[hook.omnihuman_conn_id] = connection
        settings = await connection.settings(max_age_s=LOOKED_UP_EVERY_S)
        return cls(connection, connection.take(settings))

    async def aclose(self) -> None:
        """Give the share back; the last one closes the client."""
        await self._connection.give_back(self._identity)

    @property
    def client(self) -> AsyncOmniHumanClient:
        """The client; not to be closed by who shares it."""
        return self._connection.clients[self._identity].client

    @property
    def meter(self) -> Meter:
        """Counts and times for this connection."""
        return self._connection.clients[self._identity].meter

    @property
    def users(self) -> int:
        """How many share it."""
        return self._connection.clients[self._identity].users

    @property
    def times(self) -> RenderTimes:
        """What was learned of this connection's renders."""
        assert self._connection.times is not None
        return self._connection.times

    async def has_other_keys(self, refused: Credentials) -> bool:
        """Look the connection up again, for its keys were refused; return whether it holds others by now.

        :param refused: the keys
        """
        if self.client.credentials == refused:
            try:
                await self._connection.renew(self._identity, max_age_s=0)
            except Exception as error:  # noqa: BLE001 - as below; that the keys were refused is what the task must hear
                log.warning("A connection whose keys were refused cannot be looked up: %s", type(error).__name__)
        return self.client.credentials != refused or self.client.drop(refused)


def _apply(settings: ConnectionSettings, client: AsyncOmniHumanClient) -> None:
    # For conversations that begin from now on.
    client.api = replace(client.api, connect_timeout_s=settings.connect_timeout_s, read_timeout_s=settings.read_timeout_s)
    client.renew(
        settings.credentials,
        role=settings.role,
        max_qps=settings.max_qps,
        sharers=settings.triggerer_count,
        reserve=reserve_for_workers(settings.max_qps),
    )
