"""The calls of Airflow's REST API."""

from __future__ import annotations

import httpx
import pytest

from airflow_provider_omnihuman.demo import rest
from tests.demo.served import LogsIn, client_of

LOCKED = (500, {"detail": {"reason": "Database error", "orig_error": "database is locked"}})
BROKEN = (500, {"detail": {"reason": "Database error", "orig_error": "no such table: dag_run"}})


@pytest.fixture
def airflow(monkeypatch):
    """An API server that logs in whoever comes, and gives the replies it was told to give; the last one again and again."""
    monkeypatch.setattr(rest, "LOCKED_PAUSE_S", 0.0)
    replies = []

    class Handler(LogsIn):
        def do_GET(self):  # noqa: N802 - what the server calls
            self.reply(*(replies.pop(0) if len(replies) > 1 else replies[0]))

    with client_of(Handler) as client:
        yield client, replies


def test_what_a_locked_database_refused_is_asked_again(airflow):
    client, replies = airflow
    replies += [LOCKED, LOCKED, (200, {"dags": []})]
    assert client.dags() == []


def test_a_database_that_stays_locked_is_told(airflow):
    client, replies = airflow
    replies += [LOCKED]
    with pytest.raises(httpx.HTTPStatusError, match="database is locked"):
        client.dags()


def test_any_other_failure_is_told_at_once(airflow):
    client, replies = airflow
    replies += [BROKEN, (200, {"dags": []})]
    with pytest.raises(httpx.HTTPStatusError, match="no such table"):
        client.dags()
