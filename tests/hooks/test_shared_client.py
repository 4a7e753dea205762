"""All that wait on one event loop with one connection share one client, one look-up and one rate; the last one out closes it."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from airflow_provider_omnihuman.api import client as client_module
from airflow_provider_omnihuman.api.errors import InvalidConnectionError
from airflow_provider_omnihuman.api.models import VideoRequest
from airflow_provider_omnihuman.api.transport import event_loop_http
from airflow_provider_omnihuman.hooks import shared_client
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.hooks.shared_client import SharedClient
from airflow_provider_omnihuman.triggers.task import OmniHumanTaskTrigger, finished_task_id


@pytest.fixture
def a_job(connections, presigned, portrait_png, speech_wav):
    """The id of a job of the emulator."""
    request = VideoRequest(image_url=presigned("p.png", portrait_png), audio_url=presigned("a.wav", speech_wav(1.0)))
    return OmniHumanHook().submit(request).task_id


class CountingHook(OmniHumanHook):
    """Counts its look-ups; fails the first ones."""

    look_ups = 0
    failures = 0

    async def async_settings(self):
        type(self).look_ups += 1
        await asyncio.sleep(0.01)
        if type(self).look_ups <= type(self).failures:
            raise ConnectionError("the API server is away")
        return await super().async_settings()


@pytest.fixture
def hook(connections):
    CountingHook.look_ups = CountingHook.failures = 0
    return CountingHook()


@pytest.fixture
def eager(monkeypatch):
    monkeypatch.setattr(shared_client, "LOOKED_UP_EVERY_S", 0.05)
    monkeypatch.setattr(shared_client, "FAILURE_KEPT_S", 0.0)


@pytest.fixture
def edited(connections, emulator, monkeypatch):
    """Edits the connection."""

    def edit(**changes):
        document = {"conn_type": "omnihuman", "login": emulator.settings.access_key, "password": emulator.settings.secret_key}
        extra = {"endpoint": emulator.endpoint} | changes.pop("extra", {})
        monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document | changes | {"extra": extra}))

    return edit


async def until(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def test_thousands_share_one_client_and_one_look_up(hook, monkeypatch):
    opened = []

    async def counted(auth):
        opened.append(auth)
        return await event_loop_http(auth)

    monkeypatch.setattr(client_module, "event_loop_http", counted)

    async def scenario():
        shares = await asyncio.gather(*(SharedClient.open(hook) for _ in range(2000)))
        clients = {share.client for share in shares}
        (client,) = clients
        await asyncio.gather(*(share.client.perform(client.api.probe()) for share in shares[:20]))
        http = client._http
        for share in shares[1:]:
            await share.aclose()
        assert not http.is_closed
        await shares[0].aclose()
        assert http.is_closed

    asyncio.run(scenario())
    assert CountingHook.look_ups == len(opened) == 1


def test_whoever_comes_after_the_last_one_gets_a_client_that_works(hook):
    async def scenario():
        for _ in range(2):
            share = await SharedClient.open(hook)
            await share.client.perform(share.client.api.probe())
            await share.aclose()

    asyncio.run(scenario())


def test_a_first_one_that_is_cancelled_takes_nobody_with_it(hook):
    async def scenario():
        first = asyncio.create_task(SharedClient.open(hook))
        await asyncio.sleep(0)
        second = asyncio.create_task(SharedClient.open(hook))
        await asyncio.sleep(0)
        first.cancel()
        share = await second
        await share.aclose()

    asyncio.run(scenario())
    assert CountingHook.look_ups == 1


def test_each_event_loop_has_its_own(hook):
    async def scenario():
        share = await SharedClient.open(hook)
        client = share.client
        await share.aclose()
        return client

    assert asyncio.run(scenario()) is not asyncio.run(scenario())


def test_rotated_keys_and_changed_limits_go_into_the_client_that_is_in_use(hook, edited, eager):
    async def scenario():
        share = await SharedClient.open(hook)
        client = share.client
        edited(login="AKLTrotated", extra={"max_qps": 4, "triggerer_count": 2})
        await until(lambda: client.credentials.access_key_id == "AKLTrotated")
        assert client._gate._rate._limits == (4.0, 2, 1.0)  # one of four is left to the workers
        newcomer = await SharedClient.open(hook)
        assert newcomer.client is client
        await newcomer.aclose()
        await share.aclose()

    asyncio.run(scenario())


def test_another_endpoint_is_for_those_who_come_later(hook, edited, eager, emulator):
    async def scenario():
        share = await SharedClient.open(hook)
        before = CountingHook.look_ups
        edited(extra={"endpoint": "http://127.0.0.1:9"})
        await until(lambda: CountingHook.look_ups > before + 1)
        newcomer = await SharedClient.open(hook)
        assert (share.client.api.endpoint, newcomer.client.api.endpoint) == (emulator.endpoint, "http://127.0.0.1:9")
        await share.client.perform(share.client.api.probe())
        await newcomer.aclose()
        await share.client.perform(share.client.api.probe())
        await share.aclose()

    asyncio.run(scenario())


def test_a_look_up_that_fails_later_leaves_the_client_as_it_is(hook, eager, logged):
    async def scenario():
        share = await SharedClient.open(hook)
        CountingHook.failures = CountingHook.look_ups + 2
        await until(lambda: CountingHook.look_ups > CountingHook.failures)
        await share.client.perform(share.client.api.probe())
        await share.aclose()

    asyncio.run(scenario())
    assert "cannot be looked up" in logged()


def test_a_backend_that_is_away_is_not_asked_by_each(hook):
    async def scenario():
        CountingHook.failures = 1
        opened = await asyncio.gather(*(SharedClient.open(hook) for _ in range(1000)), return_exceptions=True)
        assert {type(error) for error in opened} == {ConnectionError}
        with pytest.raises(ConnectionError):
            await SharedClient.open(hook)

    asyncio.run(scenario())
    assert CountingHook.look_ups == 1


def test_a_bad_connection_is_told(connections, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", '{"conn_type": "omnihuman", "password": "x"}')
    with pytest.raises(InvalidConnectionError, match="login"):
        asyncio.run(SharedClient.open(OmniHumanHook()))


def waiting(**arguments):
    return OmniHumanTaskTrigger(
        omnihuman_conn_id="omnihuman_default", deadline=time.time() + 60, first_poll_at=0, poll_interval_s=0.05, **arguments
    )


async def fired(trigger):
    return [event.payload async for event in trigger.run()]


def test_a_wait_whose_keys_are_refused_goes_on_with_those_that_the_connection_holds_by_now(edited, monkeypatch, emulator, a_job):
    """The old key is switched off the moment the new one is in the connection, and before anybody looked."""
    monkeypatch.setattr(shared_client, "FAILURE_KEPT_S", 0.0)

    async def scenario():
        edited(password="switched-off")
        trigger = waiting(omnihuman_task_id=a_job)
        blocker = await SharedClient.open(OmniHumanHook())
        wait = asyncio.create_task(fired(trigger))
        edited()
        (event,) = await wait
        await blocker.aclose()
        return event

    emulator.advance(3600)
    assert finished_task_id(asyncio.run(scenario())) == a_job


def test_a_wait_whose_keys_are_refused_for_good_ends(edited, eager, a_job):
    edited(password="wrong")
    (event,) = asyncio.run(fired(waiting(omnihuman_task_id=a_job)))
    assert event["error"]["code"] == "SignatureDoesNotMatch"
