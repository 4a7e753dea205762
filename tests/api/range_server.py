"""A file server that understands ranges, and does to each request what the test says."""

from __future__ import annotations

import http.server
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reply:
    """What one request gets.

    :param body: of the whole file
    :param etag: None for none
    :param status: something else than the file
    :param cut: how many bytes of the reply to send before the connection ends
    :param reset: end it by a TCP reset
    :param stall: say nothing more, once the cut is reached, until the server is stopped
    :param ranges: whether ranges are understood
    :param headers: in place of the right ones; None leaves one out
    """

    body: bytes
    etag: str | None = '"one"'
    status: int | None = None
    cut: int | None = None
    reset: bool = False
    stall: bool = False
    ranges: bool = True
    headers: dict[str, str | None] = field(default_factory=dict)


@dataclass
class RangeServer:
    """:param replies: one for each request; the last one for all that follow."""

    replies: list[Reply]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def next_reply(self, path: str, headers: Any) -> Reply:
        self.asked.append({"path": path, "range": headers.get("Range"), "if_range": headers.get("If-Range")})
        return self.replies[min(len(self.asked), len(self.replies)) - 1]

    @property
    def ranges(self) -> list[str | None]:
        return [question["range"] for question in self.asked]


@contextmanager
def range_server(*replies: Reply) -> Iterator[RangeServer]:
    server = RangeServer(list(replies))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = server.next_reply(self.path, self.headers)
            status, start = _status(reply, self.headers)
            body = b"sorry" if reply.status and reply.status != status else reply.body[start:]
            headers: dict[str, str | None] = {"Content-Length": str(len(body)), "ETag": reply.etag}
            if status == 206:
                headers["Content-Range"] = f"bytes {start}-{len(reply.body) - 1}/{len(reply.body)}"
            self.send_response(status)
            for name, value in (headers | reply.headers).items():
                if value is not None:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: reply.cut])
            self._end(reply)

        def _end(self, reply: Reply) -> None:
            self.close_connection = True
            if reply.stall:
                server.stopped.wait(30)
            if reply.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def log_message(self, *_args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.handle_error = lambda *_args: None  # type: ignore[method-assign]
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
        thread.start()
        server.url = f"http://127.0.0.1:{listener.server_port}/v.mp4?X-Amz-Signature=s3cr3t"
        try:
            yield server
        finally:
            server.stopped.set()
            listener.shutdown()
            thread.join()


def _status(reply: Reply, headers: Any) -> tuple[int, int]:
    """Return the status, and the first byte to send."""
    if reply.status:
        return reply.status, 0
    wanted, condition = headers.get("Range"), headers.get("If-Range")
    if not wanted or not reply.ranges or condition not in {None, reply.etag}:
        return 200, 0
    start = int(wanted.removeprefix("bytes=").removesuffix("-"))
    return (206, start) if start < len(reply.body) else (416, len(reply.body))
