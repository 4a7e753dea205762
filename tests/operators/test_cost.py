"""What a render is going to cost, and has cost, by the connection's price: in XCom, manifest and asset event."""

from __future__ import annotations

import json
import os
import time

import pytest

from airflow_provider_omnihuman.operators.archive import DEFAULT_ASSET_ALIAS
from tests.conftest import BUCKET
from tests.operators.archives import archive, body
from tests.operators.tries import deferred
from tests.task_context import TaskState, task_context

YUAN = "CNY"


@pytest.fixture
def price(connections, monkeypatch):
    """Let the connection know a price."""

    def set_price(**extra):
        document = json.loads(os.environ["AIRFLOW_CONN_OMNIHUMAN_DEFAULT"])
        document["extra"] |= extra
        monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))

    return set_price


@pytest.fixture
def finished(video, emulator):
    """Let a job be submitted, and be done; return the facts that its submit pushed."""

    def run(**arguments):
        _, context = deferred(video(**arguments), TaskState())
        emulator.advance(3600)
        while emulator.state()["jobs"][-1]["status"] != "done":
            time.sleep(0.05)
        return context["ti"].xcoms["request"]

    return run


def archived(request, **arguments):
    context = task_context()
    facts = archive(omnihuman_task_id=request["task_id"], request=request, **arguments).execute(context)
    ((alias, events),) = context["outlet_events"].items()
    assert alias.name == DEFAULT_ASSET_ALIAS
    ((asset, extra),) = events.added
    assert asset.uri == facts["uri"]
    assert extra == facts
    return facts


def test_the_submit_tells_what_it_is_going_to_cost(price, finished, logged):
    price(price_per_second=1.5, currency="USD")
    request = finished()
    assert request["estimated_seconds"] == request["audio_duration_s"] == pytest.approx(1.2, abs=0.01)
    assert request["estimated_cost"] == {"amount": pytest.approx(1.8, abs=0.01), "currency": "USD"}
    assert ": 1.2 s of audio at 720p, about 1.80 USD by the connection's price" in logged()


def test_without_a_price_no_cost_is_made_up(finished, s3, logged):
    request = finished()
    assert request["estimated_seconds"] == request["audio_duration_s"]
    assert request["estimated_cost"] is None
    facts = archived(request, s3_key="out/v.mp4")
    assert (facts["billed_seconds"], facts["cost"]) == (facts["duration_s"], None)
    assert "price" not in logged()


def test_an_audio_that_is_not_read_has_no_estimate(price, finished):
    price(price_per_second=1.5)
    request = finished(check_inputs=False)
    assert (request["estimated_seconds"], request["estimated_cost"]) == (None, None)


def test_the_archive_tells_what_the_video_has_cost(price, finished, s3, logged):
    price(price_per_second=2)
    facts = archived(finished(), s3_key="out/v.mp4")
    billed = {"billed_seconds": facts["duration_s"], "cost": {"amount": round(2 * facts["duration_s"], 4), "currency": YUAN}}
    assert {name: facts[name] for name in billed} == billed
    manifest = json.loads(body(s3, facts["manifest_uri"]))
    assert {name: manifest[name] for name in billed} == billed
    assert facts["fingerprint"] == manifest["fingerprint"]
    text = logged()
    assert f"{facts['bytes']:,} bytes in " in text
    assert " MB/s); 1.2 s of video, about 2.4" in text


def test_a_video_that_is_used_again_costs_nothing(price, video, finished, s3):
    price(price_per_second=2)
    wanted = {"seed": 7, "archive_index": f"s3://{BUCKET}/index/"}
    first = archived(finished(**wanted), s3_key="out/v.mp4")
    context = task_context(state=TaskState())
    video(**wanted).execute(context)
    request = context["ti"].xcoms["request"]
    assert (request["estimated_seconds"], request["estimated_cost"]) == (0.0, {"amount": 0.0, "currency": YUAN})
    for key in (None, "elsewhere/v.mp4"):
        facts = archived(request, s3_key=key)
        assert (facts["billed_seconds"], facts["cost"]) == (0.0, {"amount": 0.0, "currency": YUAN})
    copy = json.loads(body(s3, facts["manifest_uri"]))
    assert (copy["billed_seconds"], copy["cost"]["amount"]) == (0.0, 0.0), "else whoever adds up manifests counts twice"
    assert json.loads(body(s3, first["manifest_uri"]))["billed_seconds"] == first["duration_s"], "the first one was rendered"


def test_what_an_earlier_version_pushed_and_wrote_is_still_read(price, finished, s3, put):
    """While an installation is upgraded, tasks of both versions hand each other their facts."""
    price(price_per_second=2)
    request = {name: value for name, value in finished().items() if not name.startswith("estimated")}
    facts = archived(request, s3_key="out/v.mp4")
    assert facts["cost"]["currency"] == YUAN
    manifest = json.loads(body(s3, facts["manifest_uri"]))
    for name in ("billed_seconds", "cost", "fingerprint"):
        del manifest[name]
    put("out/v.json", json.dumps(manifest).encode())
    reused = {"uri": facts["uri"], "manifest_uri": facts["manifest_uri"]}
    again = archived({**request, "reused": reused})
    assert (again["billed_seconds"], again["cost"], again["fingerprint"]) == (0.0, None, None)


def test_a_known_job_of_an_earlier_version_is_given_its_estimate(price, attempt, state):
    price(price_per_second=2)
    attempt()
    (key, record), *_ = state.values.items()
    record = json.loads(record)
    record["request"] = {name: value for name, value in record["request"].items() if not name.startswith("estimated")}
    state.set(key, record)
    _, xcoms = attempt()
    assert xcoms["request"]["estimated_cost"]["amount"] == pytest.approx(2.4, abs=0.01)
