"""An API server that answers, and never comes to an end: no task waits for it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, suppress

import pytest

from airflow_provider_omnihuman.hooks.airflow_health import airflow_health, triggerer_problem

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n"


@pytest.fixture(params=[b"", HEAD], ids=["headers", "body"])
def dripping(request, monkeypatch):
    """A server that sends a byte now and then: each wait of its client is short."""
    stopped = threading.Event()

    def drip(connection):
        with closing(connection), suppress(OSError):  # its client goes
            connection.sendall(request.param or b"HTTP/1.1 200 OK\r\nX: ")
            while not stopped.wait(0.05):
                connection.sendall(b" ")

    def accept(server):
        while not stopped.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", f"{url}/execution/")
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", url)
        yield
        stopped.set()


def test_it_is_left_alone_in_time(dripping):
    began = time.monotonic()
    assert airflow_health(timeout_s=0.5) is None
    assert triggerer_problem(timeout_s=0.5) is None
    assert time.monotonic() - began < 4
