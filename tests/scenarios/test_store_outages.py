"""The object store breaks while a video goes into it: whole or not at all, and nothing is left lying there."""

from __future__ import annotations

import time

import pytest
from scenario_counts import open_uploads
from wire import Break

from airflow_provider_omnihuman.demo.object_store import BUCKET

pytestmark = pytest.mark.scenario
PART = b"partNumber="


@pytest.fixture
def start(real_airflow, wire_to):
    """Start a scenario's run, whose archive goes over a wire that breaks at the first part."""

    def _start(scenario, how=None, **params):
        connection_id, wire = wire_to("aws_default")
        if how:
            wire.break_on(PART, how)
        return scenario.start(deferrable=False, aws_conn_id=connection_id, **params), wire

    return _start


def objects(airflow, scenario):
    listing = airflow.s3().list_objects_v2(Bucket=BUCKET, Prefix=f"scenarios/{scenario.mark}/")
    return [item["Key"] for item in listing.get("Contents", [])]


def test_a_worker_killed_during_the_upload_leaves_no_part_behind(real_airflow, begin, start):
    scenario = begin("worker killed during a multipart upload")
    run, wire = start(scenario, Break.LOSE)
    assert wire.met.wait(90)
    real_airflow.kill_task(run, "archive")
    assert objects(real_airflow, scenario) == []
    assert len(open_uploads(real_airflow.s3())) == 1
    real_airflow.see_success(run)
    assert real_airflow.task(run, "archive")["try_number"] == 2
    assert open_uploads(real_airflow.s3()) == []
    scenario.finish(wanted=1)


@pytest.mark.chaos
def test_a_store_that_goes_down_during_the_upload_is_tried_again(real_airflow, begin, start):
    scenario = begin("S3 down during the upload")
    run, wire = start(scenario, Break.RESET)
    assert wire.met.wait(90)
    wire.cut()
    time.sleep(20)
    assert objects(real_airflow, scenario) == []
    wire.mend()
    real_airflow.see_success(run, within_s=240)
    assert open_uploads(real_airflow.s3()) == []
    scenario.finish(wanted=1)


@pytest.mark.chaos
def test_a_store_that_is_slow_gets_the_whole_video(real_airflow, begin, start):
    scenario = begin("S3 slow")
    run, wire = start(scenario)
    wire.bytes_per_s = 10_000
    real_airflow.see_success(run, within_s=300)
    assert open_uploads(real_airflow.s3()) == []
    scenario.finish(wanted=1)
