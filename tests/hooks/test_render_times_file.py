"""What was learned outlives a restart; nothing that happens to its file ever fails a wait."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from airflow_provider_omnihuman.api.models import VideoRequest
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.waiting import Wait
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.hooks.render_times_file import learning
from airflow_provider_omnihuman.hooks.shared_client import SharedClient


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    return tmp_path


def learn(times):
    times.record("720", audio_s=3.0, took_s=120.0, running_s=115.0)


def test_what_was_learned_outlives_the_process(home):
    with learning("a/../conn id") as times:
        learn(times)
    with learning("a/../conn id") as again:
        assert again.to_dict() == times.to_dict()
        assert len(again.to_dict()["kinds"]["720"]) == 1
    (file,) = home.rglob("*.json")
    assert file.parent == home / "omnihuman" / "render-times"  # whatever the connection is called
    with learning("another") as other:
        assert not other.to_dict()["kinds"]


def test_nothing_is_written_where_nothing_was_learned(home):
    with learning("c"):
        pass
    assert not list(home.rglob("*.json"))


@pytest.mark.parametrize("found", [b"", b"{", b"[1]", b"\xff\xfe", b'{"version": 1, "kinds": {"720": [[NaN]]}}', b"[" * 10**5])
def test_a_file_that_cannot_be_read_is_as_none(home, found):
    file = home / "omnihuman" / "render-times" / "c.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(found)
    with learning("c") as times:
        learn(times)
    assert json.loads(file.read_text())["kinds"]["720"]


def test_a_place_that_cannot_be_written_is_no_error(home, logged):
    (home / "omnihuman").write_text("a file where a folder should be")
    with learning("c") as times:
        learn(times)
    assert "cannot be kept" in logged()
    assert not list(home.rglob("*.tmp"))


def test_the_waits_of_a_triggerer_keep_it_when_the_last_one_ends_and_the_next_process_knows_it(connections):
    async def process(*, learns):
        shares = [await SharedClient.open(OmniHumanHook()) for _ in range(2)]
        found = shares[1].times.to_dict()
        if learns:
            learn(shares[0].times)
        for share in shares:
            await share.aclose()
        return found

    assert not asyncio.run(process(learns=True))["kinds"]
    assert asyncio.run(process(learns=False))["kinds"]


def test_a_worker_that_waits_learns_too(connections, emulator, presigned, portrait_png, speech_wav, home):
    request = VideoRequest(image_url=presigned("p.png", portrait_png), audio_url=presigned("a.wav", speech_wav(1.0)))
    emulator.admin("POST", "/clock", {"speed": 100})
    hook, started = OmniHumanHook(), time.time()
    render = Render("1080", 1.0, started - 6)  # its first look comes 6 to 10 s after the submit
    hook.wait_until_done(hook.submit(request).task_id, wait=Wait(deadline=started + 100), render=render)
    with learning(hook.omnihuman_conn_id) as times:
        assert len(times.to_dict()["kinds"]["1080"]) == 1
