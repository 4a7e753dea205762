"""Airflow's stats, found where each of its versions keeps them, and opened before somebody is in a hurry."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any

__all__ = ["airflow_stats", "open_stats"]


@cache
def airflow_stats() -> Any:
    """Return Airflow's ``Stats``: StatsD, Datadog, OpenTelemetry or nothing, as ``[metrics]`` says."""
    # Airflow 3.2 and 3.3 have stats of their own for tasks and triggers. A task process sets them up as it starts; a triggerer
    # does not, but this module does, for its own use, wherever it is imported. Airflow 3.1 has no such module, and needs none.
    with suppress(ImportError):
        import airflow.sdk.serde  # noqa: F401 - for what its import does

    from airflow.providers.common.compat.sdk import Stats

    return Stats


@cache
def open_stats() -> None:
    """Look up the host that is told, and read Airflow's list of old names: both take their time, once in a process."""
    with suppress(Exception):
        airflow_stats().timer("omnihuman.wait_time")  # never started, and so never sent
