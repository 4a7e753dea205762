"""The buttons on a task's page: while it is deferred, after a try that failed, for each mapped index, and none too early."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.scenario

CONSOLE = {"Vendor console": "https://console.volcengine.com/"}
NO_VIDEO = {"Archived video": None, "Manifest": None}


def links(airflow, run, task_id, map_index):
    path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/links"
    return airflow.rest.call("GET", path, params={"map_index": map_index})["extra_links"]


def assert_links(airflow, run, task_id, map_index, expected):
    """Airflow stores the links a moment after it has told the state of the task."""
    deadline = time.monotonic() + 30
    while (found := links(airflow, run, task_id, map_index)) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def wait_for(airflow, run, *, states, within_s=240.0):
    """Wait until the two mapped tasks are in these states, in any order; return their map indexes by state."""
    deadline = time.monotonic() + within_s
    while True:
        found = {task["state"]: task["map_index"] for task in run.tasks() if task["task_id"] == "render"}
        if set(found) == states and sum(task["task_id"] == "render" for task in run.tasks()) == 2:
            return found
        assert time.monotonic() < deadline, f"the renders are {found}, not {states}"
        time.sleep(0.3)


def test_links_of_mapped_tasks_while_they_are_deferred_after_a_failed_try_and_at_the_end(real_airflow, begin):
    scenario = begin("links of mapped tasks")
    real_airflow.hold_renders()
    real_airflow.fault(kind="code", code="50500", action="CVSubmitTask", count=1)
    run = scenario.start("scenario_links")

    states = wait_for(real_airflow, run, states={"up_for_retry", "deferred"})
    assert_links(real_airflow, run, "render", states["up_for_retry"], CONSOLE | NO_VIDEO)  # of the try that failed
    assert_links(real_airflow, run, "render", states["deferred"], CONSOLE | NO_VIDEO)
    wait_for(real_airflow, run, states={"deferred"})
    for index in (0, 1):
        assert_links(real_airflow, run, "render", index, CONSOLE | NO_VIDEO)
    real_airflow.release_renders()
    real_airflow.see_success(run)

    store, manifests = real_airflow.s3().meta.endpoint_url, []
    for index in (0, 1):
        assert_links(real_airflow, run, "render", index, CONSOLE | NO_VIDEO)  # after it was resumed, too
        facts = run.xcom("archive", map_index=index)
        uris = {"Archived video": facts["uri"], "Manifest": facts["manifest_uri"]}
        places = {name: uri.replace("s3://", f"{store}/") for name, uri in uris.items()}  # no signature, which would die
        assert_links(real_airflow, run, "archive", index, CONSOLE | places)
        manifests.append(facts["manifest_uri"])
    failed = states["up_for_retry"]
    for task_id, index, tries in [("render", failed, 2), ("render", 1 - failed, 1), ("archive", 0, 1), ("archive", 1, 1)]:
        for number in range(1, tries + 1):
            assert "Failed to push an xcom" not in run.log(task_id, try_number=number, map_index=index)

    events = real_airflow.rest.call("GET", "/assets/events", params={"source_dag_id": run.dag_id})["asset_events"]
    told = {event["source_map_index"]: event["extra"] for event in events if event["source_run_id"] == run.run_id}
    assert [told[index]["manifest_uri"] for index in (0, 1)] == manifests, "one event for each mapped index"
    assert all(extra["billed_seconds"] == extra["duration_s"] for extra in told.values())
    scenario.finish(wanted=2)
