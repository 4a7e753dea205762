"""What is sent is what Airflow's stats take, and what breaks on the way breaks nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from airflow_provider_omnihuman.api.client import OmniHumanClient
from airflow_provider_omnihuman.api.errors import MalformedReplyError, ServiceError
from airflow_provider_omnihuman.api.exchange import Exchange
from airflow_provider_omnihuman.api.gates import Lane
from airflow_provider_omnihuman.api.models import VideoRequest
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.observability import catalogue
from airflow_provider_omnihuman.observability.exchanges import counting
from airflow_provider_omnihuman.observability.meter import Meter
from tests.observability.statsd_receiver import StatsdReceiver
from tests.task_context import task_context


def test_a_backend_that_breaks_costs_no_video_and_is_told_of_once(submit, emulator, statsd_with, logged):
    statsd_with(statsd_custom_client_path="tests.observability.backends.BrokenClient")
    context = task_context()
    submit().execute(context)
    assert context["ti"].xcoms["task_id"]
    assert emulator.accepted() == 1
    submit().execute(task_context())
    assert logged().count("A metric could not be sent") == 1


def test_a_listener_that_breaks_does_not_lose_the_job_that_is_paid_for(emulator, logged):
    def broken(exchange):
        raise RuntimeError("the listener is broken")

    credentials = Credentials(emulator.settings.access_key, emulator.settings.secret_key)
    request = VideoRequest(image_url=f"{emulator.endpoint}/p.png", audio_url=f"{emulator.endpoint}/a.mp3")
    with OmniHumanClient(credentials, endpoint=emulator.endpoint, on_exchange=broken) as client:
        assert client.perform(client.api.submit(request)).task_id
    assert "the listener is broken" in logged()


def test_a_host_that_does_not_exist_costs_no_video(submit, emulator, statsd_with):
    statsd_with(statsd_host="nowhere.invalid")
    submit().execute(task_context())
    assert emulator.accepted() == 1


@pytest.mark.parametrize("influxdb", ["True", "False"])
def test_any_name_of_a_connection_or_a_dag_can_be_a_tag(statsd_with, logged, influxdb):
    statsd = statsd_with(statsd_influxdb_enabled=influxdb)
    Meter.of(conn_id="数字人, a=b|c:d\n", site="mainland").tagged(dag_id="x" * 250).count(catalogue.BILLED_SECONDS, 1.5)
    assert statsd.values("omnihuman.billed_seconds") == [1.5]
    assert "Invalid" not in logged()


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), None, "much"])
def test_what_is_no_amount_is_not_sent(statsd, value):
    Meter.of(conn_id="c", site="s").count(catalogue.BILLED_SECONDS, value)
    Meter.of(conn_id="c", site="s").count(catalogue.POLLS)
    assert [line.split(":")[0] for line in statsd.ours()] == ["airflow.omnihuman.polls"]


def test_the_clock_of_another_machine_makes_no_time_less_than_nothing(statsd):
    Meter.of(conn_id="c", site="s").time(catalogue.WAIT_TIME, -3.0)
    assert statsd.values("omnihuman.wait_time") == [0.0]


def test_codes_that_anybody_can_make_up_share_a_name(statsd):
    heard = counting(Meter.of(conn_id="c", site="s"))
    for code in ("50215", "59999", "FlowLimitExceeded", "Whatever.A.Proxy Says", "1" * 200):
        heard(Exchange("CVGetResult", Lane.POLL, ServiceError("no", code=code)))
    assert statsd.values("omnihuman.rejects.undocumented") == [1, 1]
    assert len(statsd.values("omnihuman.rejects")) == 5
    assert statsd.values("omnihuman.rejects.59999") == [1]


def test_a_submit_that_is_refused_is_no_fault(statsd):
    heard = counting(Meter.of(conn_id="c", site="s"))
    heard(Exchange("CVSubmitTask", Lane.SUBMIT, MalformedReplyError("a proxy's page")))
    heard(Exchange("CVGetResult", Lane.POLL, MalformedReplyError("a proxy's page")))
    assert statsd.values("omnihuman.faults") == statsd.values("omnihuman.faults.malformed") == [1]


def test_it_works_in_a_process_that_airflow_has_not_prepared():
    """In the triggerer of Airflow 3.2, the stats of triggers are not set up."""
    code = (
        "from airflow_provider_omnihuman.observability.meter import Meter\n"
        "from airflow_provider_omnihuman.observability import catalogue\n"
        "Meter.of(conn_id='c', site='s').count(catalogue.POLLS)"
    )
    with StatsdReceiver() as receiver:
        settings = {"STATSD_ON": "True", "STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(receiver.port)}
        environment = os.environ | {f"AIRFLOW__METRICS__{name}": value for name, value in settings.items()}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        assert receiver.values("omnihuman.polls") == [1]


def test_a_metric_costs_the_event_loop_less_than_a_tenth_of_a_poll(statsd):
    """A poll takes the loop about a millisecond."""
    heard, poll = counting(Meter.of(conn_id="c", site="s")), Exchange("CVGetResult", Lane.POLL)
    heard(poll)
    started = time.thread_time()
    for _ in range(1000):
        heard(poll)
    assert (time.thread_time() - started) / 1000 < 100e-6
