"""Triggers a Dag through the REST API and follows it to its end."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_omnihuman.demo.failures import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_omnihuman.demo.rest import AirflowRest

ENDED = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a Dag.

    :param rest: the Airflow it runs in.
    :param dag_id: the Dag.
    :param run_id: the run.
    :param order: its tasks, each after those that it depends on.
    """

    rest: AirflowRest
    dag_id: str
    run_id: str
    order: tuple[str, ...]

    @property
    def state(self) -> str:
        """Airflow's word for how far it has come."""
        return str(self.rest.dag_run(self.dag_id, self.run_id)["state"])

    def tasks(self) -> list[dict[str, Any]]:
        """Its task instances, each after those that it depends on."""
        tasks = self.rest.task_instances(self.dag_id, self.run_id)
        return sorted(tasks, key=lambda task: (self.order.index(task["task_id"]), task["map_index"]))

    def xcom(self, task_id: str, *, key: str = "return_value", map_index: int = -1) -> Any:
        """What a task has returned, or pushed under another key."""
        return self.rest.xcom(self.dag_id, self.run_id, task_id, key=key, map_index=map_index)

    def returned(self, task_id: str, *, map_index: int = -1) -> Any:
        """What a task has returned; ``None`` where it has returned nothing."""
        try:
            return self.xcom(task_id, map_index=map_index)
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return None
            raise

    def log(self, task_id: str, *, try_number: int = 1, map_index: int = -1) -> str:
        """The log of one try of a task."""
        return self.rest.task_log(self.dag_id, self.run_id, task_id, try_number=try_number, map_index=map_index)

    def wait(
        self,
        show: Callable[[DagRun], None] = lambda _: None,
        *,
        check: Callable[[], None] = lambda: None,
        within_s: float = 3600.0,
    ) -> str:
        """Wait for the end, and return the final state. An API server that does not answer for a while is no end.

        :param show: called about once a second with this run.
        :param check: called as often, even while nobody answers; may raise to give up.
        :param within_s: give up after this long.
        """
        deadline = time.monotonic() + within_s
        while True:
            check()
            with contextlib.suppress(httpx.TransportError):
                state = self.state
                show(self)
                if state in ENDED:
                    return state
            if time.monotonic() > deadline:
                raise DemoError(f"the Dag run {self.run_id} of {self.dag_id} has not ended within {within_s:.0f} s")
            time.sleep(1.0)


def trigger(
    rest: AirflowRest, dag_id: str, conf: dict[str, Any], *, check: Callable[[], None] = lambda: None, within_s: float = 90.0
) -> DagRun:
    """Start a run as soon as the Dag is known.

    :param rest: the Airflow to run it.
    :param dag_id: the Dag.
    :param conf: the run's parameters.
    :param check: called while waiting; may raise to give up.
    :param within_s: how long the Dag processor may take to see it.
    """
    dag = known_dag(rest, dag_id, check=check, within_s=within_s)
    run_id = rest.trigger(dag_id, conf, logical_date=_due(dag))
    if dag["is_paused"]:  # only now: what is due would be begun at once, and come before ours
        rest.unpause(dag_id)
    return DagRun(rest, dag_id, run_id, tuple(rest.task_order(dag_id)))


def known_dag(
    rest: AirflowRest, dag_id: str, *, check: Callable[[], None] = lambda: None, within_s: float = 90.0
) -> dict[str, Any]:
    """Wait until a Dag is known, and return what is known of it.

    :param rest: the Airflow to run it.
    :param dag_id: the Dag.
    :param check: called while waiting; may raise to give up.
    :param within_s: how long the Dag processor may take to see it.
    """
    deadline = time.monotonic() + within_s
    while (dag := rest.dag(dag_id)) is None:
        check()
        if errors := [error for error in rest.import_errors() if Path(error["filename"]).stem == dag_id]:
            raise DemoError(
                f"the Dag file {errors[0]['filename']} cannot be imported",
                log_title="import error",
                log_tail=_tail(errors[0]["stack_trace"]),
            )
        if time.monotonic() > deadline:
            raise DemoError(f"no Dag {dag_id} was found within {within_s:.0f} s: is its file in the Dags folder?")
        time.sleep(0.5)
    return dag


def _due(dag: dict[str, Any]) -> str | None:
    """Return the date that the scheduler would run the Dag for at once; our run is that one, or there would be two."""
    due = dag["next_dagrun_run_after"]
    if due is None or datetime.fromisoformat(due) > datetime.now(UTC):
        return None
    return str(dag["next_dagrun_logical_date"])


def failure_of(run: DagRun) -> DemoError:
    """Return the error that says which task failed, with the end of its log."""
    failed = [task for task in run.tasks() if task["state"] == "failed"]
    if not failed:
        return DemoError(f"the Dag run {run.run_id} of {run.dag_id} failed, though none of its tasks did")
    task = min(failed, key=lambda task: task["end_date"] or "9")
    name, tries, index = task["task_id"], task["try_number"], task["map_index"]
    return DemoError(
        f"the task {name} failed at try {tries}",
        log_title=f"task {name}, try {tries}",
        log_tail=_tail(run.log(name, try_number=tries, map_index=index)),
    )


def _tail(text: str, lines: int = 25) -> str:
    return "\n".join(text.splitlines()[-lines:])
