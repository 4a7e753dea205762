"""A connection that names a role signs with its temporary keys, which are renewed before they end, and asked for rarely."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from airflow_provider_omnihuman.api.errors import InvalidConnectionError, ServiceError, TransportError
from airflow_provider_omnihuman.api.models import TaskStatus, VideoRequest
from airflow_provider_omnihuman.api.role_session import role_session
from airflow_provider_omnihuman.emulator.server import running_emulator
from airflow_provider_omnihuman.emulator.settings import LOCAL_ROLE_TRN
from airflow_provider_omnihuman.hooks import shared_client
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.hooks.shared_client import SharedClient
from airflow_provider_omnihuman.triggers.task import OmniHumanTaskTrigger, finished_task_id
from tests.conftest import EmulatorControl


@pytest.fixture(autouse=True)
def _no_session_of_another_test():
    role_session.cache_clear()


@pytest.fixture
def connect(emulator, monkeypatch):
    """Make the connection one that assumes the emulator's role."""

    def make(control=emulator, *, login=None, password=None, **extra):
        document = {
            "conn_type": "omnihuman",
            "login": login or control.settings.access_key,
            "password": password or control.settings.secret_key,
            "extra": {"endpoint": control.endpoint, "sts_endpoint": control.endpoint, "role_trn": LOCAL_ROLE_TRN} | extra,
        }
        monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))

    make()
    return make


@pytest.fixture
def short_lived(connect):
    """An emulator whose temporary keys live for three seconds."""
    with running_emulator(speed=100, concurrency=0, qps=0, role_session_s=3) as emulator:
        control = EmulatorControl(emulator, emulator.settings)
        connect(control)
        yield control


def assumed(emulator):
    """How often, by outcome."""
    return emulator.state()["requests"].get("AssumeRole", {})


def refused(emulator):
    return {code for outcomes in emulator.state()["requests"].values() for code in outcomes} - {"10000"}


def test_requests_are_signed_with_the_roles_keys(connect, emulator):
    hook = OmniHumanHook()
    assert hook.fetch("7").status is TaskStatus.NOT_FOUND
    keys = hook.get_conn().credentials
    assert keys.access_key_id.startswith("AKTP")
    assert keys.session_token
    assert assumed(emulator) == {"10000": 1}


def test_the_account_is_asked_once_by_all_of_a_process(connect, emulator):
    def ask(_):
        hook = OmniHumanHook()
        hook.fetch("7")
        hook.get_conn().close()

    for number in range(3):
        ask(number)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(16)))
    assert assumed(emulator) == {"10000": 1}


def test_threads_that_come_together_ask_once(connect, emulator):
    emulator.fault(kind="delay", action="AssumeRole", delay_s=0.3)
    hook, together = OmniHumanHook(), threading.Barrier(6)
    hook.get_conn()

    def ask(_):
        together.wait()
        return hook.fetch("7").status

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(ask, range(6))) == {TaskStatus.NOT_FOUND}
    assert assumed(emulator) == {"10000": 1}


def test_thousands_of_waits_on_a_loop_ask_once(connect, emulator):
    emulator.fault(kind="delay", action="AssumeRole", delay_s=0.3)

    async def scenario():
        shares = await asyncio.gather(*(SharedClient.open(OmniHumanHook()) for _ in range(200)))
        await asyncio.gather(*(share.client.perform(share.client.api.probe()) for share in shares))
        for share in shares:
            await share.aclose()

    asyncio.run(scenario())
    assert assumed(emulator) == {"10000": 1}


def test_look_ups_of_the_connection_assume_nothing(connect, emulator, monkeypatch):
    monkeypatch.setattr(shared_client, "LOOKED_UP_EVERY_S", 0.02)

    async def scenario():
        share = await SharedClient.open(OmniHumanHook())
        for _ in range(10):
            await share.client.perform(share.client.api.probe())
            await asyncio.sleep(0.03)
        await share.aclose()

    asyncio.run(scenario())
    asyncio.run(scenario())  # another event loop goes on with the same keys
    assert assumed(emulator) == {"10000": 1}


def test_an_hour_of_polls_with_keys_of_a_quarter_of_an_hour_meets_no_fault(connect, emulator):
    connect(role_duration_s=900)
    hook = OmniHumanHook()
    with time_machine.travel(time.time(), tick=True) as clock:
        for _ in range(60):
            assert hook.fetch("7").status is TaskStatus.NOT_FOUND
            clock.shift(60)
    emulator.admin("POST", "/clock", {})
    assert assumed(emulator) == {"10000": 5}  # every 675 s, rounded up to the next poll
    assert refused(emulator) == set()


