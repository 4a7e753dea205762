"""The client as people use it outside Airflow: submit, wait, download, on a thread and on an event loop."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from airflow_provider_omnihuman.api import AigcMeta, AsyncOmniHumanClient, Credentials, OmniHumanClient, Video, VideoRequest
from airflow_provider_omnihuman.api.download import Patience
from airflow_provider_omnihuman.api.errors import DeadUrlError, DownloadError, TaskLostError, WaitTimeoutError
from airflow_provider_omnihuman.media.aigc_label import label_differences, read_aigc_label
from airflow_provider_omnihuman.media.probe import probe_video
from tests.api.range_server import Reply, range_server
from tests.conftest import PROJECT

HURRIED = Patience(pauses_s=(0.0, 0.0), connect_timeout_s=5, read_timeout_s=5)
LABEL = AigcMeta(producer_id="p-1", content_propagator="channel")
BLOCKED = ("airflow", "boto3", "botocore", "av", "aiohttp")
RUN_WITHOUT = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)

sys.meta_path.insert(0, Refuse())
"""


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def request_(presigned, portrait_png, speech_wav):
    urls = {"image_url": presigned("p.png", portrait_png), "audio_url": presigned("a.wav", speech_wav(1.0))}
    return VideoRequest(**urls, output_resolution=720, pe_fast_mode=True, seed=3)


@pytest.fixture(params=["on a thread", "on an event loop"])
def step(request, emulator):
    """Take one step with a new client: ``step("wait", task_id)``."""
    keys = Credentials(emulator.settings.access_key, emulator.settings.secret_key)

    async def take_async(name, *args, **kwargs):
        async with AsyncOmniHumanClient(keys, endpoint=emulator.endpoint) as client:
            return await getattr(client, name)(*args, **kwargs)

    def take(name, *args, **kwargs):
        if request.param == "on an event loop":
            return asyncio.run(take_async(name, *args, **kwargs))
        with OmniHumanClient(keys, endpoint=emulator.endpoint) as client:
            return getattr(client, name)(*args, **kwargs)

    return take


@pytest.fixture
def video(step, request_):
    """A finished video."""
    return step("wait", step("submit", request_).task_id, poll_interval_s=0.05)


def test_a_script_submits_waits_and_downloads(step, request_, emulator, tmp_path):
    task_id = step("submit", request_).task_id
    told = []
    video = step("wait", task_id, poll_interval_s=0.05, on_progress=told.append)
    path = step("download", video, tmp_path / "video.mp4")
    assert probe_video(path.read_bytes()).duration_s == pytest.approx(1.0, abs=0.2)
    assert told[-1].video == video
    assert len(told) == len({progress.status for progress in told}), "told once per change"
    assert emulator.accepted() == 1
    assert names(tmp_path) == ["video.mp4"]


def test_waiting_again_costs_nothing(step, video, emulator):
    assert step("wait", video.task_id).task_id == video.task_id
    assert emulator.accepted() == 1


def test_a_wait_ends_at_its_timeout(step, request_, emulator):
    emulator.admin("POST", "/clock", {"speed": 0})
    try:
        with pytest.raises(WaitTimeoutError):
            step("wait", step("submit", request_).task_id, timeout_s=0.3, poll_interval_s=0.05)
    finally:
        emulator.admin("POST", "/clock", {"speed": 100})


def test_a_dead_url_is_replaced_by_a_fresh_one(step, video, emulator, tmp_path):
    emulator.advance(3700)
    path = step("download", video, tmp_path / "video.mp4", patience=HURRIED)
    assert probe_video(path.read_bytes())
    assert emulator.state()["requests"]["video"] == {"200": 1, "403": 1}


def test_a_task_that_is_gone_is_told_and_leaves_no_file(step, video, emulator, tmp_path):
    emulator.advance(14 * 3600)
    with pytest.raises(TaskLostError):
        step("download", video, tmp_path / "video.mp4", patience=HURRIED)
    assert names(tmp_path) == []


