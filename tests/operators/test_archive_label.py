"""The AIGC label in the file against the one asked for: told, required, or left alone; no video is lost over it."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import AssetAlias

from airflow_provider_omnihuman.archive.errors import LabelMismatchError
from airflow_provider_omnihuman.operators.archive import DEFAULT_ASSET_ALIAS
from tests.api.range_server import Reply, range_server
from tests.conftest import BUCKET
from tests.operators.archives import LABEL, archive, body, film, rendered, video_bytes, warnings
from tests.task_context import task_context

__all__ = ["film", "rendered", "video_bytes"]  # fixtures

PLACE = f"s3://{BUCKET}/out/film.mp4"
INDEX = f"s3://{BUCKET}/index/f.json"
OTHER = {**LABEL, "producer_id": "another"}
TOLD = "ProduceID is 'producer-1', asked for was producer_id 'another'"


def run(video_bytes, *, asked=OTHER, context=None, **arguments):
    with range_server(Reply(video_bytes)) as server:
        request = {"aigc_meta": asked, "archive_index": INDEX, "fingerprint": "f"}
        return archive(video_url=server.url, s3_key=PLACE, request=request, **arguments).execute(context or task_context())


def manifest(s3):
    return json.loads(body(s3, PLACE.replace(".mp4", ".json")))


def test_the_default_is_one_warning_that_names_the_differences(video_bytes, s3, caplog):
    assert run(video_bytes)["aigc_label_found"] is True
    (line,) = warnings(caplog)
    assert line == f"The AIGC label of {PLACE} is not the one asked for: {TOLD}"
    assert manifest(s3)["aigc_label"]["differences"] == [TOLD]


def test_off_is_silence_and_the_manifest_tells(video_bytes, s3, caplog):
    run(video_bytes, aigc_label="off")
    assert not warnings(caplog)
    assert manifest(s3)["aigc_label"]["differences"] == [TOLD]


@pytest.mark.parametrize("policy", ["warn", "require", "off"])
@pytest.mark.parametrize("asked", [LABEL, None], ids=["as asked", "nothing asked"])
def test_where_nothing_differs_every_policy_is_content(video_bytes, s3, caplog, policy, asked):
    context = task_context()
    facts = run(video_bytes, asked=asked, aigc_label=policy, context=context)
    assert not warnings(caplog)
    assert manifest(s3)["aigc_label"]["differences"] == []
    assert context["outlet_events"][AssetAlias(DEFAULT_ASSET_ALIAS)].added[0][1] == facts


def test_require_archives_the_video_and_then_fails_without_an_asset_event(video_bytes, s3):
    context = task_context()
    with pytest.raises(AirflowFailException, match=r"asked for was producer_id 'another'\. The video is archived"):
        run(video_bytes, aigc_label="require", context=context)
    assert body(s3, PLACE) == video_bytes
    assert manifest(s3)["aigc_label"]["differences"] == [TOLD]
    assert not context["outlet_events"]


def test_a_video_without_the_required_label_is_not_offered_for_reuse(video_bytes, s3):
    with pytest.raises(AirflowFailException):
        run(video_bytes, aigc_label="require")
    assert "index/f.json" not in [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


@contextmanager
def service_that_says(tagged, video_url):
    """The service, as far as an archive knows it: a done task, with this word on the label."""
    data = {"status": "done", "video_url": video_url} | ({} if tagged is None else {"aigc_meta_tagged": tagged})
    reply = json.dumps({"code": 10000, "message": "Success", "request_id": "r", "data": data}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("tagged", "error"), [(True, AirflowFailException), (False, LabelMismatchError), (None, LabelMismatchError)]
)
def test_require_is_retried_only_where_the_service_did_not_say_tagged(video_bytes, s3, monkeypatch, tagged, error):
    """A label that was written and is not in the file will not be there by asking again; one that was not written may."""
    with range_server(Reply(video_bytes)) as server, service_that_says(tagged, server.url) as endpoint:
        connection = {"conn_type": "omnihuman", "login": "a", "password": "b", "extra": {"endpoint": endpoint}}
        monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(connection))
        operator = archive(omnihuman_task_id="7", s3_key=PLACE, aigc_meta=OTHER, aigc_label="require")
        with pytest.raises(error, match="is not the one asked for"):
            operator.execute(task_context())
    assert body(s3, PLACE) == video_bytes
    assert manifest(s3)["aigc_label"]["tagged"] is tagged


def test_the_services_own_label_is_what_was_asked_for(rendered, s3):
    arguments = {"request": {"aigc_meta": {**LABEL, "content_producer": "c", "propagate_id": "p"}}, "aigc_label": "require"}
    facts = archive(omnihuman_task_id=rendered()["task_id"], s3_key=PLACE, **arguments).execute(task_context())
    assert facts["aigc_label_found"] is True
    assert manifest(s3)["aigc_label"]["differences"] == []


@pytest.mark.parametrize("bad", ["strict", "", None, True, ["warn"], "WARN"])
def test_a_policy_that_is_none_is_refused_when_the_dag_is_read(bad):
    with pytest.raises(ValueError, match="aigc_label must be one of 'warn', 'require', 'off', not "):
        archive(aigc_label=bad)
