"""Signed URLs inside another text: the JSON of a list of masks."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from airflow.sdk import DAG, task
from airflow.sdk._shared.secrets_masker import redact

from airflow_provider_omnihuman.decorators.returned import signed_urls
from tests.task_context import TaskState, task_context


@pytest.fixture
def render(connections, put, presigned, portrait_png, speech_wav):
    masks = json.dumps([presigned("mask.png", portrait_png)])
    request = {"image_url": put("p.png", portrait_png), "audio_url": put("a.wav", speech_wav(1.2)), "mask_url": masks}
    with DAG("a_dag", schedule=None):
        return task.omnihuman(task_id="render", deferrable=True)(lambda: request)().operator


def test_they_are_not_kept_through_a_pause(render, emulator):
    emulator.fault(kind="code", code="50430", action="CVSubmitTask")
    context = task_context(state=TaskState())
    with pytest.raises(TaskDeferred) as caught:
        render.execute(context)
    assert caught.value.method_name == "resume_submit"
    assert "Signature" not in str(context["ti"].xcoms)


def test_they_are_masked_on_the_tasks_page(render):
    with pytest.raises(TaskDeferred):
        render.execute(task_context(state=TaskState()))
    shown = str(redact(render.mask_url, "mask_url"))
    assert "mask.png" in shown
    assert "Signature" not in shown


def test_what_the_function_is_given_is_masked_on_the_tasks_page(presigned, speech_wav):
    """Airflow renders, and stores, the arguments again when the task resumes: then nothing is returned."""
    url = presigned("given.wav", speech_wav(1.2))
    with DAG("a_dag", schedule=None):
        operator = task.omnihuman(task_id="render")(lambda script: script)(
            {"audio": [url], "home": "https://a.example/?page=2000"}
        )
        operator = operator.operator
    operator.render_template_fields(task_context())
    shown = str(redact(operator.op_args, "op_args"))
    assert "given.wav" in shown
    assert "page=2000" in shown
    assert "Signature" not in shown


@pytest.mark.parametrize(
    ("text", "told"), [("http://[is no URL", True), ("see https://a.example/?q=a+b", False), ("?sig=1", False)]
)
def test_any_text_may_be_looked_into(text, told):
    assert any(signed_urls({"prompt": text})) is told
