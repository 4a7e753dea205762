"""Where the triggerer does not do its part: the task says so, names the job, and loses no video."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, TaskDeferred

from airflow_provider_omnihuman.api.errors import OmniHumanError, WaitTimeoutError
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor
from tests.operators.tries import deferred
from tests.task_context import task_context

TIMED_OUT = {"error": "Trigger timeout"}
NOT_INSTALLED = {
    "error": "Trigger failure",
    "traceback": ["Traceback …\n", "ModuleNotFoundError: No module named 'airflow_provider_omnihuman'\n"],
}
OTHER_VERSION = {
    "error": "Trigger failure",
    "traceback": ["TypeError: OmniHumanTaskTrigger.__init__() got an unexpected keyword argument 'render'\n"],
}
OLD_VERSION = {
    "error": "Trigger failure",
    "traceback": [
        'ImportError: Module "airflow_provider_omnihuman.triggers.pause" does not define a "QuotaPauseTrigger" attribute'
    ],
}
FAILURES = pytest.mark.parametrize("failure", [TIMED_OUT, NOT_INSTALLED, OTHER_VERSION], ids=["timeout", "missing", "version"])


@pytest.fixture
def health(monkeypatch):
    """Airflow's API server, as far as it tells of the triggerer's health."""
    told = {"metadatabase": {"status": "healthy"}}

    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/api/v2/monitor/health"
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", f"http://127.0.0.1:{server.server_port}/execution/")

        def tell(status, heartbeat):
            told["triggerer"] = {"status": status, "latest_triggerer_heartbeat": heartbeat}

        yield tell
        server.shutdown()


def done(emulator):
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":
        time.sleep(0.05)


def test_a_task_that_defers_without_a_triggerer_says_so(video, state, health, logged):
    health("unhealthy", None)
    deferred(video(), state)
    told = logged()
    assert told.index("no triggerer is alive (none was ever started)") < told.index("Submitted OmniHuman task")


def test_a_task_that_defers_to_a_triggerer_says_nothing(video, state, health, logged):
    health("healthy", datetime.now(UTC).isoformat())
    deferred(video(), state)
    assert "airflow triggerer" not in logged()


@FAILURES
def test_a_video_that_is_done_all_the_same_is_not_lost(video, state, emulator, failure, logged):
    operator = video()
    _, context = deferred(operator, state)
    done(emulator)
    result = operator.resume_execution("__fail__", failure, context)
    assert result["video_url"].startswith(emulator.endpoint)
    assert result["request"]["task_id"] == result["task_id"]
    assert "is done all the same" in logged()
    assert emulator.accepted() == 1


@FAILURES
def test_a_job_that_still_renders_is_left_to_a_retry_where_there_is_a_ledger(video, state, emulator, failure):
    emulator.set_speed(0)  # it renders for as long as the test lasts
    operator = video()
    trigger, context = deferred(operator, state)
    with pytest.raises(OmniHumanError, match="triggerer") as caught:
        operator.resume_execution("__fail__", failure, context)
    assert trigger.omnihuman_task_id in str(caught.value)
    again, _ = deferred(video(), state, try_number=2)
    assert again.omnihuman_task_id == trigger.omnihuman_task_id
    assert emulator.accepted() == 1


@FAILURES
def test_without_a_ledger_no_retry_pays_again(video, emulator, failure):
    emulator.set_speed(0)  # it renders for as long as the test lasts
    operator, context = video(), task_context()
    with pytest.raises(TaskDeferred):
        operator.execute(context)
    with pytest.raises(AirflowFailException, match="wait for its id with OmniHumanTaskSensor"):
        operator.resume_execution("__fail__", failure, context)


@pytest.mark.parametrize("failure", [NOT_INSTALLED, OTHER_VERSION, OLD_VERSION], ids=["missing", "newer", "older"])
def test_a_triggerer_without_the_provider_is_told_what_it_lacks(video, state, emulator, failure):
    emulator.set_speed(0)  # it renders for as long as the test lasts
    operator = video()
    _, context = deferred(operator, state)
    with pytest.raises(OmniHumanError, match="install the same version of airflow-provider-omnihuman on triggerer and workers"):
        operator.resume_execution("__fail__", failure, context)


def test_a_service_that_does_not_answer_then_is_a_fault_that_passes(video, state, emulator, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    operator = video()
    _, context = deferred(operator, state)
    emulator.fault(kind="html", action="CVGetResult", count=None)
    with pytest.raises(OmniHumanError, match="asked from the worker, since Trigger timeout: no triggerer fired"):
        operator.resume_execution("__fail__", TIMED_OUT, context)


@pytest.mark.parametrize("make", ["video", "submit"])
def test_a_pause_before_the_submit_that_nobody_ended_started_nothing(make, request, state, emulator):
    operator = request.getfixturevalue(make)()
    with pytest.raises(WaitTimeoutError, match="nothing was submitted"):
        operator.resume_execution("__fail__", TIMED_OUT, task_context(state=state))
    assert emulator.accepted() == 0


def test_the_sensor_brings_a_video_that_is_done_all_the_same(submit, emulator):
    task_id = submit().execute(task_context())
    done(emulator)
    sensor = OmniHumanTaskSensor(task_id="w", omnihuman_task_id=task_id, deferrable=True)
    assert sensor.resume_execution("__fail__", TIMED_OUT, task_context())["task_id"] == task_id


def test_a_sensor_that_nobody_woke_timed_out(submit):
    task_id = submit().execute(task_context())
    sensor = OmniHumanTaskSensor(task_id="w", omnihuman_task_id=task_id, deferrable=True)
    with pytest.raises(AirflowSensorTimeout, match="no triggerer fired this task's trigger in time"):
        sensor.resume_execution("__fail__", TIMED_OUT, task_context())


def test_a_sensor_whose_trigger_broke_may_be_retried(submit):
    task_id = submit().execute(task_context())
    sensor = OmniHumanTaskSensor(task_id="w", omnihuman_task_id=task_id, deferrable=True)
    with pytest.raises(OmniHumanError, match="install the same version"):
        sensor.resume_execution("__fail__", OTHER_VERSION, task_context())


@pytest.mark.parametrize("timeout", [timedelta(hours=2), 5400])
def test_who_waits_in_a_worker_slot_hears_of_the_other_way(video, emulator, monkeypatch, logged, timeout):
    monkeypatch.setattr("time.sleep", lambda seconds: emulator.advance(3600 if seconds > 1 else 0))
    video(deferrable=False, timeout=timeout).execute(task_context())
    assert "deferrable=True waits in the triggerer" in logged()


def test_who_kills_a_task_hears_that_its_job_goes_on(video, monkeypatch, logged):
    operator = video(deferrable=False)
    operator.on_kill()
    assert "goes on, and is billed" not in logged()

    def killed(_):
        operator.on_kill()
        raise SystemExit

    monkeypatch.setattr("time.sleep", killed)
    with pytest.raises(SystemExit):
        operator.execute(task_context())
    operator.hook.get_conn().close()  # as the end of the process does
    assert re.search(r"OmniHuman task \d+ goes on, and is billed", logged())


async def ended(trigger):
    await trigger.on_kill()


def test_who_ends_a_deferred_task_hears_it_too(video, state, logged):
    trigger, _ = deferred(video(), state)
    asyncio.run(ended(trigger))
    assert f"OmniHuman task {trigger.omnihuman_task_id} goes on, and is billed" in logged()
