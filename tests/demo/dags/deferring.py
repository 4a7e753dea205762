"""The smallest Dag that needs every service: one task defers, the next one runs in a worker again."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import dag, task


@dag(schedule=None)
def deferring() -> None:
    wait = TimeDeltaSensor(task_id="wait", delta=timedelta(seconds=15), deferrable=True)

    @task
    def greet(**context: object) -> dict[str, object]:
        print("the sky is blue")  # noqa: T201
        return {"hello": context["dag_run"].conf.get("name")}  # type: ignore[attr-defined]

    wait >> greet()


deferring()
