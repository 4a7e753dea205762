"""The trigger polls, fires one event that is plain data, and survives serialisation."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time

import pytest
import time_machine
from airflow.sdk import BaseHook

from airflow_provider_omnihuman.api.errors import (
    InvalidConnectionError,
    OmniHumanError,
    TaskFailedError,
    TaskLostError,
    TransportError,
    WaitTimeoutError,
)
from airflow_provider_omnihuman.hooks import shared_client
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.triggers.task import MIN_FIRST_POLL_S, OmniHumanTaskTrigger, finished_task_id
from tests.task_context import task_context


def make(**arguments):
    defaults = {"omnihuman_conn_id": "omnihuman_default", "omnihuman_task_id": "7", "deadline": time.time() + 60}
    return OmniHumanTaskTrigger(**defaults | {"first_poll_at": 0, "poll_interval_s": 0.05} | arguments)


def events(trigger):
    async def collect():
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collect())


@pytest.fixture
def job(connections, put, portrait_png, speech_wav):
    """A job of the emulator, as an operator would start it."""

    def start(seconds=1.0):
        audio = put("in/a.wav", speech_wav(seconds))
        operator = OmniHumanSubmitOperator(
            task_id="s", image_url=put("in/p.png", portrait_png), audio_url=audio, output_resolution=720, check_inputs=False
        )
        return operator.execute(task_context())

    return start


def test_it_survives_serialisation_with_every_argument():
    arguments = {
        "omnihuman_conn_id": "c",
        "omnihuman_task_id": "7392616336519610409",
        "deadline": 1.5,
        "aigc_meta": {"producer_id": "p", "content_propagator": "c"},
        "first_poll_at": 11.0,
        "poll_interval_s": 3.0,
        "render": {"kind": "720-fast", "audio_s": 3.0, "submitted_at": 1.0},
        "fault_tolerance_s": 5.0,
    }
    path, kwargs = OmniHumanTaskTrigger(**arguments).serialize()
    assert path == "airflow_provider_omnihuman.triggers.task.OmniHumanTaskTrigger"
    assert kwargs == arguments
    rebuilt = OmniHumanTaskTrigger(**json.loads(json.dumps(kwargs)))
    assert rebuilt.serialize() == (path, kwargs)


@time_machine.travel(1_000_000, tick=False)
def test_the_first_poll_leaves_airflow_time_to_reap_the_worker():
    _, kwargs = OmniHumanTaskTrigger(omnihuman_conn_id="c", omnihuman_task_id="7", deadline=0).serialize()
    assert kwargs["first_poll_at"] == 1_000_000 + MIN_FIRST_POLL_S == 1_000_010
    rebuilt = OmniHumanTaskTrigger(**kwargs)  # in the triggerer, and again after each restart
    assert rebuilt.serialize()[1] == kwargs


def test_airflow_may_set_its_own_task_id_on_it(connections):
    trigger = make()
    trigger.task_id = "the_airflow_task"  # as the triggerer does with every trigger
    assert trigger.serialize()[1]["omnihuman_task_id"] == "7"


def test_a_finished_job_fires_its_video(job, emulator):
    task_id = job()
    emulator.advance(3600)
    (event,) = events(make(omnihuman_task_id=task_id))
    json.dumps(event)
    assert finished_task_id(event) == task_id
    assert emulator.endpoint not in str(event)  # no signed URL: Airflow logs and stores events


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"omnihuman_task_id": "7392616336519610409"}, TaskLostError), ({"deadline": 0.0}, WaitTimeoutError)],
    ids=["unknown task", "deadline passed"],
)
def test_a_wait_that_ends_without_a_video_fires_its_error(job, arguments, error):
    (event,) = events(make(**{"omnihuman_task_id": job()} | arguments))
    with pytest.raises(error):
        finished_task_id(event)


def test_a_failed_job_fires_its_error_whole(job, emulator):
    task_id = job(61)
    emulator.advance(3600)
    (event,) = events(make(omnihuman_task_id=task_id))
    with pytest.raises(TaskFailedError) as caught:
        finished_task_id(json.loads(json.dumps(event)))
    assert (caught.value.code, caught.value.task_id) == ("50215", task_id)
    assert caught.value.request_id


def test_it_outlives_faults_and_gives_up_after_its_tolerance(job, emulator):
    task_id = job()
    emulator.advance(3600)
    emulator.fault(kind="html", action="CVGetResult", count=3)
    assert finished_task_id(events(make(omnihuman_task_id=task_id))[0]) == task_id
    emulator.fault(kind="reset", action="CVGetResult", count=None)
    with pytest.raises(TransportError, match="no usable reply to"):
        finished_task_id(events(make(omnihuman_task_id=task_id, fault_tolerance_s=0.3))[0])


def test_a_connection_that_cannot_be_read_fires_an_error_that_names_the_field(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_BAD", '{"conn_type": "omnihuman", "login": "AK"}')
    (event,) = events(make(omnihuman_conn_id="bad"))
    with pytest.raises(InvalidConnectionError, match="connection 'bad': password"):
        finished_task_id(event)


def test_it_never_submits(job, emulator):
    task_id = job()
    emulator.advance(3600)
    events(make(omnihuman_task_id=task_id))
    assert sum(emulator.state()["requests"]["CVSubmitTask"].values()) == 1


def test_a_connection_that_is_gone_fires_an_error_that_a_sensors_retry_may_mend():
    (event,) = events(make(omnihuman_conn_id="gone", fault_tolerance_s=0.1))
    with pytest.raises(TransportError, match="'gone' cannot be looked up: .*the job itself may still finish") as caught:
        finished_task_id(json.loads(json.dumps(event)))
    assert caught.value.retryable
    assert caught.value.task_id == "7"


class Backend(BaseHook):
    """Airflow's own lookup, which fails a few times first: the API server is away."""

    failures = 0

    @classmethod
    async def fail_first(cls, conn_id):
        if cls.failures > 0:
            cls.failures -= 1
            raise ConnectionError("the API server is away")
        return await asyncio.to_thread(BaseHook.get_connection, conn_id)


