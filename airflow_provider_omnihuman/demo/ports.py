"""Picks free loopback ports that no outgoing connection will take before the service binds them."""

from __future__ import annotations

import contextlib
import random
import socket
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo.failures import DemoError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Below Linux's default range for outgoing connections (net.ipv4.ip_local_port_range, from 32768).
CANDIDATES = range(20_000, 32_000)


def free_ports(count: int, *, candidates: Sequence[int] = CANDIDATES) -> list[int]:
    """Return distinct ports of 127.0.0.1 that can be bound now.

    :param count: how many.
    :param candidates: which ports to try, in random order.
    """
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for port in random.sample(candidates, len(candidates)):
            if len(found) == count:
                break
            if _can_bind(port, held):
                found.append(port)
    if len(found) < count:
        raise DemoError(f"found {len(found)} free ports of the {count} needed on 127.0.0.1: is loopback usable?")
    return found


def _can_bind(port: int, held: contextlib.ExitStack) -> bool:
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1)
    except OSError:
        return False
    return True
