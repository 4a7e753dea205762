"""Connections that change, fail or come late while paid jobs are waited for; facts and files that are odd."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from airflow_provider_omnihuman.api.models import VideoRequest
from airflow_provider_omnihuman.api.schedule import PollSchedule
from airflow_provider_omnihuman.api.waiting import Wait
from airflow_provider_omnihuman.hooks import shared_client
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.hooks.render_times_file import RenderTimesFile, learning
from airflow_provider_omnihuman.hooks.shared_client import SharedClient
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor
from airflow_provider_omnihuman.triggers.task import OmniHumanTaskTrigger


def waiting(task_id: str, **arguments: Any) -> OmniHumanTaskTrigger:
    defaults = {"deadline": time.time() + 60, "first_poll_at": 0, "poll_interval_s": 0.05}
    return OmniHumanTaskTrigger(omnihuman_conn_id="omnihuman_default", omnihuman_task_id=task_id, **(defaults | arguments))


async def fired(trigger: OmniHumanTaskTrigger) -> dict[str, Any]:
    (event,) = [event.payload async for event in trigger.run()]
    return dict(event)


@pytest.fixture
def edited(connections: None, emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def edit(**changes: Any) -> None:
        document = {"conn_type": "omnihuman", "login": emulator.settings.access_key, "password": emulator.settings.secret_key}
        extra = {"endpoint": emulator.endpoint} | changes.pop("extra", {})
        monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document | changes | {"extra": extra}))

    return edit


@pytest.fixture
def a_job(connections: None, presigned: Any, portrait_png: Any, speech_wav: Any) -> str:
    request = VideoRequest(image_url=presigned("p.png", portrait_png), audio_url=presigned("a.wav", speech_wav(1.0)))
    return OmniHumanHook().submit(request).task_id


def test_keys_that_were_rotated_just_after_a_look_up_do_not_end_a_wait(edited: Any, emulator: Any, a_job: str) -> None:
    """With the real interval; the test beside the shared client sets it to zero, and so cannot see this."""

    async def scenario() -> dict[str, Any]:
        edited(password="switched-off")
        other = await SharedClient.open(OmniHumanHook())
        edited()
        event = await fired(waiting(a_job))
        await other.aclose()
        return event

    emulator.advance(3600)
    assert asyncio.run(scenario())["status"] == "success"


def test_keys_that_were_rotated_together_with_a_timeout_do_not_end_a_wait(
    edited: Any, emulator: Any, a_job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_client, "FAILURE_KEPT_S", 0.0)

    async def scenario() -> dict[str, Any]:
        edited(password="switched-off")
        other = await SharedClient.open(OmniHumanHook())
        wait = asyncio.create_task(fired(waiting(a_job)))
        edited(extra={"read_timeout_s": 20})
        event = await wait
        await other.aclose()
        return event

    emulator.advance(3600)
    assert asyncio.run(scenario())["status"] == "success"


def test_a_wait_in_a_worker_goes_on_with_the_keys_that_the_connection_holds_by_now(
    edited: Any, emulator: Any, a_job: str
) -> None:
    """``deferrable=False``: a rotated key, or a session token that lived its hour, ends the wait for a paid job."""
    hook = OmniHumanHook()
    edited(password="switched-off")
    hook.get_conn()
    edited()
    emulator.advance(3600)
    assert hook.wait_until_done(a_job, wait=Wait(deadline=time.time() + 10), schedule=PollSchedule(first_s=0, interval_s=1))


def test_refused_keys_are_told_as_such_where_the_connection_cannot_be_looked_up_either(
    edited: Any, a_job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_client, "FAILURE_KEPT_S", 0.0)

    async def scenario() -> dict[str, Any]:
        edited(password="wrong")
        other = await SharedClient.open(OmniHumanHook())
        wait = asyncio.create_task(fired(waiting(a_job)))
        monkeypatch.delenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT")
        event = await wait
        await other.aclose()
        return event

    assert asyncio.run(scenario())["error"]["code"] == "SignatureDoesNotMatch"


def test_two_clients_of_one_connection_share_its_rate(edited: Any) -> None:
    """A timeout was edited: waits under way keep the client that they have, newcomers get another one."""

    async def scenario() -> float:
        async with AsyncExitStack() as stack:
            shares = []
            for timeout_s in (20, 21):
                edited(extra={"max_qps": 4, "read_timeout_s": timeout_s})
                shares.append(await SharedClient.open(OmniHumanHook()))
                stack.push_async_callback(shares[-1].aclose)
                shares[0]._connection._at = -1e9  # as if 25 s had gone by
            for share in shares:
                await share.client.perform(share.client.api.probe())
            began = time.monotonic()
            await asyncio.gather(*(share.client.perform(share.client.api.probe()) for share in shares for _ in range(4)))
            return time.monotonic() - began

    least_s = 7 / 3  # eight requests at three a second: one of the four is the workers'
    assert asyncio.run(scenario()) >= least_s


def test_a_wait_whose_connection_cannot_be_looked_up_ends_at_its_deadline(
    connections: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT")
    trigger = waiting("1", deadline=time.time() + 0.3, poll_interval_s=3600.0)

    async def scenario() -> dict[str, Any]:
        return await asyncio.wait_for(fired(trigger), 5)

    assert asyncio.run(scenario())["status"] == "error"


def test_waits_that_ran_at_the_same_time_all_leave_what_they_learned() -> None:
    """Sixteen workers that wait without deferring, or one beside a triggerer."""
    with learning("side-by-side") as one, learning("side-by-side") as other:
        for took_s, times in ((500.0, one), (600.0, other)):
            times.record("720", audio_s=15.0, took_s=took_s)
    assert len(RenderTimesFile("side-by-side").load().to_dict()["kinds"]["720"]) == 2


def test_a_sensor_whose_request_rendered_to_nothing_waits_all_the_same(a_job: str, emulator: Any) -> None:
    """What a template makes of a missing XCom is the text None, as all other templated arguments know."""
    emulator.advance(3600)
    sensor = OmniHumanTaskSensor(task_id="wait", omnihuman_task_id=a_job, request="None", deferrable=False)  # type: ignore[arg-type]
    assert sensor.poke({}).is_done  # type: ignore[union-attr]


def test_who_asks_while_a_client_closes_gets_a_new_one_or_an_error_of_ours(connections: None) -> None:
    async def scenario() -> list[Any]:
        client = await OmniHumanHook().get_async_conn()
        await client.perform(client.api.probe())
        closing = asyncio.create_task(client.aclose())
        outcomes = await asyncio.gather(*(client.perform(client.api.probe()) for _ in range(5)), closing, return_exceptions=True)
        await client.aclose()
        return outcomes

    assert not [one for one in asyncio.run(scenario()) if isinstance(one, RuntimeError)]
