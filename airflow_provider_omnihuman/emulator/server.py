"""Puts the emulator together and runs it, in this event loop or in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import sqlite3
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import web

from airflow_provider_omnihuman.emulator.admin import Admin
from airflow_provider_omnihuman.emulator.catalogue import SITES
from airflow_provider_omnihuman.emulator.clock import EmulatedClock
from airflow_provider_omnihuman.emulator.downloads import Downloads
from airflow_provider_omnihuman.emulator.errors import StartError
from airflow_provider_omnihuman.emulator.faults import FaultRules
from airflow_provider_omnihuman.emulator.fetching import Fetcher
from airflow_provider_omnihuman.emulator.front import Front
from airflow_provider_omnihuman.emulator.limits import RateLimit
from airflow_provider_omnihuman.emulator.settings import Settings
from airflow_provider_omnihuman.emulator.signature import Account
from airflow_provider_omnihuman.emulator.speech_api import SpeechApi
from airflow_provider_omnihuman.emulator.store import Store
from airflow_provider_omnihuman.emulator.sts_api import StsApi
from airflow_provider_omnihuman.emulator.studio import Studio
from airflow_provider_omnihuman.emulator.temporary_keys import TemporaryKeys
from airflow_provider_omnihuman.emulator.visual_api import VisualApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from io import TextIOWrapper

_ADMIN_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running emulator is reached.

    :param endpoint: the API.
    :param admin: the admin API.
    """

    endpoint: str
    admin: str


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[Addresses, EmulatedClock]]:
    """Run an emulator in this event loop for as long as the block lasts."""
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(_data_folder(settings.data_dir))
        store = stack.enter_context(_open_store(folder / "emulator.sqlite"))
        clock = EmulatedClock(settings.speed, anchor=store.clock_anchor(), on_change=store.save_clock_anchor)
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        studio = Studio(folder, store, Fetcher(session, settings.fetch_hosts))
        stack.push_async_callback(studio.close)
        faults = FaultRules()
        downloads = Downloads(folder, clock, store.url_secret())
        account = Account(settings.access_key, settings.secret_key, settings.session_token)
        temporary_keys = TemporaryKeys(store.url_secret(), clock)
        visual = VisualApi(
            account=account,
            temporary_keys=temporary_keys,
            store=store,
            clock=clock,
            studio=studio,
            downloads=downloads,
            faults=faults,
            rate=RateLimit(settings.qps),
            concurrency=settings.concurrency,
            base_url=lambda: endpoint,
            site_names=tuple(SITES) if settings.site == "any" else (settings.site,),
        )
        sts = StsApi(account, temporary_keys, settings.role_trn, settings.role_session_s)
        front = Front(visual, sts, SpeechApi(settings), downloads, faults, store)
        admin = Admin(settings, store, clock, faults, studio, visual)
        endpoint = await _listen(stack, front.application(), settings.host, settings.port)
        admin_url = await _listen(stack, admin.application(), _ADMIN_HOST, settings.admin_port)
        studio.resume()
        yield Addresses(endpoint, admin_url), clock


class Emulator:
    """An emulator in a thread, for tests and notebooks; sockets are real, ports are free ones.

    :param settings: how it behaves.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._addresses: Addresses | None = None
        self._clock: EmulatedClock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="omnihuman-emulator", daemon=True)

    @property
    def endpoint(self) -> str:
        """The API's address, such as ``http://127.0.0.1:49152``."""
        assert self._addresses is not None, "the emulator is not started"
        return self._addresses.endpoint

    @property
    def admin_url(self) -> str:
        """The admin API's address."""
        assert self._addresses is not None, "the emulator is not started"
        return self._addresses.admin

    @property
    def clock(self) -> EmulatedClock:
        """The clock, to be moved from any thread."""
        assert self._clock is not None, "the emulator is not started"
        return self._clock

    def start(self) -> Self:
        """Start, and return when requests are taken."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop, and return when every socket is closed."""
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # stopped already
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 -- handed to the thread that called start()
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with serving(self.settings) as (self._addresses, self._clock):
            self._ready.set()
            await self._stop.wait()


@contextlib.contextmanager
def running_emulator(**settings: Any) -> Iterator[Emulator]:
    """Run an emulator for a block; the arguments are the fields of :class:`Settings`."""
    with Emulator(Settings(**settings)) as emulator:
        yield emulator


async def _listen(stack: contextlib.AsyncExitStack, application: web.Application, host: str, port: int) -> str:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, OverflowError) as error:
        raise StartError(f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}") from error
    bound = runner.addresses[0]
    return f"http://[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"http://{bound[0]}:{bound[1]}"


@contextlib.contextmanager
def _data_folder(data_dir: Path | None) -> Iterator[Path]:
    """Open the data folder and keep others out of it: two emulators would do each other's work."""
    with contextlib.ExitStack() as stack:
        if data_dir is None:
            data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="omnihuman-emulator-")))
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(data_dir / "lock"))
        except BlockingIOError as error:
            raise StartError(f"another emulator uses {data_dir}") from error
        except OSError as error:
            raise StartError(f"cannot write to {data_dir}: {error.strerror}") from error
        yield data_dir


@contextlib.contextmanager
def _open_store(path: Path) -> Iterator[Store]:
    try:
        store = Store(path)
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
        raise StartError(f"cannot use {path}: {error}") from error
    with contextlib.closing(store):
        yield store


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[TextIOWrapper]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
