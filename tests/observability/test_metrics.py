"""Every documented metric arrives on a StatsD socket, sent by the real operators and the real trigger."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_omnihuman.observability import catalogue
from airflow_provider_omnihuman.observability.catalogue import METRICS, Kind
from tests.observability.prometheus import mapped, series
from tests.operators.archives import archive
from tests.task_context import TaskState, task_context

ONE_SECOND = 1.2  # of audio, of the inputs


def until_it_defers(step, *arguments):
    with pytest.raises(TaskDeferred) as caught:
        step(*arguments)
    return caught.value.trigger


def wait(trigger, emulator):
    """Run the trigger as a triggerer would; meanwhile the job queues, a poll is lost, and the job gets done."""

    async def live():
        told = asyncio.create_task(asyncio.to_thread(_live, trigger.omnihuman_task_id, emulator))
        payloads = [event.payload async for event in trigger.run()]
        await told
        return payloads

    trigger.first_poll_at = 0  # or it waits for 10 s
    return asyncio.run(live())[0]


def _live(task_id, emulator):
    path = f"/tasks/{task_id}"
    for status in ("in_queue", "generating"):
        emulator.admin("POST", path, {"status": status})
        asked = _polls(emulator)
        while _polls(emulator) < asked + 2:
            time.sleep(0.02)
    emulator.fault(kind="reset", action="CVGetResult")
    emulator.admin("POST", path, {"status": None})
    emulator.advance(3600)


def _polls(emulator):
    return sum(emulator.state()["requests"].get("CVGetResult", {}).values())


@pytest.fixture
def story(priced, video, emulator, s3):
    """A day in the life: refused by a limit, submitted, queued, rendered, archived, asked for again, and once lost."""

    def live():
        state, asked = TaskState(), {"seed": 7}
        emulator.fault(kind="code", code=50430, action="CVSubmitTask")
        operator = video(**asked)
        pause = until_it_defers(operator.execute, task_context(state=state))
        context = task_context(state=state)
        trigger = until_it_defers(operator.resume_submit, context, {"since": pause.since})
        result = operator.execute_complete(context, wait(trigger, emulator))
        archive(omnihuman_task_id=result["task_id"], request=result["request"]).execute(task_context())
        video(**asked).execute(task_context(state=state))  # a second try of the same task
        video(**asked).execute(task_context(state=TaskState(), task_id="another"))
        emulator.fault(kind="reset", action="CVSubmitTask", phase="after")
        with pytest.raises(AirflowFailException):
            video(seed=8).execute(task_context(state=TaskState()))

    return live


@pytest.mark.parametrize("tagged", [True, False], ids=["with tags", "without tags"])
def test_a_day_sends_every_metric(story, statsd_with, tagged):
    statsd = statsd_with(statsd_influxdb_enabled=str(tagged))
    story()
    lines = statsd.ours()
    sent = {re.split("[,:]", line)[0]: line.rsplit("|", 1)[1] for line in lines}
    letters = {Kind.COUNTER: "c", Kind.TIMER: "ms"}
    plain = {f"airflow.{metric.full_name}": letters[metric.kind] for metric in METRICS}
    named = {"rejects.50430", "reuses.ledger", "reuses.archive", "faults.transport", "waits.done", "billed_cost.CNY"}
    assert sent == plain | {f"airflow.omnihuman.{name}": "c" for name in named}
    assert {rule[0] for name in sent if (rule := mapped(name))} == {series(metric)[0] for metric in METRICS}
    assert tags_of(lines) == ({metric.full_name: set(metric.tags) for metric in METRICS} if tagged else {})
    look_at_the_values(statsd)


def tags_of(lines):
    """Return what tags each metric has, by its name; all lines of a name have the same."""
    found = {}
    for line in lines:
        name, *pairs = line.split(":")[0].removeprefix("airflow.").split(",")
        if pairs and name in {metric.full_name for metric in METRICS}:
            tags = dict(pair.split("=") for pair in pairs)
            assert tags.get("conn_id", "omnihuman_default") == "omnihuman_default"
            assert tags.get("dag_id", "a_dag") == "a_dag"
            assert found.setdefault(name, set(tags)) == set(tags)
    return found


def look_at_the_values(statsd):
    assert statsd.values("omnihuman.submits") == statsd.values("omnihuman.submits_lost") == [1]
    assert statsd.values("omnihuman.billed_seconds") == [pytest.approx(ONE_SECOND, abs=0.1)]
    assert statsd.values("omnihuman.billed_cost.CNY") == [pytest.approx(1.5 * ONE_SECOND, abs=0.15)]
    (size,) = statsd.values("omnihuman.archive.bytes")
    assert size > 1000
    (delay_ms,), (queue_ms,) = statsd.values("omnihuman.detection_delay"), statsd.values("omnihuman.queue_time")
    (wait_ms,) = statsd.values("omnihuman.wait_time")
    assert 0 < delay_ms < 10_000
    assert 0 <= queue_ms <= wait_ms < 60_000


def test_a_poll_counts_once_whatever_becomes_of_it(submit, emulator, statsd):
    context = task_context()
    operator = submit()
    task_id = operator.execute(context)
    emulator.fault(kind="html", action="CVGetResult")
    before = _polls(emulator)
    operator.hook.fetch(task_id)
    assert sum(statsd.values("omnihuman.polls")) == _polls(emulator) - before == 2
    assert statsd.values("omnihuman.faults.malformed") == [1]


@pytest.mark.parametrize("code", [50429, "FlowLimitExceeded", 50400])
def test_a_refusal_is_counted_by_its_code(submit, emulator, statsd, code):
    emulator.fault(kind="code", code=code, action="CVSubmitTask")
    with pytest.raises((AirflowFailException, TaskDeferred)):
        submit().execute(task_context())
    assert statsd.values(f"omnihuman.rejects.{code}") == [1]
    assert statsd.values("omnihuman.submits") == []


def test_asking_again_for_a_video_that_is_done_is_no_wait(submit, emulator, statsd):
    operator = submit()
    task_id = operator.execute(task_context())
    emulator.advance(3600)
    while emulator.state()["jobs"][-1]["status"] != "done":
        time.sleep(0.05)
    operator.hook.fresh_video(task_id)
    assert statsd.values("omnihuman.polls")
    assert statsd.values("omnihuman.waits") == statsd.values("omnihuman.wait_time") == []


def test_a_wait_on_the_worker_is_counted_like_one_in_the_triggerer(video, emulator, statsd, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: emulator.advance(3600 if seconds > 1 else 0))
    video(deferrable=False).execute(task_context())
    monkeypatch.undo()
    assert statsd.values("omnihuman.waits.done") == [1]
    assert len(statsd.values("omnihuman.wait_time")) == 1


@pytest.mark.parametrize(("status", "outcome"), [({"status": "expired"}, "lost"), ({"code": 50511}, "failed")])
def test_a_wait_that_ends_badly_says_how(video, emulator, statsd, status, outcome):
    trigger = until_it_defers(video().execute, task_context(state=TaskState()))
    emulator.admin("POST", f"/tasks/{trigger.omnihuman_task_id}", status)
    trigger.first_poll_at = 0
    asyncio.run(anext(aiter(trigger.run())))
    assert statsd.values(f"omnihuman.waits.{outcome}") == [1]


def test_names_are_unique_and_say_no_more_than_their_prefix():
    names = [metric.full_name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert all(metric.named_by in {None, *metric.tags} for metric in METRICS)
    assert catalogue.SUBMITS in METRICS
