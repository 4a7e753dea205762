"""A real, multi-process Airflow for the scenario tests, brought up by the launcher of ``make demo``."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_omnihuman.demo.dag_run import DagRun, trigger
from airflow_provider_omnihuman.demo.stack import Stack, StackPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
SCENARIO_TIMEOUT_S = 600


class RealAirflow:
    """What a scenario can do to a running Airflow, and see of it.

    A run is followed with the methods of :class:`DagRun`: ``state``, ``tasks()``, ``xcom(task)``, ``log(task)``.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.rest = stack.rest
        self.credentials = stack.credentials
        self.database: Path = stack.layout.database
        self.task_logs: Path = stack.layout.task_logs
        self.service_logs: Path = stack.layout.service_logs
        self.emulator_admin: str = stack.emulator.admin

    def s3(self) -> Any:
        """A boto3 client for the object store."""
        return self.stack.store.client()

    def emulator_state(self) -> dict[str, Any]:
        """What the emulator counted: requests, accepted jobs, seconds billed."""
        return self.stack.emulator.state()

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> DagRun:
        """Start a run as soon as the Dag is known."""
        return trigger(self.rest, dag_id, conf or {}, check=self.stack.check)

    def wait(self, run: DagRun, *, within_s: float = 180.0) -> str:
        """Wait for the end of a run, and return its state; services may be down meanwhile."""
        return run.wait(within_s=within_s)

    def run(self, dag_id: str, conf: dict[str, Any] | None = None, *, within_s: float = 180.0) -> DagRun:
        """Start a run and see it succeed; the log of the failed task is the failure message."""
        run = self.trigger(dag_id, conf)
        state = self.wait(run, within_s=within_s)
        assert state == "success", "\n\n".join(self._failed_logs(run))
        return run

    def task(self, run: DagRun, task_id: str, *, map_index: int = -1) -> dict[str, Any]:
        """One task instance, as the REST API tells of it."""
        return next(task for task in run.tasks() if (task["task_id"], task["map_index"]) == (task_id, map_index))

    def wait_for_task(self, run: DagRun, task_id: str, state: str, *, within_s: float = 60.0) -> dict[str, Any]:
        """Wait until a task is in a state, and return it."""
        deadline = time.monotonic() + within_s
        while (task := self.task(run, task_id))["state"] != state:
            assert time.monotonic() < deadline, f"{task_id} is {task['state']}, not {state}, after {within_s:.0f} s"
            time.sleep(0.3)
        return task

    def triggers(self) -> list[dict[str, Any]]:
        """The rows of Airflow's trigger table."""
        return [row | {"kwargs": json.loads(row["kwargs"])} for row in self.rows("SELECT * FROM trigger")]

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What a query of Airflow's database finds."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]

    def kill(self, service: str) -> None:
        """Kill a service and all it started with SIGKILL: ``scheduler``, ``triggerer``, ``emulator``, …"""
        self.stack.kill(service)

    def restart(self, service: str) -> None:
        """Start a killed service again, and wait until it is alive."""
        self.stack.restart(service)

    def _failed_logs(self, run: DagRun) -> list[str]:
        return [
            f"{task['task_id']}:\n{run.log(task['task_id'], try_number=task['try_number'], map_index=task['map_index'])}"
            for task in run.tasks()
            if task["state"] == "failed"
        ]


@pytest.fixture(scope="session")
def real_airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAirflow]:
    """A real Airflow with the project's Dags."""
    plan = StackPlan(tmp_path_factory.mktemp("airflow"), (PROJECT / "dags",))
    with Stack(plan) as stack:
        stack.start()
        yield RealAirflow(stack)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give scenarios the time that a start of Airflow takes, unless they say otherwise."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SCENARIO_TIMEOUT_S))
