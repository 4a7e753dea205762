"""``@task.omnihuman``: the function is called once in a try and before anything is paid for; what it returned is rendered."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from airflow.sdk import DAG, task

from airflow_provider_omnihuman.api import AigcMeta, VideoRequest
from airflow_provider_omnihuman.triggers.pause import QuotaPauseTrigger
from airflow_provider_omnihuman.triggers.task import OmniHumanTaskTrigger
from tests.operators.tries import deferred
from tests.task_context import TaskState, task_context

LABEL = {"producer_id": "p-1", "content_propagator": "channel"}


@pytest.fixture
def inputs(connections, put, portrait_png, speech_wav):
    return {"image_url": put("in/p.png", portrait_png), "audio_url": put("in/a.wav", speech_wav(1.2))}


@pytest.fixture
def decorate(inputs):
    """Make a task of a function, its portrait given by the decorator."""

    def make(function, *args, op_kwargs=None, **arguments):
        defaults = {
            "task_id": "render",
            "image_url": inputs["image_url"],
            "output_resolution": 720,
            "deferrable": True,
            "poll_interval": 0.05,
        }
        with DAG("a_dag", schedule=None):
            return task.omnihuman(**defaults | arguments)(function)(*args, **(op_kwargs or {})).operator

    return make


class Script:
    """A function that counts its calls."""

    def __init__(self, returned, *more):
        self.returned = [returned, *more]
        self.calls = 0

    def function(self):
        def render():
            self.calls += 1
            return self.returned[min(self.calls, len(self.returned)) - 1]

        return render


def wait_for(trigger):
    """Poll as the triggerer does, until the job is done; return the event."""
    import asyncio

    async def main():
        trigger.first_poll_at = 0
        async for event in trigger.run():
            return event.payload
        raise AssertionError("no event")

    return asyncio.run(main())


def test_what_is_returned_is_rendered_submitted_and_waited_for(decorate, inputs, emulator):
    def render(mood, *, run_id=None, params=None):
        assert params == {"city": "Paris"}
        return {"audio_url": inputs["audio_url"], "prompt": mood + " in {{ params.city }}", "seed": "{{ 3 + 4 }}"}

    operator = decorate(render, "calm", deferrable=False)
    context = task_context(state=TaskState()) | {"params": {"city": "Paris"}}
    video = operator.execute(context)
    (job,) = emulator.jobs()
    assert (job["body"]["prompt"], job["body"]["seed"], job["body"]["output_resolution"]) == ("calm in Paris", 7, 720)
    assert video["task_id"] == job["task_id"] == context["ti"].xcoms["task_id"]
    assert operator.prompt == "calm in Paris"  # what the task's page shows


def test_what_the_decorator_was_given_is_not_rendered_twice(decorate, inputs, emulator):
    operator = decorate(lambda: {"audio_url": inputs["audio_url"]}, prompt="{{ '{{ 1 + 1 }}' }}", deferrable=False)
    context = task_context(state=TaskState()) | {"params": {}}
    operator.render_template_fields(context)  # as Airflow does before it executes
    operator.execute(context)
    assert emulator.jobs()[0]["body"]["prompt"] == "{{ 1 + 1 }}"


def test_a_whole_request_may_be_returned(decorate, presigned, portrait_png, speech_wav, emulator):
    urls = {"image_url": presigned("p.png", portrait_png), "audio_url": presigned("a.wav", speech_wav(1.0))}
    request = VideoRequest(**urls, seed=9, output_resolution=1080)
    decorate(lambda: request, seed=4, deferrable=False).execute(task_context(state=TaskState()))
    (job,) = emulator.jobs()
    assert (job["body"]["seed"], job["body"]["output_resolution"]) == (9, 1080)
    assert job["body"]["image_url"] == urls["image_url"]


def test_the_function_is_not_called_again_when_the_video_is_there(decorate, inputs, emulator):
    script = Script({"audio_url": inputs["audio_url"], "prompt": "calm"})
    trigger, context = deferred(decorate(script.function()), TaskState())
    assert isinstance(trigger, OmniHumanTaskTrigger)
    resumed = decorate(script.function())
    video = resumed.resume_execution("execute_complete", {"event": wait_for(trigger)}, context)
    assert script.calls == 1
    assert video["video_url"]
    assert resumed.prompt == "calm"
    assert emulator.accepted() == 1


def test_the_label_that_was_returned_is_asked_for_to_the_end(decorate, inputs):
    script = Script({"audio_url": inputs["audio_url"], "aigc_meta": AigcMeta(**LABEL)})
    trigger, context = deferred(decorate(script.function()), TaskState())
    assert trigger.aigc_meta == LABEL
    video = decorate(script.function()).resume_execution("execute_complete", {"event": wait_for(trigger)}, context)
    assert video["aigc_meta_tagged"] is True
    assert video["request"]["aigc_meta"] == LABEL


def refused_once(decorate, script, emulator, state):
    """Submit, be refused by a limit, and come back when there is room; return the context."""
    emulator.fault(kind="code", code=50430, action="CVSubmitTask", count=4)
    trigger, context = deferred(decorate(script.function()), state)
    assert isinstance(trigger, QuotaPauseTrigger)
    emulator.admin("DELETE", "/faults")
    event = {"since": trigger.since}
    with pytest.raises(TaskDeferred):
        decorate(script.function()).resume_execution("resume_submit", {"event": event}, context)
    return context


def test_a_limit_of_the_account_does_not_call_the_function_again(decorate, inputs, emulator):
    script = Script({"audio_url": inputs["audio_url"], "prompt": "first"}, {"audio_url": inputs["audio_url"], "prompt": "second"})
    refused_once(decorate, script, emulator, TaskState())
    assert script.calls == 1
    assert [job["body"]["prompt"] for job in emulator.jobs()] == ["first"]


def test_signed_urls_are_not_stored_while_a_limit_holds_the_task_up(decorate, presigned, speech_wav, emulator):
    script = Script({"audio_url": presigned("a.wav", speech_wav(1.0))})
    context = refused_once(decorate, script, emulator, TaskState())
    assert script.calls == 2
    assert "Signature" not in str(context["ti"].xcoms)
    assert emulator.accepted() == 1


def test_a_retry_finds_the_job_by_the_request_that_was_returned(decorate, inputs, emulator):
    emulator.set_speed(0)  # it renders for as long as the test lasts
    script, state = Script({"audio_url": inputs["audio_url"]}), TaskState()
    first, _ = deferred(decorate(script.function()), state)
    second, _ = deferred(decorate(script.function()), state, try_number=2)
    assert script.calls == 2
    assert first.omnihuman_task_id == second.omnihuman_task_id
    assert emulator.accepted() == 1


def test_another_script_in_the_same_place_of_a_mapped_task_is_another_job(decorate, inputs, put, speech_wav, emulator):
    # A task's state belongs to its place in the list, which may hold another script at the next try.
    other = put("in/other.wav", speech_wav(1.4))
    states = [TaskState(), TaskState()]
    for order in ([inputs["audio_url"], other], [other, inputs["audio_url"]]):
        for index, audio_url in enumerate(order):
            trigger, _ = deferred(decorate(lambda audio_url=audio_url: {"audio_url": audio_url}), states[index], map_index=index)
            job = next(job for job in emulator.jobs() if job["task_id"] == trigger.omnihuman_task_id)
            assert audio_url.rpartition("/")[2] in job["body"]["audio_url"]
    assert emulator.accepted() == 4


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ({"audio": "s3://b/a.wav"}, "unknown audio; known are"),
        ({"audio_url": "s3://b/a.wav", "retries": 3}, "unknown retries"),
        ({"prompt": "calm"}, "audio_url is missing"),
        ({"audio_url": None}, "audio_url is missing"),
        ("s3://b/a.wav", "returned str"),
        (None, "returned NoneType"),
        (["s3://b/a.wav"], "returned list"),
    ],
)
def test_what_is_no_request_is_refused_before_anything_is_paid_for(decorate, emulator, returned, told):
    def render():
        return returned

    with pytest.raises(AirflowFailException, match=told):
        decorate(render).execute(task_context(state=TaskState()))
    assert emulator.accepted() == 0


def test_what_the_function_raises_is_left_to_airflows_retries(decorate, emulator):
    def render():
        raise LookupError("no script today")

    with pytest.raises(LookupError):
        decorate(render).execute(task_context(state=TaskState()))
    assert emulator.accepted() == 0


def test_an_annotation_makes_no_xcoms_of_the_videos_fields(decorate, inputs):
    def render() -> dict[str, str]:
        return inputs

    assert not decorate(render).multiple_outputs
    with pytest.raises(ValueError, match="multiple_outputs"):
        decorate(render, multiple_outputs=True)


def test_an_async_function_is_refused_when_the_dag_is_parsed(decorate):
    async def render():
        return {}

    with pytest.raises(TypeError, match="plain function"):
        decorate(render)


def test_partial_and_override_take_what_the_operator_takes(inputs):
    with DAG("a_dag", schedule=None) as dag:

        @task.omnihuman(image_url=inputs["image_url"], retries=1)
        def render(script, mood):
            return {"audio_url": script, "prompt": mood}

        render.override(task_id="other", retries=5, pool="omnihuman").partial(mood="calm").expand(script=["a", "b"])
    mapped = dag.get_task("other")
    assert (mapped.retries, mapped.pool) == (5, "omnihuman")
    assert mapped.partial_kwargs["image_url"] == inputs["image_url"]