def test_a_label_survives_a_url_that_died(step, request_, emulator, tmp_path):
    task_id = step("submit", request_).task_id
    labelled = step("wait", task_id, poll_interval_s=0.05, aigc_meta=LABEL)
    emulator.advance(3700)
    with pytest.raises(DeadUrlError, match="give download.. the aigc_meta"):
        step("download", labelled, tmp_path / "video.mp4", patience=HURRIED)
    path = step("download", labelled, tmp_path / "video.mp4", aigc_meta=LABEL, patience=HURRIED)
    with path.open("rb") as file:
        assert label_differences(LABEL.to_dict(), read_aigc_label(file)) == []


def test_a_download_that_breaks_off_goes_on_where_it_stopped(step, video, tmp_path):
    body = os.urandom(300_000)
    with range_server(Reply(body, cut=100_000), Reply(body)) as server:
        path = step("download", replace(video, video_url=server.url), tmp_path / "video.mp4", patience=HURRIED)
    assert path.read_bytes() == body
    assert server.ranges == [None, "bytes=100000-"]


def test_another_file_in_the_midst_starts_the_file_over(step, video, tmp_path):
    other = os.urandom(2000)
    with range_server(Reply(b"x" * 9000, cut=5000), Reply(other, etag='"two"')) as server:
        path = step("download", replace(video, video_url=server.url), tmp_path / "video.mp4", patience=HURRIED)
    assert path.read_bytes() == other


def test_half_a_file_never_has_the_name(step, video, tmp_path):
    before = b"the good one"
    (tmp_path / "video.mp4").write_bytes(before)
    with range_server(Reply(b"x" * 9000, cut=5000, etag=None)) as server, pytest.raises(DownloadError):
        step("download", replace(video, video_url=server.url), tmp_path / "video.mp4", patience=HURRIED)
    assert (tmp_path / "video.mp4").read_bytes() == before
    assert names(tmp_path) == ["video.mp4"]


def test_the_file_has_the_rights_that_new_files_have(step, video, tmp_path):
    (tmp_path / "plain").touch()
    path = step("download", video, str(tmp_path / "video.mp4"))
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_a_cancelled_download_ends_its_thread_and_leaves_no_file(emulator, tmp_path):
    keys = Credentials(emulator.settings.access_key, emulator.settings.secret_key)

    async def main(url):
        video = Video(task_id="1", video_url=url, aigc_meta_tagged=None, request_id=None, asked_at=time.time())
        async with AsyncOmniHumanClient(keys, endpoint=emulator.endpoint) as client, asyncio.timeout(0.5):
            await client.download(video, tmp_path / "video.mp4", patience=Patience(pauses_s=(60.0,)))

    threads, started = set(threading.enumerate()), time.monotonic()
    with range_server(Reply(b"", status=503)) as server, pytest.raises(TimeoutError):
        asyncio.run(main(server.url))
    assert time.monotonic() - started < 20, "the pause of a minute was not cut short"
    assert set(threading.enumerate()) <= threads
    assert names(tmp_path) == []


def test_the_page_shows_a_program_of_ten_lines_that_runs_without_airflow(emulator, request_, tmp_path):
    code = re.findall(r"```python\n(.+?)```", (PROJECT / "docs" / "library.md").read_text(), re.DOTALL)[0]
    assert len([line for line in code.splitlines() if line]) <= 10
    program = tmp_path / "render.py"
    program.write_text(RUN_WITHOUT.format(blocked=set(BLOCKED)) + code)
    done = subprocess.run(
        [sys.executable, program, request_.image_url, request_.audio_url, tmp_path / "video.mp4"],
        env={
            "PATH": os.environ["PATH"],
            "OMNIHUMAN_ENDPOINT": emulator.endpoint,
            "OMNIHUMAN_ACCESS_KEY": emulator.settings.access_key,
            "OMNIHUMAN_SECRET_KEY": emulator.settings.secret_key,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (job,) = emulator.state()["jobs"]
    task_id, *progress = done.stdout.splitlines()
    assert task_id == job["task_id"]
    assert progress
    assert "done" in progress[-1]
    assert probe_video((tmp_path / "video.mp4").read_bytes())


def test_what_is_blocked_there_is_really_blocked():
    for name in BLOCKED:
        code = RUN_WITHOUT.format(blocked=set(BLOCKED)) + f"import {name}"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert f"blocked: {name}" in done.stderr