@pytest.fixture
def lookups_fail(monkeypatch):
    def times(count):
        Backend.failures = count
        monkeypatch.setattr(shared_client, "FAILURE_KEPT_S", 0.0)
        monkeypatch.setattr(OmniHumanHook, "aget_connection", Backend.fail_first)

    return times


def test_a_connection_lookup_that_fails_for_a_while_is_outlived(job, emulator, lookups_fail, logged):
    task_id = job()
    emulator.advance(3600)
    lookups_fail(3)
    (event,) = events(make(omnihuman_task_id=task_id))
    assert finished_task_id(event) == task_id
    assert logged().count("cannot be looked up: ConnectionError (the API server is away)") == 1


def test_a_connection_lookup_that_keeps_failing_ends_the_wait_with_the_whole_story(job, lookups_fail):
    lookups_fail(1000)
    (event,) = events(make(fault_tolerance_s=0.2))
    with pytest.raises(TransportError, match="cannot be looked up.*job itself may still finish") as caught:
        finished_task_id(event)
    assert caught.value.retryable


@pytest.mark.parametrize(
    "event",
    [None, {}, {"status": "odd"}, {"task_id": "7"}, {"status": "success"}, {"status": "error"}, {"status": []}, "x"],
)
def test_an_event_that_cannot_be_read_is_an_error(event):
    with pytest.raises(OmniHumanError, match="cannot be read"):
        finished_task_id(event)


def test_the_label_is_asked_for(monkeypatch):
    asked = []

    class Done(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"code": 10000, "data": {"status": "done", "video_url": "https://v.example/a.mp4"}}')

        def log_message(self, *_args):
            pass

    label = {"producer_id": "p", "content_propagator": "c"}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Done) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        extra = {"endpoint": f"http://127.0.0.1:{server.server_port}"}
        connection = {"conn_type": "omnihuman", "login": "AK", "password": "SK", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(connection))
        assert finished_task_id(events(make(aigc_meta=label))[0]) == "7"
        server.shutdown()
        thread.join()
    assert [json.loads(body["req_json"]) for body in asked] == [{"aigc_meta": label}]


def test_it_keeps_to_its_first_poll_and_its_interval(connections, emulator):
    """Nothing is asked before the first poll; a deadline ends the pause early, and asks once."""
    emulator.fault(kind="html", action="CVGetResult", count=None)
    events(make(first_poll_at=time.time() + 60, deadline=time.time() + 0.3))
    events(make(poll_interval_s=60, deadline=time.time() + 3))  # long enough for the first poll on a busy machine
    assert sum(emulator.state()["requests"]["CVGetResult"].values()) == 1 + 2


def test_no_secret_is_in_its_arguments(connections, emulator):
    assert emulator.settings.secret_key not in str(make().serialize())
