"""Airflow's stats, sent to a real UDP socket."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import EmulatorControl
from tests.observability.statsd_receiver import StatsdReceiver
from tests.operators.conftest import inputs, state, submit, video

__all__ = ["inputs", "state", "submit", "video"]  # fixtures


def _set_up_stats() -> None:
    """Do what a task process of Airflow does as it starts."""
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)


@pytest.fixture
def statsd_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., StatsdReceiver]]:
    """Have Airflow send its metrics to a receiver, with these further options of its section ``[metrics]``."""
    with StatsdReceiver() as receiver:

        def start(**options: str) -> StatsdReceiver:
            told = {"statsd_on": "True", "statsd_host": "127.0.0.1", "statsd_port": str(receiver.port)} | options
            for name, value in told.items():
                monkeypatch.setenv(f"AIRFLOW__METRICS__{name.upper()}", value)
            _set_up_stats()
            return receiver

        yield start
        monkeypatch.undo()
        _set_up_stats()


@pytest.fixture
def statsd(statsd_with: Callable[..., StatsdReceiver]) -> StatsdReceiver:
    return statsd_with()


@pytest.fixture
def priced(connections: None, emulator: EmulatorControl, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that says what a second costs."""
    document = json.loads(os.environ["AIRFLOW_CONN_OMNIHUMAN_DEFAULT"])
    document["extra"] |= {"price_per_second": 1.5, "currency": "CNY"}
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))
