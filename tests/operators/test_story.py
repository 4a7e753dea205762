"""The log of a render reads like a story: each step once, in order, with its times, on worker and triggerer alike."""

from __future__ import annotations

import asyncio
import json
import os
import re

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.hooks.render_times_file import RenderTimesFile
from airflow_provider_omnihuman.triggers import task as trigger_module
from tests.operators.archives import archive
from tests.task_context import TaskState, task_context

SPAN = r"(?:\d+ h \d\d min|\d+ min(?: \d\d s)?|\d+ s)"
CLOCK = r"\d\d:\d\d:\d\d UTC"
PRICED = r"about 1\.\d\d CNY by the connection's price"
LIMIT = rf"Refused by a limit, nothing was started: submitting again in {SPAN}, at {CLOCK}; refused since {CLOCK} \(0 s\), "
STORY = [
    LIMIT + rf"giving up at {CLOCK}\. \[50430\] .*",
    rf"Submitting again: a limit of the account has had no room since {CLOCK} \({SPAN}\)",
    rf"Submitted OmniHuman task \d+ \(request \w+, fingerprint [0-9a-f]{{12}}\): 1\.2 s of audio at 720p, {PRICED}",
    rf"Waiting in the triggerer, until {CLOCK} at the latest; what changes is told here",
    rf"OmniHuman task \d+: in_queue, {SPAN} after its submit; usually done about 1 min after its turn has come",
    rf"OmniHuman task \d+: generating, {SPAN} after its submit; usually done after about 1 min",
    rf"OmniHuman task \d+: done; this URL of the video lives until {CLOCK}, the task for 12 h from its submit",
    rf"OmniHuman task \d+ was done at {CLOCK}, {SPAN} after its submit: about {SPAN} in the queue, {SPAN} rendering",
    rf"OmniHuman task \d+: done; this URL of the video lives until {CLOCK}, .*",
    rf"Archived s3://\S+/v\.mp4: [\d,]+ bytes in [\d.]+ s \([\d.]+ MB/s\); 1\.\d s of video, {PRICED}",
]
OURS = re.compile(r"(?:Refused|Submitt|Waiting in|OmniHuman task|Archived|Not ).*?(?=\s+\[[\w.]+\] loc=|\x1b|$)", re.MULTILINE)


def fire(trigger, emulator):
    """Run the trigger as the triggerer does, while its job goes from status to status; return its event."""
    job = f"/tasks/{trigger.omnihuman_task_id}"

    async def first():
        (event,) = [event.payload async for event in trigger.run()]
        return event

    async def service():
        for status in ("generating", None):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(emulator.admin, "POST", job, {"status": status})

    async def both():
        return (await asyncio.gather(first(), service()))[0]

    emulator.admin("POST", job, {"status": "in_queue"})
    emulator.advance(3600)
    return asyncio.run(both())


def deferral(step):
    with pytest.raises(TaskDeferred) as caught:
        step()
    return caught.value


@pytest.fixture
def told(logged):
    """What our code has logged since the last call, line by line."""
    return lambda: list(dict.fromkeys(line.rstrip() for line in OURS.findall(logged())))


@pytest.fixture
def account(connections, monkeypatch):
    """A connection with a price, whose renders are known to take about a minute."""
    document = json.loads(os.environ["AIRFLOW_CONN_OMNIHUMAN_DEFAULT"])
    document["extra"] |= {"price_per_second": 1}
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))
    times = RenderTimes()  # what other tests in this process have left in the file would be counted in
    for _ in range(9):
        times.record("720", audio_s=1.2, took_s=60.0, running_s=59.0)
    RenderTimesFile("omnihuman_default").save(times.to_dict())


def test_a_deferred_render_that_met_a_limit_and_a_queue(account, video, emulator, told, monkeypatch):
    monkeypatch.setattr(trigger_module, "MIN_FIRST_POLL_S", 0.0)  # there is no old worker process to be reaped
    context = task_context(state=TaskState())
    emulator.fault(kind="code", code="50430", action="CVSubmitTask", count=1)
    pause = deferral(lambda: video().execute(context))
    back = deferral(lambda: video().resume_submit(context, {"since": pause.trigger.since}))
    event = fire(back.trigger, emulator)
    result = video().execute_complete(context, event)
    lines = told()
    archive(omnihuman_task_id=result["task_id"], request=result["request"], s3_key="out/v.mp4").execute(task_context())
    lines += told()
    assert len(lines) == len(STORY), "\n".join(lines)
    for line, expected in zip(lines, STORY, strict=True):
        assert re.fullmatch(expected, line), f"{line!r} is not {expected!r}"
