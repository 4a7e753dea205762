"""A stretch of network that can break: a TCP proxy of its own thread, between real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

_CHUNK_BYTES = 64 * 1024


class Break(StrEnum):
    """What happens to a request that is met."""

    LOSE = "lose"
    """It never arrives, and nothing is answered."""
    LOSE_REPLY = "lose reply"
    """It arrives, and its answer never does."""
    RESET = "reset"
    """The connection is reset before it arrives."""


class Wire:
    """A proxy on 127.0.0.1. A context manager.

    :param target_url: where to forward.
    """

    def __init__(self, target_url: str) -> None:
        self._target_port = urlsplit(target_url).port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._port = 0
        self._rule: tuple[Break, bytes] | None = None
        self._times = 0
        self.bytes_per_s = 0.0
        self.met = threading.Event()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def break_on(self, pattern: bytes, how: Break, *, times: int = 1) -> None:
        """Break the next requests in which these bytes are found; ``met`` is set at the first."""
        self.met.clear()
        self._rule, self._times = (how, pattern), times

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._run(self._cut())

    def mend(self) -> None:
        """Take connections again, and break nothing any more."""
        self._rule, self.bytes_per_s = None, 0.0
        if self._server is None:
            self._run(self._listen())

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            _reset(writer)

    async def _close(self) -> None:
        await self._cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.add(there)
            try:
                await self._carry(reader, writer, there_reader, there)
            finally:
                self._drop(there)
        except (OSError, asyncio.CancelledError):
            pass  # one end or the other has gone
        finally:
            self._drop(writer)
            self._tasks.discard(task)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there_reader: asyncio.StreamReader,
        there: asyncio.StreamWriter,
    ) -> None:
        back = asyncio.create_task(self._copy_back(there_reader, writer))
        try:
            while chunk := await reader.read(_CHUNK_BYTES):
                how = self._broken(chunk)
                if how is Break.RESET:
                    _reset(writer)
                    return
                if how is not None:
                    back.cancel()
                if how is Break.LOSE:
                    await reader.read()  # until the caller has given up, or died
                    return
                if self.bytes_per_s:
                    await asyncio.sleep(len(chunk) / self.bytes_per_s)
                there.write(chunk)
                await there.drain()
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)

    async def _copy_back(self, there_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await there_reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.close()  # the far end has hung up

    def _broken(self, chunk: bytes) -> Break | None:
        if self._rule is None or not self._times or self._rule[1] not in chunk:
            return None
        self._times -= 1
        self.met.set()
        return self._rule[0]

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
