"""A Dag that is scheduled by archived videos: the scheduler starts it, with the facts of the video."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from airflow_provider_omnihuman.demo.object_store import BUCKET

pytestmark = pytest.mark.scenario
DAG_ID = "on_new_video"


@contextmanager
def webhook(told: list[str]) -> Iterator[int]:
    """A server that is told of videos; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:  # or a test that fails leaves a thread that spins, and the process never ends
            server.shutdown()
            thread.join()


@contextmanager
def wanted(rest, *, port: int) -> Iterator[None]:
    """Let the Dag run, and give it its connection; pause it again after."""
    connection = {"connection_id": "announcements", "conn_type": "http", "host": "http://127.0.0.1", "port": port}
    rest.call("POST", "/connections", json=connection)
    rest.call("PATCH", f"/dags/{DAG_ID}", json={"is_paused": False})
    try:
        yield
    finally:
        rest.call("PATCH", f"/dags/{DAG_ID}", json={"is_paused": True})
        rest.call("DELETE", "/connections/announcements")


def publication_of(real_airflow, facts, *, within_s: float):
    """Wait until a video is published, by whichever run: others have what was archived while the Dag was paused."""
    deadline = time.monotonic() + within_s
    while True:
        runs = real_airflow.runs(DAG_ID)
        done = [(run, task["map_index"]) for run in runs for task in run.tasks() if is_published(task)]
        for published in (run.xcom("publish", map_index=index) for run, index in done):
            if published["sha256"] == facts["sha256"]:
                return published
        assert time.monotonic() < deadline, [(run.run_id, run.state, run.tasks()) for run in runs]
        time.sleep(1)


def is_published(task):
    return task["task_id"] == "publish" and task["map_index"] >= 0 and task["state"] == "success"


def test_an_archived_video_starts_the_dag_that_waits_for_it(real_airflow, begin):
    scenario = begin("a Dag scheduled by the archived video")
    told: list[str] = []
    with webhook(told) as port, wanted(real_airflow.rest, port=port):
        video = scenario.start()
        real_airflow.see_success(video)
        facts = video.xcom("archive")
        published = publication_of(real_airflow, facts, within_s=240)
        deadline = time.monotonic() + 90  # a callback runs after its task
        while not any(published["uri"] in text for text in told):
            assert time.monotonic() < deadline, told
            time.sleep(0.2)
    assert published["uri"].startswith(f"s3://{BUCKET}/published/")
    key = published["uri"].removeprefix(f"s3://{BUCKET}/")
    copied = real_airflow.s3().get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert len(copied) == facts["bytes"]
    scenario.finish(wanted=1)
