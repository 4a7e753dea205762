"""Asking Airflow's API server whether a triggerer is alive: every answer, and none, over real sockets."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from airflow_provider_omnihuman.hooks.airflow_health import airflow_health, api_server_urls, triggerer_problem


def report(triggerer_status="healthy", heartbeat="2026-11-23T00:00:00.123456+00:00", database="healthy"):
    """Airflow 3.1, 3.2 and 3.3 say it in these words."""
    return {
        "metadatabase": {"status": database},
        "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": heartbeat},
        "triggerer": {"status": triggerer_status, "latest_triggerer_heartbeat": heartbeat},
    }


@contextmanager
def server(body, *, status=200, path="/api/v2/monitor/health", delay_s=0.0):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(delay_s)
            found = self.path == path
            self.send_response(status if found else 404)
            with suppress(BrokenPipeError):  # who asked has hung up
                self.end_headers()
                self.wfile.write(body if found else b"{}")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}"
        finally:
            listening.shutdown()
            thread.join()


@pytest.fixture
def at(monkeypatch):
    def configure(url, *, base_url=""):
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", f"{url}/execution/" if url else "")
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url or url)

    return configure


def problem(at, document, **arguments):
    with server(json.dumps(document).encode(), **arguments) as url:
        at(url)
        return triggerer_problem()


def test_a_triggerer_that_lives_is_no_problem(at):
    assert problem(at, report()) is None


def test_a_triggerer_that_is_silent_is_told_with_its_last_word(at):
    assert problem(at, report("unhealthy")) == (
        "no triggerer is alive (its last heartbeat was 2026-11-23T00:00:00Z): a deferred task waits until one runs: "
        "start `airflow triggerer`"
    )


def test_a_triggerer_that_was_never_started_is_told(at):
    assert "(none was ever started)" in problem(at, report(None, heartbeat=None))


@pytest.mark.parametrize(
    "document",
    [
        report("unhealthy", heartbeat=None, database="unhealthy"),
        report("unhealthy", heartbeat="yesterday"),
        {"triggerer": None},
        {"triggerer": {}, "metadatabase": {"status": "healthy"}},
        {"detail": "Not Found"},
        [],
    ],
    ids=["no database", "odd time", "no triggerer", "no status", "another service", "a list"],
)
def test_what_nobody_knows_is_no_problem(at, document):
    assert problem(at, document) is None


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>", 200), (b"", 502), (b"\xff" * 99, 200)], ids=["a page", "a gateway", "bytes"]
)
def test_a_proxy_in_between_is_no_problem(at, body, status):
    with server(body, status=status) as url:
        at(url)
        assert triggerer_problem() is None


def test_no_api_server_is_no_problem(at):
    at("http://127.0.0.1:9")
    assert triggerer_problem() is None


def test_an_api_server_that_hangs_costs_no_more_than_the_time_given(at):
    with server(json.dumps(report("unhealthy")).encode(), delay_s=1.0) as url:
        at(url)
        started = time.monotonic()
        assert triggerer_problem(timeout_s=0.2) is None
        assert time.monotonic() - started < 0.8


def test_where_the_workers_address_serves_no_health_the_peoples_is_asked(at):
    """`airflow api-server --apps execution` serves the task API alone."""
    with server(b"{}", path="/nothing") as execution, server(json.dumps(report("unhealthy")).encode()) as people:
        at(execution, base_url=people)
        assert triggerer_problem().startswith("no triggerer is alive")


def test_a_server_that_answers_something_else_is_not_believed(at):
    with server(b"{}") as other, server(json.dumps(report("unhealthy")).encode()) as people:
        at(other, base_url=people)
        assert triggerer_problem().startswith("no triggerer is alive")


def test_an_api_server_below_a_path_is_found(at):
    with server(json.dumps(report()).encode(), path="/airflow/api/v2/monitor/health") as url:
        at(f"{url}/airflow")
        assert airflow_health() == report()


@pytest.mark.parametrize(
    ("execution", "base_url", "urls"),
    [
        ("", "", ["http://localhost:8080"]),
        ("", "/team", ["http://localhost:8080/team"]),
        ("", "https://airflow.example.com/", ["https://airflow.example.com"]),
        ("http://api:8080/execution/", "https://airflow.example.com", ["http://api:8080", "https://airflow.example.com"]),
        ("in-process://", "file:///etc/passwd", []),
    ],
)
def test_the_address_is_the_one_that_airflow_is_configured_with(monkeypatch, execution, base_url, urls):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", execution)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    assert api_server_urls() == urls
