"""After its work, each task has the links to what it has done; without a signature, as they are stored for all to see."""

from __future__ import annotations

import time

import pytest

from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.subjects import OmniHumanSubjectDetectionOperator
from tests.conftest import BUCKET
from tests.links.test_links import MANIFEST, VENDOR, VIDEO, buttons
from tests.operators.archives import archive, rendered  # noqa: F401 - a fixture
from tests.operators.tries import deferred
from tests.task_context import TaskState, task_context

CONSOLE = "https://console.volcengine.com/"


def test_a_task_that_defers_has_the_console_and_no_video_yet(video):
    operator = video()
    deferred(operator, TaskState())
    assert buttons(operator) == {VENDOR: CONSOLE, VIDEO: "", MANIFEST: ""}


def test_a_task_that_resumes_has_them_again_though_it_is_another_process(video, emulator):
    trigger, context = deferred(video(), TaskState())
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":
        time.sleep(0.05)
    resumed = video()
    resumed.execute_complete(context, {"status": "success", "task_id": trigger.omnihuman_task_id})
    assert buttons(resumed) == {VENDOR: CONSOLE, VIDEO: "", MANIFEST: ""}


def test_a_task_that_waits_in_its_worker_slot_shows_the_console_meanwhile(video, emulator, monkeypatch):
    context, shown, sleep = task_context(), [], time.sleep

    def pause(_seconds):
        shown.append(context["ti"].xcoms.get("_link_VendorConsoleLink"))
        emulator.advance(3600 if len(shown) == 1 else 0)
        sleep(0.1)

    monkeypatch.setattr("time.sleep", pause)
    video(deferrable=False, poll_interval=2).execute(context)
    assert shown[0] == CONSOLE


def test_an_archive_leads_to_video_and_manifest(rendered, s3_endpoint):  # noqa: F811 - the fixture
    operator = archive(omnihuman_task_id=rendered()["task_id"], s3_key="out/a clip.mp4")
    facts = operator.execute(task_context())
    folder = f"{s3_endpoint}/{BUCKET}/out"
    assert facts["manifest_uri"] == f"s3://{BUCKET}/out/a clip.json"
    assert buttons(operator) == {VENDOR: CONSOLE, VIDEO: f"{folder}/a%20clip.mp4", MANIFEST: f"{folder}/a%20clip.json"}


def test_a_video_that_is_reused_has_its_links_on_the_task_that_would_have_rendered_it(video, emulator, s3_endpoint):
    wanted = {"seed": 7, "archive_index": f"s3://{BUCKET}/index/"}
    trigger, context = deferred(video(**wanted), TaskState())
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":
        time.sleep(0.05)
    request = context["ti"].xcoms["request"]
    archive(omnihuman_task_id=trigger.omnihuman_task_id, request=request, s3_key="out/v.mp4").execute(task_context())
    again, context = video(**wanted), task_context(state=TaskState())
    again.execute(context)
    folder = f"{s3_endpoint}/{BUCKET}/out"
    assert buttons(again) == {VENDOR: CONSOLE, VIDEO: f"{folder}/v.mp4", MANIFEST: f"{folder}/v.json"}
    assert emulator.accepted() == 1


def test_speech_leads_to_its_audio(connections, s3_endpoint):
    pytest.importorskip("espeakng_loader")
    operator = TextToSpeechOperator(task_id="speak", text="Hello.", engine="local", s3_key="out/")
    facts = operator.execute(task_context())
    assert buttons(operator) == {"Spoken audio": facts["uri"].replace(f"s3://{BUCKET}", f"{s3_endpoint}/{BUCKET}")}


def test_detection_leads_to_the_largest_mask(connections, put, portrait_png, s3_endpoint):
    operator = OmniHumanSubjectDetectionOperator(task_id="d", image_url=put("in/p.png", portrait_png), s3_key="masks/")
    (uri, *_) = operator.execute(task_context())
    mask = uri.replace(f"s3://{BUCKET}", f"{s3_endpoint}/{BUCKET}")
    assert buttons(operator) == {VENDOR: CONSOLE, "Mask of the largest subject": mask}
