"""The main job in a real, multi-process Airflow: one video wanted, one paid for, one archived, and no secret anywhere."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing

import pytest

from airflow_provider_omnihuman.media.probe import probe_video

pytestmark = pytest.mark.scenario
DAG_ID = "script_to_avatar_video"


@pytest.fixture(scope="module")
def finished(real_airflow):
    """One run of the example, and the trigger's row as it was while the render was deferred."""
    before = real_airflow.emulator_state()["accepted"]
    run = real_airflow.trigger(DAG_ID, {"text": "One video, please.", "output_resolution": 720, "seed": 7})
    real_airflow.wait_for_task(run, "render", "deferred", within_s=240)
    triggers = real_airflow.triggers()
    assert real_airflow.wait(run) == "success"
    return run, triggers, before


def test_one_video_was_wanted_paid_for_and_archived(real_airflow, finished):
    run, _, before = finished
    assert real_airflow.emulator_state()["accepted"] - before == 1
    facts = run.xcom("archive")
    bucket, _, key = facts["uri"].removeprefix("s3://").partition("/")
    video = real_airflow.s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    assert hashlib.sha256(video).hexdigest() == facts["sha256"]
    assert probe_video(video).duration_s == pytest.approx(run.xcom("speech")["seconds"], abs=0.2)


def test_the_render_waited_in_the_triggerer(finished):
    _, triggers, _ = finished
    (row,) = [row for row in triggers if row["classpath"].endswith("OmniHumanTaskTrigger")]
    assert row["kwargs"]


def test_the_asset_event_names_the_video(real_airflow, finished):
    run, _, _ = finished
    uri = run.xcom("archive")["uri"]
    (event,) = [
        row
        for row in real_airflow.rows("SELECT e.extra, a.uri FROM asset_event e JOIN asset a ON a.id = e.asset_id")
        if row["uri"] == uri
    ]
    assert json.loads(event["extra"])["sha256"] == run.xcom("archive")["sha256"]


def test_no_secret_is_in_logs_xcoms_triggers_or_anywhere_in_the_database(real_airflow, finished):
    _, triggers, _ = finished
    credentials = real_airflow.credentials
    secrets = {
        "secret key": credentials.secret_key,
        "session token": credentials.session_token,
        "speech key": credentials.speech_api_key,
        "S3 secret": credentials.s3_secret_key,
        "presigned query": "X-Amz-Signature",
        "presigned credential": "X-Amz-Credential",
        "request signature": "HMAC-SHA256 Credential",
    }
    with closing(sqlite3.connect(f"file:{real_airflow.database}?mode=ro", uri=True)) as database:
        texts = {"the database": "\n".join(database.iterdump()), "the trigger rows": json.dumps(triggers, default=str)}
    airflows = [path for path in real_airflow.service_logs.rglob("*.log") if path.stem != "object-store"]  # S3's own access log
    texts |= {str(path): path.read_text(errors="replace") for path in [*airflows, *real_airflow.task_logs.rglob("*.log")]}
    assert len(texts) > 8
    assert any("Submitted OmniHuman task" in text for text in texts.values())
    assert "omnihuman_default" in texts["the database"]
    found = [f"{what} in {where}" for where, text in texts.items() for what, secret in secrets.items() if secret in text]
    assert found == []
