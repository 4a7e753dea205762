"""The admin API: what it tells, and what it refuses."""

from __future__ import annotations

import pytest
import requests
from emulator_client import QUERY, SUBMIT


def test_state_counts_requests_jobs_and_money(start, body):
    client = start(price_per_s=1.2)
    task_id = client.submit(body)
    for _ in range(2):
        client.call(SUBMIT, body)
    requests.get(client.result(task_id).json()["data"]["video_url"], timeout=5)
    state = client.state()
    assert state["accepted"] == 1
    assert state["requests"][SUBMIT] == {"10000": 1, "50430": 2}
    assert state["requests"]["video"] == {"200": 1}
    assert set(state["requests"][QUERY]) == {"10000"}
    (job,) = state["jobs"]
    assert job["task_id"] == task_id
    assert job["body"] == body
    assert job["status"] == "done"
    assert job["billed_s"] == pytest.approx(0.5, abs=0.05)
    assert state["cost_cny"] == pytest.approx(0.6, abs=0.06)


def test_failed_jobs_cost_nothing(client, body):
    task_id = client.submit(body | {"prompt": "unshowable"})
    client.result(task_id)
    state = client.state()
    assert (state["accepted"], state["billed_s"], state["jobs"][0]["code"]) == (1, 0, 50511)


def test_clock_moves_and_changes_speed(client):
    before = client.admin("GET", "/clock")
    after = client.admin("POST", "/clock", {"advance_s": 100, "speed": 50})
    assert 100 <= after["now_s"] - before["now_s"] < 110
    assert after["speed"] == 50
    client.admin("POST", "/clock", {"speed": 1})


def test_reset_forgets_everything(client, body):
    task_id = client.submit(body)
    client.fault(kind="reset", count=None, action="video")
    client.advance(1000)
    client.admin("POST", "/reset", {})
    state = client.state()
    assert (state["accepted"], state["requests"], state["faults"]) == (0, {}, [])
    assert client.status(task_id) == "not_found"
    client.submit(body)  # the slot is free again


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/faults", {}),
        ("/faults", {"kind": "explode"}),
        ("/faults", {"kind": "reset", "when": "after"}),
        ("/faults", {"kind": "reset", "phase": "during"}),
        ("/faults", {"kind": "reset", "count": "many"}),
        ("/faults", {"kind": "reset", "count": True}),
        ("/faults", {"kind": "code", "code": 12345}),
        ("/faults", {"kind": "code"}),
        ("/clock", {"advance_s": -5}),
        ("/clock", {"advance_s": "soon"}),
        ("/clock", {"forward": 5}),
        ("/clock", []),
        ("/tasks/{task}", {"status": "lost"}),
        ("/tasks/{task}", {"code": 1}),
        ("/tasks/{task}", {}),
        ("/tasks/{task}", {"status": "done", "code": 50500}),
    ],
)
def test_wrong_requests_are_told_so(client, body, path, document):
    path = path.format(task=client.submit(body))
    reply = requests.post(client.admin_url + path, json=document, timeout=5)
    assert reply.status_code == 400
    assert reply.json()["error"]


def test_unknown_task(client):
    reply = requests.post(client.admin_url + "/tasks/7", json={"status": "done"}, timeout=5)
    assert reply.status_code == 404
