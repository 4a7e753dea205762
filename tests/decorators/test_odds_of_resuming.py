"""Where no triggerer fired the trigger, a decorated task knows as much of its request as any other."""

from __future__ import annotations

import time

import pytest
from airflow.sdk import DAG, task

from tests.operators.tries import deferred
from tests.task_context import TaskState

LABEL = {"producer_id": "p-1", "content_propagator": "channel"}


@pytest.fixture
def render(connections, put, portrait_png, speech_wav):
    """Make a task of a function that returns a label, too."""
    request = {"image_url": put("in/p.png", portrait_png), "audio_url": put("in/a.wav", speech_wav(1.2)), "aigc_meta": LABEL}

    def make():
        with DAG("a_dag", schedule=None):
            return task.omnihuman(task_id="render", deferrable=True)(lambda: request)().operator

    return make


def test_the_label_that_was_returned_is_asked_for_without_a_triggerer_too(render, emulator):
    _, context = deferred(render(), TaskState())
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":
        time.sleep(0.05)
    resumed = render()
    video = resumed.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert video["aigc_meta_tagged"] is True
    assert resumed.image_url == video["request"]["image_url"]
