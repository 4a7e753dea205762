"""What a scenario can do to a running Airflow, and see of it."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil

from airflow_provider_omnihuman.demo import marks
from airflow_provider_omnihuman.demo.airflow_services import COMMANDS, MIGRATE
from airflow_provider_omnihuman.demo.dag_run import DagRun, trigger
from airflow_provider_omnihuman.demo.stack import Stack

SPEED = 60.0  # of the emulator, in seconds of work for each second
STATE_KEY = "omnihuman_submission"  # where the ledger keeps a task's submission; users put ids there by hand


class RealAirflow:
    """A running Airflow with the emulator and an object store.

    A run is followed with the methods of :class:`DagRun`: ``state``, ``tasks()``, ``xcom(task)``, ``log(task)``.
    """

    def __init__(self, stack: Stack, *, name: str) -> None:
        self.stack = stack
        self.name = name
        self.rest = stack.rest
        self.credentials = stack.credentials
        self.database: Path = stack.layout.database
        self.task_logs: Path = stack.layout.task_logs
        self.service_logs: Path = stack.layout.service_logs

    # The object store and the emulator.

    def s3(self) -> Any:
        """A boto3 client for the object store."""
        return self.stack.store.client()

    def emulator_state(self) -> dict[str, Any]:
        """What the emulator counted: requests, accepted jobs, seconds billed."""
        return self.stack.emulator.state()

    def emulator(self, method: str, path: str, document: dict[str, Any] | None = None) -> Any:
        """Ask the emulator's admin port."""
        url = self.stack.emulator.admin + path
        return httpx.request(method, url, json=document, timeout=10, trust_env=False).raise_for_status().json()

    def fault(self, **document: Any) -> int:
        """Make something go wrong at the emulator; return the rule's id."""
        return int(self.emulator("POST", "/faults", document)["fault_id"])

    def hold_renders(self) -> None:
        """Let no render get any further."""
        self.emulator("POST", "/clock", {"speed": 0})

    def release_renders(self) -> None:
        """Let the renders go on."""
        self.emulator("POST", "/clock", {"speed": SPEED})

    def pass_time(self, hours: float) -> None:
        """Move the service's clock: URLs and tasks grow old."""
        self.emulator("POST", "/clock", {"advance_s": hours * 3600})

    def faults_met(self) -> int:
        """How many requests have gone wrong by the rules now in force."""
        return sum(fault["met"] for fault in self.emulator("GET", "/faults"))

    # Runs and tasks.

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> DagRun:
        """Start a run as soon as the Dag is known."""
        return trigger(self.rest, dag_id, conf or {}, check=self.stack.check)

    def wait(self, run: DagRun, *, within_s: float = 400.0) -> str:
        """Wait for the end of a run, and return its state; services may be down meanwhile."""
        return run.wait(within_s=within_s)

    def run(self, dag_id: str, conf: dict[str, Any] | None = None, *, within_s: float = 400.0) -> DagRun:
        """Start a run and see it succeed."""
        run = self.trigger(dag_id, conf)
        self.see_success(run, within_s=within_s)
        return run

    def see_success(self, run: DagRun, *, within_s: float = 400.0) -> None:
        """Wait until a run has succeeded; the logs of the failed tasks are the failure message."""
        state = self.wait(run, within_s=within_s)
        assert state == "success", "\n\n".join(self._failed_logs(run))

    def task(self, run: DagRun, task_id: str, *, map_index: int = -1) -> dict[str, Any]:
        """One task instance, as the REST API tells of it."""
        return next(task for task in run.tasks() if (task["task_id"], task["map_index"]) == (task_id, map_index))

    def wait_for_task(self, run: DagRun, task_id: str, *states: str, within_s: float = 180.0) -> dict[str, Any]:
        """Wait until a task is in one of the states, and return it."""
        deadline = time.monotonic() + within_s
        while (task := self.task(run, task_id))["state"] not in states:
            wanted = " or ".join(states)
            assert task["state"] != "failed", f"not {wanted}:\n" + "\n\n".join(self._failed_logs(run))
            assert time.monotonic() < deadline, f"{task_id} is {task['state']}, not {wanted}, after {within_s:.0f} s"
            time.sleep(0.3)
        return task

    def clear(self, run: DagRun, *task_ids: str, downstream: bool = True) -> None:
        """Clear tasks, as the UI's button does."""
        body = {"dry_run": False, "dag_run_id": run.run_id, "task_ids": list(task_ids), "only_failed": False}
        self.rest.call("POST", f"/dags/{run.dag_id}/clearTaskInstances", json=body | {"include_downstream": downstream})

    def mark(self, run: DagRun, task_id: str, state: str) -> None:
        """Mark a task failed or successful, as a person can."""
        self.rest.call("PATCH", f"{_path(run, task_id)}", json={"new_state": state})

    def backfill(self, dag_id: str, conf: dict[str, Any], *, first: str, last: str, reprocess: str = "none") -> None:
        """Backfill a Dag's dates, and wait until that is done."""
        dates = {"from_date": first, "to_date": last, "reprocess_behavior": reprocess}
        begun = self.rest.call("POST", "/backfills", json={"dag_id": dag_id, "dag_run_conf": conf, **dates})
        deadline = time.monotonic() + 400
        while self.rest.call("GET", f"/backfills/{begun['id']}")["completed_at"] is None:
            assert time.monotonic() < deadline, f"the backfill of {dag_id} is not over after 400 s"
            time.sleep(1)

    def runs(self, dag_id: str) -> list[DagRun]:
        """Every run of a Dag."""
        order = tuple(self.rest.task_order(dag_id))
        found = self.rest.call("GET", f"/dags/{dag_id}/dagRuns", params={"limit": 100})["dag_runs"]
        return [DagRun(self.rest, dag_id, run["dag_run_id"], order) for run in found]

    def put_state(self, run: DagRun, task_id: str, value: dict[str, Any]) -> None:
        """Write the submission that a task shall know of."""
        self.rest.call("PUT", f"{_path(run, task_id)}/state-store/{STATE_KEY}", json={"value": value})

    def delete_state(self, run: DagRun, task_id: str) -> None:
        """Make a task forget its submission."""
        self.rest.call("DELETE", f"{_path(run, task_id)}/state-store/{STATE_KEY}")

    def state_of(self, run: DagRun, task_id: str) -> dict[str, Any]:
        """The submission that a task knows of."""
        return dict(self.rest.call("GET", f"{_path(run, task_id)}/state-store/{STATE_KEY}")["value"])

    def kill_task(self, run: DagRun, task_id: str) -> None:
        """Kill the process that executes a task (SIGKILL), and nothing else."""
        pid = self.task(run, task_id)["pid"]
        family = marks.marked_processes(self.stack.run_id, "scheduler")
        assert pid in {process.pid for process in family}, f"{task_id} has no living process {pid}"
        psutil.Process(pid).send_signal(signal.SIGKILL)

    # The database.

    def triggers(self) -> list[dict[str, Any]]:
        """The rows of our triggers in Airflow's table; what watches an asset has its arguments encrypted there."""
        ours = self.rows("SELECT * FROM trigger WHERE classpath LIKE 'airflow_provider_omnihuman.%'")
        return [row | {"kwargs": json.loads(row["kwargs"])} for row in ours]

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What a query of Airflow's database finds."""
        if self.stack.postgres:
            return _postgres_rows(self.stack.postgres.url, query)
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]

    # The services.

    def kill(self, service: str) -> None:
        """Kill a service and all it started with SIGKILL: ``scheduler``, ``triggerer``, ``emulator``, …"""
        self.stack.kill(service)

    def restart(self, service: str) -> None:
        """Start a killed service again, and wait until it is alive."""
        self.stack.restart(service)

    def start_another_triggerer(self, *, within_s: float = 180.0) -> str:
        """Start one more triggerer, wait until it beats, and return its service name."""
        name = f"triggerer-{1 + sum(service.startswith('triggerer') for service in self.stack.services)}"
        before = self._beating_triggerers()
        self.stack.add(name, COMMANDS["triggerer"]).start()
        deadline = time.monotonic() + within_s
        while self._beating_triggerers() <= before:
            assert time.monotonic() < deadline, self.stack.services[name].log_tail()
            time.sleep(0.3)
        return name

    def recover(self) -> None:
        """Lift every fault, start again whatever is down, and stop what was added."""
        for name, service in list(self.stack.services.items()):
            if name.startswith("triggerer-"):
                service.kill()
                del self.stack.services[name]
            elif name != MIGRATE and not service.is_running:
                self.restart(name)
        self.emulator("DELETE", "/faults")
        self.emulator("POST", "/clock", {"speed": SPEED})

    def _beating_triggerers(self) -> int:
        params = {"job_type": "TriggererJob", "is_alive": True}
        return len(self.rest.call("GET", "/jobs", params=params)["jobs"])

    def _failed_logs(self, run: DagRun) -> list[str]:
        return [
            f"{task['task_id']}:\n{run.log(task['task_id'], try_number=task['try_number'], map_index=task['map_index'])}"
            for task in run.tasks()
            if task["state"] == "failed"
        ]


def _path(run: DagRun, task_id: str) -> str:
    return f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}"


def _postgres_rows(url: str, query: str) -> list[dict[str, Any]]:
    import psycopg2
    from psycopg2.extras import RealDictCursor

    with (
        closing(psycopg2.connect(url.replace("+psycopg2", ""))) as database,
        database,
        database.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(query)
        return [dict(row) for row in cursor.fetchall()]
