"""Killed workers, dead URLs, lost tasks, a store that is down: the video is archived, or the task says clearly why not."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from moto.server import ThreadedMotoServer

from airflow_provider_omnihuman.api.download import Patience
from airflow_provider_omnihuman.archive.transfer import PART_BYTES
from tests.api.range_server import Reply, range_server
from tests.conftest import BUCKET
from tests.operators.archives import archive, body, film, keys, open_uploads, rendered, video_bytes, warnings
from tests.task_context import task_context

__all__ = ["film", "rendered", "video_bytes"]  # fixtures

PLACE = f"s3://{BUCKET}/out/film.mp4"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "half_body"},
        {"kind": "status", "status": 503},
        {"kind": "html"},
        {"kind": "html", "status": 200},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_a_fault_of_the_download_passes_within_the_task(rendered, emulator, s3, fault):
    task_id = rendered()["task_id"]
    emulator.fault(**fault, action="video", count=2)
    facts = archive(omnihuman_task_id=task_id).execute(task_context())
    assert hashlib.sha256(body(s3, facts["uri"])).hexdigest() == facts["sha256"]
    assert open_uploads(s3) == []


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_url_that_died_is_replaced_by_task_id(rendered, emulator, s3, caplog, status):
    task_id = rendered()["task_id"]
    emulator.fault(kind="status", status=status, action="video", count=1)
    assert archive(omnihuman_task_id=task_id).execute(task_context())["bytes"]
    assert any(f"is dead (HTTP {status}), at 0 bytes: asking for a fresh URL" in line for line in warnings(caplog))


def test_a_task_that_expired_is_a_loud_failure_that_says_what_to_do(rendered, emulator, s3):
    xcoms = rendered()
    emulator.advance(13 * 3600)
    request = {**xcoms["request"], "done_at": datetime(2026, 1, 1, 10, tzinfo=UTC).timestamp()}
    with pytest.raises(AirflowFailException) as caught:
        archive(omnihuman_task_id=xcoms["task_id"], request=request).execute(task_context())
    told = str(caught.value)
    assert f"the video of task {xcoms['task_id']} is lost" in told
    assert "it was done at 2026-01-01T10:00:00+00:00" in told
    assert "12 h" in told
    assert "force_new=True" in told
    assert "priority_weight" in told
    assert keys(s3) == []


def test_a_task_that_expires_during_the_download_is_told_the_same(rendered, emulator, s3):
    xcoms = rendered()
    emulator.fault(kind="status", status=404, action="video", count=None)
    operator = archive(omnihuman_task_id=xcoms["task_id"])
    operator.patience = Patience(pauses_s=(0.0,), sleep=lambda _s: emulator.advance(13 * 3600))
    with pytest.raises(AirflowFailException, match="is lost"):
        operator.execute(task_context())
    assert (keys(s3), open_uploads(s3)) == ([], [])


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(("minutes", "told"), [(44, 0), (46, 1)])
@pytest.mark.parametrize("where", ["argument", "request"])
def test_an_archive_that_starts_late_is_told(connections, caplog, where, minutes, told, as_text):
    done_at = time.time() - minutes * 60
    done_at = str(done_at) if as_text else done_at
    arguments = {"done_at": done_at} if where == "argument" else {"request": {"done_at": done_at}}
    with pytest.raises(AirflowFailException, match="not_found for task 7"):
        archive(omnihuman_task_id="7", **arguments).execute(task_context())
    assert [line.partition(" after")[0] for line in warnings(caplog)] == [f"This archive starts {minutes} min"] * told


def test_the_argument_wins_over_the_requests(connections, caplog):
    request = {"done_at": time.time() - 9000}
    with pytest.raises(AirflowFailException):
        archive(omnihuman_task_id="7", done_at=time.time(), request=request).execute(task_context())
    assert warnings(caplog) == []


@pytest.mark.parametrize("bad", ["yesterday", "nan", -1, 0, True, 1.7e12, [1], "inf"])
def test_a_time_that_is_none_is_refused_as_argument_and_told_of_a_request(connections, logged, bad):
    with pytest.raises(AirflowFailException, match="^done_at must be a time in epoch seconds, not"):
        archive(omnihuman_task_id="7", done_at=bad).execute(task_context())
    with pytest.raises(AirflowFailException, match="not_found for task 7"):
        archive(omnihuman_task_id="7", request={"done_at": bad}).execute(task_context())
    assert "request's done_at must be a time in epoch seconds" in logged()


@pytest.mark.parametrize("empty", [None, "", "None"])
def test_no_time_is_no_warning(connections, caplog, empty):
    with pytest.raises(AirflowFailException, match="not_found for task 7"):
        archive(omnihuman_task_id="7", done_at=empty, request={"done_at": empty}).execute(task_context())
    assert warnings(caplog) == []


def test_done_at_is_templated_and_kept_in_the_manifest(video_bytes, s3):
    assert "done_at" in archive().template_fields
    with range_server(Reply(video_bytes)) as server:
        facts = archive(video_url=server.url, s3_key=PLACE, done_at="1767225600").execute(task_context())
    assert json.loads(body(s3, facts["manifest_uri"]))["times"]["done_at"] == "2026-01-01T00:00:00+00:00"


def leave_an_upload(s3, key):
    """What a worker leaves that is killed in the midst of one."""
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=b"x" * PART_BYTES)


@pytest.mark.parametrize(("try_number", "left"), [(1, ["out/film.mp4", "out/other.mp4"]), (2, ["out/other.mp4"])])
def test_a_later_try_aborts_what_a_killed_worker_left(video_bytes, s3, try_number, left):
    for key in ("out/film.mp4", "out/other.mp4"):
        leave_an_upload(s3, key)
    with range_server(Reply(video_bytes)) as server:
        archive(video_url=server.url, s3_key=PLACE).execute(task_context(try_number=try_number))
    assert [upload["Key"] for upload in open_uploads(s3)] == left
    assert body(s3, PLACE) == video_bytes


def test_an_upload_that_began_after_this_try_is_left_alone(video_bytes, s3):
    leave_an_upload(s3, "out/film.mp4")
    context = task_context(try_number=2)
    context["ti"].start_date = datetime(2001, 1, 1, tzinfo=UTC)  # before any upload of moto's
    with range_server(Reply(video_bytes)) as server:
        archive(video_url=server.url, s3_key=PLACE).execute(context)
    assert len(open_uploads(s3)) == 1


def test_a_store_that_goes_down_during_the_upload_leaves_no_object_and_the_next_try_cleans_up(
    video_bytes, s3, connections, monkeypatch, caplog
):
    """moto's servers in one process share one store: the second one is the way to it that goes down."""
    way = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    way.start()
    host, port = way.get_host_and_port()
    through = {
        "conn_type": "aws",
        "login": "test",
        "password": "test",
        "extra": {
            "endpoint_url": f"http://{host}:{port}",
            "region_name": "us-east-1",
            "config_kwargs": {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 1}, "connect_timeout": 1},
        },
    }
    monkeypatch.setenv("AIRFLOW_CONN_GOES_DOWN", json.dumps(through))
    long = video_bytes + b"\0\0\0\x08free" + bytes(PART_BYTES)
    operator = archive(video_url="http://later/", s3_key=PLACE, aws_conn_id="goes_down")
    operator.patience = Patience(pauses_s=(0.0,), sleep=lambda _s: way.stop())
    with range_server(Reply(long, cut=PART_BYTES + 9), Reply(long)) as server:
        operator.video_url = server.url
        with pytest.raises(Exception) as caught:  # noqa: PT011 - botocore's own, see below
            operator.execute(task_context())
        assert type(caught.value).__name__ in {"EndpointConnectionError", "ConnectionClosedError", "ConnectTimeoutError"}
        assert not isinstance(caught.value, AirflowFailException)
        assert (keys(s3), len(open_uploads(s3))) == ([], 1)
        assert any("could not be aborted" in line for line in warnings(caplog))
        archive(video_url=server.url, s3_key=PLACE).execute(task_context(try_number=2))
    assert (body(s3, PLACE) == long, open_uploads(s3)) == (True, [])


def test_with_replace_false_a_later_try_goes_on_with_what_an_earlier_one_left(rendered, s3):
    """A worker killed between video and manifest must not leave a task that can never succeed."""
    task_id = rendered()["task_id"]
    arguments = {"omnihuman_task_id": task_id, "s3_key": PLACE, "replace": False}
    facts = archive(**arguments).execute(task_context())
    s3.delete_object(Bucket=BUCKET, Key="out/film.json")
    assert archive(**arguments).execute(task_context(try_number=2)) == facts
    assert keys(s3) == ["out/film.jpg", "out/film.json", "out/film.mp4"]


def test_with_replace_false_another_jobs_video_is_safe(rendered, s3):
    first = rendered()["task_id"]
    archive(omnihuman_task_id=first, s3_key=PLACE).execute(task_context())
    with pytest.raises(AirflowFailException, match="exists already, and replace is False"):
        archive(omnihuman_task_id="7", s3_key=PLACE, replace=False).execute(task_context())
