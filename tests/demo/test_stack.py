"""The launcher itself: a real Airflow starts, defers, survives a killed triggerer, and stops."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from airflow_provider_omnihuman.demo import marks
from airflow_provider_omnihuman.demo.dag_run import trigger
from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.stack import Stack, StackPlan

DAGS = Path(__file__).parent / "dags"
SERVICES = {"emulator", "object-store", "api-server", "scheduler", "dag-processor", "triggerer"}


def listening_addresses(processes):
    return {
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.skipif(not os.environ.get("OMNIHUMAN_CHAOS"), reason="takes long: make chaos")
@pytest.mark.scenario
@pytest.mark.timeout(300)
def test_a_deferred_task_outlives_a_killed_triggerer_and_nothing_outlives_the_stack(tmp_path):
    with Stack(StackPlan(tmp_path, (DAGS,), only_dag_file="deferring.py")) as stack:
        stack.start()
        run = trigger(stack.rest, "deferring", {"name": "world"}, check=stack.check)

        def kill_the_triggerer_once_deferred(run):
            if killed or run.tasks()[0]["state"] != "deferred":
                return
            stack.kill("triggerer")
            killed.append(marks.marked_processes(stack.run_id, "triggerer"))
            stack.restart("triggerer")

        killed = []
        assert run.wait(kill_the_triggerer_once_deferred, within_s=120) == "success"
        assert killed == [[]]
        assert run.xcom("greet") == {"hello": "world"}
        assert "the sky is blue" in run.log("greet")

        with pytest.raises(DemoError, match="no Dag missing was found within 1 s"):
            trigger(stack.rest, "missing", {}, within_s=1.0)

        family = marks.marked_processes(stack.run_id)
        assert {process.environ()[marks.SERVICE_MARK] for process in family} == SERVICES
        assert listening_addresses(family) == {"127.0.0.1"}
        assert [dag["dag_id"] for dag in stack.rest.dags()] == ["deferring"]

    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert marks.marked_processes(stack.run_id) == []
