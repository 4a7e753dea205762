"""A wire tap: hands every byte on to the emulator, and notes when the first one of a submit comes by."""

from __future__ import annotations

import contextlib
import queue
import socket
import socketserver
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_SUBMIT = b"POST /?Action=CVSubmitTask"
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Sighting:
    """A submit's first byte.

    :param at_ns: on the monotonic clock, which all processes of the machine share
    :param cpu_ns: CPU time that the sender's threads had taken by then
    """

    at_ns: int
    cpu_ns: int


def cpu_ns(pid: int) -> int:
    """Return the CPU time that a process's living threads have taken."""
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            total += int(path.read_text().split()[0])
    return total


class Wire:
    """The tap, in threads of its own.

    :param to: host and port of the emulator
    """

    def __init__(self, to: tuple[str, int]) -> None:
        self.sender_pid = 0
        self.sightings: queue.SimpleQueue[Sighting] = queue.SimpleQueue()
        wire = self

        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection(to) as emulator:
                    back = threading.Thread(target=_pump, args=(emulator, self.request), daemon=True)
                    back.start()
                    wire._forward(self.request, emulator)
                    back.join()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, sender: socket.socket, emulator: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := sender.recv(_CHUNK_BYTES):
                if chunk.startswith(_SUBMIT):
                    self.sightings.put(Sighting(time.monotonic_ns(), cpu_ns(self.sender_pid)))
                emulator.sendall(chunk)
            emulator.shutdown(socket.SHUT_WR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
