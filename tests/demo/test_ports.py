"""Free ports."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.ports import CANDIDATES, free_ports


def test_ports_are_distinct_and_can_be_bound():
    ports = free_ports(20)

    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))


def test_no_outgoing_connection_can_take_them():
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert max(CANDIDATES) < lowest


def test_a_port_that_somebody_listens_on_is_not_given_away():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        with pytest.raises(DemoError, match="found 0 free ports of the 1 needed"):
            free_ports(1, candidates=range(port, port + 1))