def a_job(put_url, portrait_png, speech_wav):
    image_url, audio_url = put_url("p.png", portrait_png), put_url("a.wav", speech_wav(1.0))
    return OmniHumanHook().submit(VideoRequest(image_url=image_url, audio_url=audio_url)).task_id


def let_end_in(seconds, control):
    """The job is over when the wait has seen its keys end a few times; the time of day, by which keys end, stays."""
    timer = threading.Timer(seconds, control.admin, ["POST", "/clock", {"speed": 10_000}])
    timer.start()
    return timer


def test_a_wait_in_the_triggerer_outlives_its_keys(short_lived, s3, presigned, portrait_png, speech_wav):
    short_lived.admin("POST", "/clock", {"speed": 0.001})
    task_id = a_job(presigned, portrait_png, speech_wav)
    trigger = OmniHumanTaskTrigger(
        omnihuman_conn_id="omnihuman_default",
        omnihuman_task_id=task_id,
        deadline=time.time() + 60,
        first_poll_at=0,
        poll_interval_s=0.1,
    )

    async def fired():
        return [event.payload async for event in trigger.run()]

    timer = let_end_in(5, short_lived)
    (event,) = asyncio.run(fired())
    timer.join()
    assert finished_task_id(event) == task_id
    assert assumed(short_lived)["10000"] >= 3
    assert refused(short_lived) == set()


def test_keys_that_the_service_has_ended_early_are_replaced_once(connect, emulator):
    """Such as by revoking the role's sessions: a wait goes on with new ones."""
    hook = OmniHumanHook()
    hook.fetch("7")
    emulator.advance(4000)
    with time_machine.travel(time.time() + 120, tick=True):  # not new any more, and not yet at their end
        keys = hook.get_conn().credentials
        with pytest.raises(ServiceError, match="InvalidSecretToken"):
            hook.fetch("7")
        assert hook._has_other_keys(keys)
        assert hook.fetch("7").status is TaskStatus.NOT_FOUND
        fresh = hook.get_conn().credentials
        assert not hook._has_other_keys(fresh), "keys of a moment ago are not refused for their age"
    assert assumed(emulator) == {"10000": 2}


def test_an_sts_that_is_away_holds_nobody_up_while_the_keys_last(connect, emulator, logged):
    connect(role_duration_s=900)
    hook = OmniHumanHook()
    with time_machine.travel(time.time(), tick=True) as clock:
        hook.fetch("7")
        emulator.fault(kind="status", status=503, action="AssumeRole", count=None)
        clock.shift(800)
        assert hook.fetch("7").status is TaskStatus.NOT_FOUND
        assert hook.fetch("7").status is TaskStatus.NOT_FOUND
        assert "cannot be renewed yet" in logged()
        assert assumed(emulator) == {"10000": 1, "fault:status": 1}, "not asked at each poll"
        emulator.admin("DELETE", "/faults")
        clock.shift(10)
        hook.fetch("7")
    assert assumed(emulator)["10000"] == 2


def test_a_submit_whose_keys_cannot_be_had_was_certainly_not_sent(connect, emulator):
    """It may be repeated, and stops for nobody: the reply of STS that was lost is not that of a submit."""
    emulator.fault(kind="html", action="AssumeRole", count=None)
    hook = OmniHumanHook()
    hook.get_conn().api = hook.api.__class__(endpoint=emulator.endpoint, first_backoff_s=0.01)
    with pytest.raises(TransportError, match="cannot be assumed") as caught:
        hook.submit(VideoRequest(image_url="http://127.0.0.1:9/p.png", audio_url="http://127.0.0.1:9/a.wav"))
    assert not caught.value.may_have_arrived
    assert "sts_endpoint" in str(caught.value)
    assert "CVSubmitTask" not in emulator.state()["requests"]


@pytest.mark.parametrize(
    ("changes", "fault", "told"),
    [
        ({"role_trn": "trn:iam::1:role/other"}, {}, ["[RoleNotExist]", "trn:iam::1:role/other", "check the extra role_trn"]),
        ({"login": "AKLTnobody"}, {}, ["[InvalidAccessKey]", "login"]),
        ({"password": "s3cr3t-but-wrong"}, {}, ["[SignatureDoesNotMatch]", "password"]),
        ({}, {"code": "AccessDenied"}, ["[AccessDenied]", "STSAssumeRoleAccess", "trust policy"]),
        ({}, {"code": "LackPolicy"}, ["[LackPolicy]", "STSAssumeRoleAccess"]),
        ({"sts_endpoint": "http://127.0.0.1:9"}, {}, ["cannot be assumed", "refused", "sts_endpoint"]),
        ({"sts_endpoint": "http://127.0.0.1:9", "session_token": "s3cr3t-token"}, {}, ["cannot be assumed"]),
        ({"session_token": "s3cr3t-token"}, {}, ["[InvalidSecretToken]", "session_token"]),
    ],
)
def test_a_role_that_cannot_be_assumed_says_what_to_do(connect, emulator, logged, changes, fault, told):
    connect(**changes)
    if fault:
        emulator.fault(kind="code", action="AssumeRole", count=None, **fault)
    works, said = OmniHumanHook().test_connection()
    assert not works
    assert all(part in said for part in told), said
    assert "s3cr3t" not in said + logged()
    assert emulator.accepted() == 0


