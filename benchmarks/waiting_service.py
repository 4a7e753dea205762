"""The service that is polled: ``CVGetResult`` by the clock, in a process of its own, with a note of who asked when.

It answers what the emulator answers (`tests/benchmarks` compares them) and checks no signature: what a poll costs the client is
measured, and a server in Python with all of the emulator's checks would be the bottleneck.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import cast

import httptools
import uvloop
from waiting_jobs import FIRST_TASK_ID, Job, load
from waiting_notes import Series

REPLY_AFTER_S = 0.05
"""A reply takes its time, way and service: else one connection would do for thousands of waiters."""

_QUEUED_SHARE = 0.1
_NOT_FOUND = '{"aigc_meta_tagged": false, "status": "not_found", "video_url": ""}'
_RUNNING = '{"aigc_meta_tagged": false, "status": "%s", "video_url": ""}'
_SIGNED = "X-Tos-Algorithm=TOS4-HMAC-SHA256&X-Tos-Credential=AKLTbench&X-Tos-Expires=3600&X-Tos-Signature=" + "0" * 64


@dataclass(slots=True)
class Service:
    """All that the connections share.

    :param reply_after_s: between a request and its reply, seconds
    """

    reply_after_s: float = REPLY_AFTER_S
    jobs: list[Job] = field(default_factory=list)
    asked: Series = field(default_factory=Series)
    opened: int = 0
    open_now: int = 0
    most_open: int = 0
    requests: int = 0

    def plan(self, folder: Path) -> None:
        """Read the jobs that there are."""
        self.jobs = load(folder / "jobs.json")

    def data(self, task_id: str) -> str:
        """Return the ``data`` of a reply, and note the question."""
        now, index = time.time(), int(task_id) - FIRST_TASK_ID if task_id.isdigit() else -1
        if not 0 <= index < len(self.jobs):
            return _NOT_FOUND
        self.asked.add(index, now)
        job = self.jobs[index]
        if now >= job.done_at:
            url = f"http://127.0.0.1/videos/{task_id}.mp4?{_SIGNED}"
            return f'{{"aigc_meta_tagged": false, "status": "done", "video_url": "{url}"}}'
        is_queued = now < job.submitted_at + _QUEUED_SHARE * (job.done_at - job.submitted_at)
        return _RUNNING % ("in_queue" if is_queued else "generating")

    def reply(self, body: bytes) -> bytes:
        """Return the bytes of a reply: the emulator's envelope and headers."""
        self.requests += 1
        request_id = f"{time.strftime('%Y%m%d%H%M%S')}{self.requests:020X}"
        text = (
            f'{{"code": 10000, "data": {self.data(json.loads(body)["task_id"])}, "message": "Success", '
            f'"request_id": "{request_id}", "status": 10000, "time_elapsed": "0.104852ms"}}'
        )
        return (
            f"HTTP/1.1 200 OK\r\nX-Tt-Logid: {request_id}\r\nContent-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(text)}\r\nDate: {formatdate(usegmt=True)}\r\nServer: bench\r\n\r\n{text}"
        ).encode()

    def save(self, folder: Path) -> None:
        """Write who asked when, and what it took."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        facts = {
            "connections_opened": self.opened,
            "connections_at_once": self.most_open,
            "requests": self.requests,
            "cpu_s": usage.ru_utime + usage.ru_stime,
        }
        (folder / "service.json").write_text(json.dumps(facts))
        self.asked.save(folder / "asked.f64")


class _Connection(asyncio.Protocol):
    def __init__(self, service: Service) -> None:
        self._service = service
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._parser = httptools.HttpRequestParser(self)
        self._service.opened += 1
        self._service.open_now += 1
        self._service.most_open = max(self._service.most_open, self._service.open_now)

    def connection_lost(self, _error: Exception | None) -> None:
        self._service.open_now -= 1

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        reply, self._body = self._service.reply(self._body), b""
        asyncio.get_running_loop().call_later(self._service.reply_after_s, self._send, reply, self._parser.should_keep_alive())

    def _send(self, reply: bytes, keep_alive: bool) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)
            if not keep_alive:
                self._transport.close()


async def serve(service: Service, folder: Path) -> None:
    """Serve until SIGTERM, the port goes into the folder; SIGHUP: read the jobs again."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.add_signal_handler(signal.SIGHUP, service.plan, folder)
    server = await loop.create_server(lambda: _Connection(service), "127.0.0.1", 0, backlog=4096)
    unfinished = folder / "port.part"
    unfinished.write_text(str(server.sockets[0].getsockname()[1]))
    unfinished.rename(folder / "port")
    await over.wait()
    service.save(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds jobs.json; gets port, asked.f64 and service.json")
    folder = parser.parse_args().folder
    service = Service()
    service.plan(folder)
    uvloop.run(serve(service, folder))


if __name__ == "__main__":
    main()
