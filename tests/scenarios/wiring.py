"""Connections that lead through a stretch of network that can break."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

from running_airflow import RealAirflow
from wire import Wire

from airflow_provider_omnihuman.demo.connections import demo_connections

WireTo: TypeAlias = Callable[[str], tuple[str, Wire]]


@contextmanager
def wires(airflow: RealAirflow) -> Iterator[WireTo]:
    """Give a function that copies one of the demo's connections, with a wire before its endpoint."""
    endpoints = {"omnihuman_default": airflow.stack.emulator.endpoint, "aws_default": airflow.stack.store.endpoint}
    with ExitStack() as ends:

        def wire_to(connection_id: str) -> tuple[str, Wire]:
            wire = ends.enter_context(Wire(endpoints[connection_id]))
            documents = demo_connections(airflow.credentials, emulator_url=wire.url, s3_url=wire.url)
            document = next(item for item in documents if item["connection_id"] == connection_id)
            name = f"{connection_id}_wire_{uuid.uuid4().hex[:8]}"
            airflow.rest.create_connection(document | {"connection_id": name})
            ends.callback(airflow.rest.call, "DELETE", f"/connections/{name}")
            return name, wire

        yield wire_to
