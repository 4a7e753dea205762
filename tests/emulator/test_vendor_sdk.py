"""The vendor's own ``VisualService``, run as an independent client."""

from __future__ import annotations

import json

import pytest
from volcengine.visual.VisualService import VisualService

from airflow_provider_omnihuman.emulator.settings import LOCAL_ACCESS_KEY, LOCAL_SECRET_KEY


@pytest.fixture
def service(client, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))  # it silently reads ~/.volc
    service = VisualService()
    service.set_scheme("http")
    service.set_host(client.endpoint.removeprefix("http://"))
    service.set_ak(LOCAL_ACCESS_KEY)
    service.set_sk(LOCAL_SECRET_KEY)
    yield service
    service.session.close()


def test_submit_and_query(service, client, body):
    submitted = service.cv_submit_task(body)
    assert submitted["code"] == 10000
    task_id = submitted["data"]["task_id"]
    assert task_id.isdigit()
    assert len(task_id) == 19
    client.wait_until_rendered(task_id)
    client.advance(600)
    done = service.cv_get_result({"req_key": body["req_key"], "task_id": task_id})
    assert (done["code"], done["status"], done["data"]["status"]) == (10000, 10000, "done")
    assert done["data"]["video_url"].startswith(client.endpoint)


def test_wrong_key(service, body):
    service.set_sk("wrong")
    with pytest.raises(Exception, match="SignatureDoesNotMatch") as raised:
        service.cv_submit_task(body)
    document = json.loads(str(raised.value)[2:-1])  # the SDK raises the repr of the bytes
    assert document["ResponseMetadata"]["Error"]["CodeN"] == 100010