def test_thousands_whose_role_is_refused_ask_once(connect, emulator):
    connect(role_trn="trn:iam::1:role/other")

    async def scenario():
        shares = await asyncio.gather(*(SharedClient.open(OmniHumanHook()) for _ in range(100)))
        asked = (share.client.perform(share.client.api.probe()) for share in shares)
        failures = await asyncio.gather(*asked, return_exceptions=True)
        for share in shares:
            await share.aclose()
        return failures

    failures = asyncio.run(scenario())
    assert {error.code for error in failures} == {"RoleNotExist"}
    assert assumed(emulator) == {"RoleNotExist": 1}


def test_a_role_that_is_put_into_the_connection_goes_into_the_client_in_use(connect, emulator, monkeypatch):
    monkeypatch.setattr(shared_client, "LOOKED_UP_EVERY_S", 0.05)
    connect(role_trn="")

    async def scenario():
        share = await SharedClient.open(OmniHumanHook())
        client = share.client
        await client.perform(client.api.probe())
        assert client.credentials.access_key_id == emulator.settings.access_key
        connect()
        for _ in range(100):
            await asyncio.sleep(0.02)
            await client.perform(client.api.probe())
            if client.credentials.session_token:
                break
        assert client.credentials.session_token
        connect(role_trn="")
        for _ in range(100):
            await asyncio.sleep(0.02)
            if not client.credentials.session_token:
                break
        await client.perform(client.api.probe())
        assert share.client is client
        await share.aclose()

    asyncio.run(scenario())
    assert refused(emulator) == set()


def test_a_wait_goes_on_when_the_keys_that_assume_its_role_were_rotated(short_lived, connect):
    """The old key is switched off before anybody looked the connection up."""
    hook = OmniHumanHook()
    hook.fetch("7")
    connect(short_lived, password="rotated-away")
    broken = OmniHumanHook()
    with pytest.raises(ServiceError):
        broken.fetch("7")
    keys = broken.get_conn().credentials
    connect(short_lived)
    assert broken._has_other_keys(keys)
    assert broken.fetch("7").status is TaskStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"role_trn": "omnihuman"}, "extra role_trn must be trn:iam::<account id>:role/<role name>, not 'omnihuman'"),
        ({"role_trn": "trn:iam::me:role/x"}, "extra role_trn"),
        ({"role_trn": "arn:aws:iam::1:role/x"}, "extra role_trn"),
        ({"role_trn": 7}, "extra role_trn"),
        ({"role_trn": "trn:iam::1:role/x y"}, "extra role_trn"),
        ({"role_session_name": "my name"}, "extra role_session_name"),
        ({"role_session_name": "n" * 65}, "extra role_session_name"),
        ({"role_duration_s": 899}, "extra role_duration_s must be 900 to 43200 seconds, not 899"),
        ({"role_duration_s": 43201}, "extra role_duration_s"),
        ({"role_duration_s": 3599, "site": "international"}, "extra role_duration_s must be 3600 to 43200"),
        ({"role_duration_s": "soon"}, "extra role_duration_s"),
        ({"sts_endpoint": "sts.volcengineapi.com"}, "extra sts_endpoint must be a base URL"),
    ],
)
def test_a_role_that_makes_no_sense_is_told_before_anything_is_sent(connect, extra, message):
    connect(**extra)
    with pytest.raises(InvalidConnectionError, match=message):
        OmniHumanHook().settings()


def test_the_sites_sts_is_the_default(connect):
    connect(sts_endpoint="", role_session_name="", role_duration_s="")
    role = OmniHumanHook().settings().role
    assert (role.endpoint, role.region) == ("https://sts.volcengineapi.com", "cn-north-1")
    assert (role.session_name, role.duration_s) == ("airflow-omnihuman", 3600)
    connect(sts_endpoint="", site="international", role_session_name="nightly", role_duration_s="7200")
    role = OmniHumanHook().settings().role
    assert (role.endpoint, role.region) == ("https://sts.byteplusapi.com", "ap-southeast-1")
    assert (role.session_name, role.duration_s) == ("nightly", 7200)
