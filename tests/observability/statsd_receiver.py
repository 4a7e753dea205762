"""A StatsD server of a few lines: keeps every line that arrives by UDP."""

from __future__ import annotations

import socket
import threading
import time
from typing import Self


class StatsdReceiver:
    """Listens on a free port of 127.0.0.1 for as long as the block lasts."""

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port: int = self._socket.getsockname()[1]
        self.lines: list[str] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._ends.is_set():
            try:
                packet = self._socket.recv(65536)
            except TimeoutError:
                continue
            self.lines += packet.decode().splitlines()

    def ours(self, *, within_s: float = 0.3) -> list[str]:
        """Return the lines about this provider, once no more of them come."""
        count = -1
        while count != len(self.lines):
            count = len(self.lines)
            time.sleep(within_s)
        return [line for line in self.lines if line.startswith("airflow.omnihuman.")]

    def values(self, name: str) -> list[float]:
        """Return what was sent under a name, tags or not; ``name`` without Airflow's prefix."""
        found = []
        for line in self.ours():
            told, _, value = line.partition(":")
            if told.split(",")[0] == f"airflow.{name}":
                found.append(float(value.split("|")[0]))
        return found
