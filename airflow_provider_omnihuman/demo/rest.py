"""The few calls of Airflow's public REST API (v2) that the demo and the scenario tests need."""

from __future__ import annotations

import time
from datetime import datetime
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from airflow_provider_omnihuman.demo.credentials import Credentials

Heartbeats = dict[str, datetime | None]

LOCKED_ATTEMPTS, LOCKED_PAUSE_S = 10, 0.5
HEARTBEATS = {
    "scheduler": "latest_scheduler_heartbeat",
    "triggerer": "latest_triggerer_heartbeat",
    "dag_processor": "latest_dag_processor_heartbeat",
}


class AirflowRest:
    """A client of one Airflow, logged in on first need.

    :param url: where its API server listens.
    :param credentials: whose user and password to log in with.
    """

    def __init__(self, url: str, credentials: Credentials) -> None:
        self.url = url
        self._credentials = credentials
        # trust_env: a proxy of the caller's environment must not be asked for 127.0.0.1
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> Heartbeats | None:
        """When each service last gave a sign of life; ``None`` while the API server does not answer.

        Both of its applications are asked. The one that the workers talk to builds itself at its first request,
        which takes 7 s of CPU time in 3.3: better now, while other services start, than when the first task waits.
        """
        try:
            workers = self._http.get("/execution/health")
            reply = self._http.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return None
        if workers.is_error or reply.is_error:
            return None
        body = reply.json()
        return {name: _time((body.get(name) or {}).get(field)) for name, field in HEARTBEATS.items()}

    def create_connection(self, connection: dict[str, Any]) -> None:
        """Create a connection, as a person would in the UI."""
        self.call("POST", "/connections", json=connection)

    def create_pool(self, pool: dict[str, Any]) -> None:
        """Create a pool."""
        self.call("POST", "/pools", json=pool)

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """The Dag, or ``None`` while the Dag processor has not seen it."""
        reply = self._send("GET", f"/dags/{dag_id}")
        return None if reply.status_code == httpx.codes.NOT_FOUND else _json(reply)

    def dags(self) -> list[dict[str, Any]]:
        """All Dags that the Dag processor has seen."""
        return list(self.call("GET", "/dags", params={"limit": 1000})["dags"])

    def dag_parameters(self, dag_id: str) -> list[str]:
        """The names of a Dag's parameters."""
        return list(self.call("GET", f"/dags/{dag_id}/details")["params"] or {})

    def unpause(self, dag_id: str) -> None:
        """Let a Dag run."""
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def downstream_tasks(self, dag_id: str) -> dict[str, list[str]]:
        """The ids of a Dag's tasks, and of those that come right after each."""
        tasks = self.call("GET", f"/dags/{dag_id}/tasks")["tasks"]
        return {task["task_id"]: list(task["downstream_task_ids"] or ()) for task in tasks}

    def task_order(self, dag_id: str) -> list[str]:
        """The ids of a Dag's tasks, each after those that it depends on."""
        order: TopologicalSorter[str] = TopologicalSorter()
        for task_id, later in self.downstream_tasks(dag_id).items():
            order.add(task_id)
            for after in later:
                order.add(after, task_id)
        return list(order.static_order())

    def import_errors(self) -> list[dict[str, Any]]:
        """What the Dag processor could not import."""
        return list(self.call("GET", "/importErrors")["import_errors"])

    def trigger(self, dag_id: str, conf: dict[str, Any], *, logical_date: str | None = None) -> str:
        """Start a run, and return its id."""
        run = {"logical_date": logical_date, "conf": conf}
        return str(self.call("POST", f"/dags/{dag_id}/dagRuns", json=run)["dag_run_id"])

    def run_ids(self, dag_id: str) -> list[str]:
        """The ids of a Dag's runs."""
        return [run["dag_run_id"] for run in self.call("GET", f"/dags/{dag_id}/dagRuns", params={"limit": 100})["dag_runs"]]

    def dag_run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run."""
        return self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The tasks of a run, mapped ones one by one."""
        body = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 1000})
        return list(body["task_instances"])

    def xcom(self, dag_id: str, run_id: str, task_id: str, *, key: str = "return_value", map_index: int = -1) -> Any:
        """One XCom's value, deserialized."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.call("GET", path, params={"map_index": map_index})["value"]

    def task_log(self, dag_id: str, run_id: str, task_id: str, *, try_number: int, map_index: int = -1) -> str:
        """The log of one try, as lines of text."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        body = self.call("GET", path, params={"full_content": True, "map_index": map_index})
        return "\n".join(_log_line(entry) for entry in body["content"])

    def pending_questions(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """What the run asks people, and nobody has answered: each with its ``task_instance``, ``subject`` and ``options``."""
        unanswered = {"response_received": False, "limit": 100}
        return list(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/hitlDetails", params=unanswered)["hitl_details"])

    def answer(self, question: dict[str, Any], *options: str, **params_input: Any) -> dict[str, Any]:
        """Answer a question as the person who is logged in.

        :param question: one of :meth:`pending_questions`.
        :param options: what is chosen.
        :param params_input: what is filled into its form; what is left out stays as the form shows it.
        """
        task = question["task_instance"]
        shown = {name: param["value"] for name, param in (question.get("params") or {}).items()}
        path = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}/{task['map_index']}"
        body = {"chosen_options": list(options), "params_input": shown | params_input}
        return self.call("PATCH", f"{path}/hitlDetails", json=body)

    def call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Make any other call; an empty answer is an empty mapping.

        :param method: of HTTP.
        :param path: below ``/api/v2``.
        :param request: as for httpx.
        """
        for _ in range(LOCKED_ATTEMPTS - 1):
            reply = self._send(method, path, **request)
            if not _is_locked(reply):
                return _json(reply)
            time.sleep(LOCKED_PAUSE_S)
        return _json(self._send(method, path, **request))

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        if "Authorization" not in self._http.headers:
            self._log_in()
        return self._http.request(method, f"/api/v2{path}", **request)

    def _log_in(self) -> None:
        body = {"username": self._credentials.user, "password": self._credentials.password}
        token = _json(self._http.post("/auth/token", json=body))["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"


def _json(reply: httpx.Response) -> dict[str, Any]:
    if reply.is_error:  # Airflow explains itself in the body, which httpx would leave out
        raise httpx.HTTPStatusError(
            f"{reply.request.method} {reply.request.url.path}: HTTP {reply.status_code} {reply.text[:500]}",
            request=reply.request,
            response=reply,
        )
    body: dict[str, Any] = reply.json() if reply.content else {}
    return body


def _is_locked(reply: httpx.Response) -> bool:
    """Whether SQLite let nobody write: nothing was done, and what a person would do is to click again."""
    return reply.status_code == httpx.codes.INTERNAL_SERVER_ERROR and "database is locked" in reply.text


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _log_line(entry: dict[str, Any] | str) -> str:
    if isinstance(entry, str):
        return entry
    known = {"timestamp", "event", "level", "logger", "error_detail", "filename", "lineno", "chan", "loc"}
    rest = " ".join(f"{name}={text}" for name, text in entry.items() if name not in known)
    errors = [f"{detail.get('exc_type')}: {detail.get('exc_value')}" for detail in entry.get("error_detail") or []]
    head = " ".join(filter(None, (str(entry.get("level", "")).upper(), entry.get("event", ""), rest)))
    return "\n".join([head, *errors])
