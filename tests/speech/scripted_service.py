"""A speech service over a real socket that answers by script and remembers what it was asked."""

import asyncio
import contextlib
import json
import threading
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Reply:
    """One answer. ``break_after`` closes the connection after so many bytes of the body."""

    body: bytes | str = b""
    status: int = 200
    headers: dict = field(default_factory=lambda: {"X-Tt-Logid": "20250601log"})
    break_after: int | None = None
    delay_s: float = 0


@dataclass
class Asked:
    headers: dict
    document: dict
    path: str


class ScriptedService:
    """Gives the replies in turn; the last one again and again."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []
        self.endpoint = ""

    async def _answer(self, request):
        self.asked.append(Asked(dict(request.headers), json.loads(await request.read()), request.path))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        await asyncio.sleep(reply.delay_s)
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        if reply.break_after is None:
            return web.Response(body=body, status=reply.status, headers=reply.headers)
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(body[: reply.break_after])
        request.transport.close()
        return response


@contextlib.contextmanager
def scripted(*replies):
    """Run a scripted service in a thread for a block."""
    service = ScriptedService(*replies)
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def serve():
        application = web.Application()
        application.router.add_post("/{path:.*}", service._answer)
        runner = web.AppRunner(application, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        service.endpoint = "http://127.0.0.1:{1}".format(*runner.addresses[0])
        service.stop = asyncio.Event()
        ready.set()
        await service.stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield service
    finally:
        loop.call_soon_threadsafe(service.stop.set)
        thread.join()
        loop.close()
