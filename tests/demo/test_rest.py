"""The calls of Airflow's REST API."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from airflow_provider_omnihuman.demo import rest
from airflow_provider_omnihuman.demo.credentials import Credentials

LOCKED = (500, {"detail": {"reason": "Database error", "orig_error": "database is locked"}})
BROKEN = (500, {"detail": {"reason": "Database error", "orig_error": "no such table: dag_run"}})


@pytest.fixture
def airflow(monkeypatch):
    """An API server that logs in whoever comes, and gives the replies it was told to give; the last one again and again."""
    monkeypatch.setattr(rest, "LOCKED_PAUSE_S", 0.0)
    replies = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(200, {"access_token": "token"})

        def do_GET(self):
            self.reply(*(replies.pop(0) if len(replies) > 1 else replies[0]))

        def reply(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = rest.AirflowRest(f"http://127.0.0.1:{server.server_port}", Credentials())
        yield client, replies
        client.close()
        server.shutdown()


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
