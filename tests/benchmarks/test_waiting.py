"""The waiting benchmark's own rules: its service answers as the emulator does, its figures follow from what was noted."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from waiting_figures import lateness
from waiting_jobs import Job, Shape, load, save
from waiting_notes import Series
from waiting_notes import load as load_notes
from waiting_report import report

from airflow_provider_omnihuman.api.client import OmniHumanClient
from airflow_provider_omnihuman.api.signing import Credentials

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ASK = {"Action": "CVGetResult", "Version": "2022-08-31"}


@pytest.fixture
def service(tmp_path):
    """The polled service with one job that is done and one that is not: its address, and its process."""
    now = time.time()
    save([Job(0, 1.0, now - 60, now - 1), Job(1, 1.0, now - 60, now + 60)], tmp_path / "jobs.json")
    process = subprocess.Popen([sys.executable, str(BENCHMARKS / "waiting_service.py"), str(tmp_path)])
    while not (tmp_path / "port").exists():
        assert process.poll() is None
        time.sleep(0.02)
    yield f"http://127.0.0.1:{(tmp_path / 'port').read_text()}", process
    process.terminate()
    process.wait(timeout=10)


def test_service_answers_as_the_emulator_does(service, emulator):
    theirs = _reply(emulator.endpoint, "1234")
    ours = _reply(service[0], "1234")
    assert _shape(ours) == _shape(theirs)
    assert ours.json()["data"] == theirs.json()["data"]
    assert set(ours.headers) == set(theirs.headers)
    assert list(ours.json()) == list(theirs.json())


def test_service_tells_the_time_by_its_jobs_and_notes_who_asked(service, tmp_path):
    url, process = service
    with httpx.Client() as client:
        states = [_ask(client, url, task)["status"] for task in ("7000000000000000000", "7000000000000000001", "5")]
        assert states == ["done", "generating", "not_found"]
        assert _ask(client, url, "7000000000000000000")["video_url"].startswith("http://")
    process.terminate()
    process.wait(timeout=10)
    assert load_notes(tmp_path / "asked.f64")[:, 0].tolist() == [0, 1, 0]
    assert json.loads((tmp_path / "service.json").read_text())["connections_opened"] == 1


def test_a_plan_is_met_by_the_first_question_after_it_and_each_question_meets_one():
    planned = np.array([[0, 10.0], [0, 20.0], [1, 10.0], [1, 10.2], [1, 99.0]])
    asked = np.array([[0, 9.0], [0, 10.5], [0, 23.0], [1, 10.5]])
    assert lateness(planned, asked, until=40).tolist() == pytest.approx([0.5, 3.0, 0.5, math.inf])


def test_jobs_are_the_same_for_each_variant_and_survive_the_file(tmp_path):
    shape = Shape(50, per_s=10, shortest_s=5, longest_s=9)
    jobs = shape.draw(started_at=1000)
    save(jobs, tmp_path / "jobs.json")
    assert load(tmp_path / "jobs.json") == jobs == shape.draw(started_at=1000)
    assert all(4.5 <= job.done_at - job.submitted_at <= 9.9 for job in jobs)


def test_notes_are_read_as_they_were_written(tmp_path):
    series = Series()
    series.add(3, 4.5)
    series.add(1)
    series.save(tmp_path / "x.f64")
    rows = load_notes(tmp_path / "x.f64")
    assert rows[0].tolist() == [3, 4.5]
    assert rows[1][1] == pytest.approx(time.time(), abs=60)
    assert load_notes(tmp_path / "missing.f64").shape == (0, 2)


def test_report_subtracts_the_floor_and_compares_only_where_the_naive_got_through():
    names = "cpu_s_per_job mb_per_1000 runner_cores waiting_lag_p99_ms polls_per_job polls_on_time event_p50_s persisted_p50_s"
    pattern = dict.fromkeys([*names.split(), "supervisor_cores", "connections_opened", "finished"], 1.0)
    measured = {
        "floor/10": [pattern | {"cpu_s_per_job": 0.5, "event_p50_s": math.nan}],
        "ours/10": [pattern | {"cpu_s_per_job": 0.75}],
        "naive/10": [pattern | {"cpu_s_per_job": 7.5}],
        "ours/20": [pattern],
        "naive/20": [pattern | {"cpu_s_per_job": math.nan, "finished": 0.5}],
    }
    made = report(measured, {}, quick=False)
    rows = {row["variant"]: row for row in made.rows if row["waiters"] == 10}
    assert rows["ours"]["CPU, over floor"] == pytest.approx(0.25)
    assert "done→event s" not in rows["floor"]
    goal = made.goals[-1]
    assert goal.reached == pytest.approx(0.1)
    assert "10 waiters" in goal.wanted
    assert goal.remark == "0.036× of what is beyond Airflow's own; of 20 jobs the naive triggers finished 50% in time"
    json.dumps(made.series, allow_nan=False)


def _reply(endpoint, task_id):
    with OmniHumanClient(Credentials("AKLTemulator", "emulator-secret-key"), endpoint=endpoint) as client:
        body = {"req_key": "jimeng_realman_avatar_picture_omni_v15", "task_id": task_id}
        request = httpx.Request("POST", endpoint, params=ASK, json=body)
        client._auth.sign(request)
    with httpx.Client() as http:
        return http.send(request)


def _ask(client, endpoint, task_id):
    return client.post(endpoint, params=ASK, json={"task_id": task_id}).json()["data"]


def _shape(reply):
    return {name: type(value) for name, value in reply.json().items()}
