"""Both drivers, from one set of tests, against the emulator over real sockets."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from dataclasses import replace

import httpx
import pytest
import time_machine

from airflow_provider_omnihuman.api import (
    INTERNATIONAL,
    MAINLAND,
    AigcMeta,
    AsyncOmniHumanClient,
    Credentials,
    OmniHumanClient,
    PollSchedule,
    TaskStatus,
    VideoRequest,
    Wait,
)
from airflow_provider_omnihuman.api.actions import get_result
from airflow_provider_omnihuman.api.error_codes import BUSINESS_CODES, GATEWAY_CODES, Kind, Retry
from airflow_provider_omnihuman.api.errors import (
    OmniHumanError,
    ServiceError,
    SubmitOutcomeUnknownError,
    TaskFailedError,
    TaskLostError,
    TransportError,
    WaitTimeoutError,
)
from airflow_provider_omnihuman.api.quota import RequestRate
from airflow_provider_omnihuman.api.signing import SignatureV4Auth

EAGER = PollSchedule(first_s=0, interval_s=0.05)


def quick(client):
    """Pauses between attempts are not what these tests are about."""
    client.api = replace(client.api, first_backoff_s=0.01)
    return client


class Talk:
    """One way to perform conversations; ``talk(lambda api: api.submit(…))``."""

    def __init__(self, driver, endpoint, settings):
        self.driver = driver
        self.options = {"endpoint": endpoint}
        self.credentials = Credentials(settings.access_key, settings.secret_key)

    def __call__(self, conversation, *, credentials=None, **options):
        # A refusal slows down what comes next, for 10 s where no limit is known: not what these tests are about either.
        credentials, options = credentials or self.credentials, self.options | {"rate": RequestRate(10_000)} | options
        if self.driver == "sync":
            with quick(OmniHumanClient(credentials, **options)) as client:
                return client.perform(conversation(client.api))

        async def perform():
            async with quick(AsyncOmniHumanClient(credentials, **options)) as client:
                return await client.perform(conversation(client.api))

        return asyncio.run(perform())


@pytest.fixture(params=["sync", "async"])
def talk(request, emulator):
    return Talk(request.param, emulator.endpoint, emulator.settings)


@pytest.fixture
def request_of_a_second(presigned, portrait_png, speech_wav):
    return VideoRequest(
        image_url=presigned("p.png", portrait_png),
        audio_url=presigned("a.wav", speech_wav(1.0)),
        output_resolution=720,
        pe_fast_mode=True,
        seed=7,
    )


def finished(talk, emulator, task_id, **options):
    emulator.advance(3600)
    wait = Wait(deadline=time.time() + 60)
    return talk(lambda api: api.wait_until_done(task_id, wait=wait, schedule=EAGER, **options))


@pytest.mark.parametrize("site", [MAINLAND, INTERNATIONAL], ids=lambda site: site.name)
def test_a_job_is_submitted_waited_for_and_downloaded(talk, emulator, request_of_a_second, site):
    def said(conversation):
        return talk(conversation, site=site)

    submission = said(lambda api: api.submit(request_of_a_second))
    assert said(lambda api: api.fetch_video(submission.task_id)) is None
    emulator.advance(3600)
    video = said(lambda api: api.wait_until_done(submission.task_id, wait=Wait(deadline=time.time() + 60), schedule=EAGER))
    assert b"ftyp" in httpx.get(video.video_url).content[:16]
    assert emulator.accepted() == 1


def test_the_label_is_written_when_it_is_asked_for(talk, emulator, request_of_a_second):
    task_id = talk(lambda api: api.submit(request_of_a_second)).task_id
    assert finished(talk, emulator, task_id).aigc_meta_tagged is not True
    assert finished(talk, emulator, task_id, aigc_meta=AigcMeta("p", "c")).aigc_meta_tagged is True


def test_a_job_that_fails_at_query_time_is_told_as_such(talk, emulator, presigned, portrait_png, speech_wav):
    request = VideoRequest(image_url=presigned("p.png", portrait_png), audio_url=presigned("a.wav", speech_wav(60.5)))
    task_id = talk(lambda api: api.submit(request)).task_id
    with pytest.raises(TaskFailedError, match=r"^\[50215\]"):
        finished(talk, emulator, task_id)


@pytest.mark.parametrize("status", list(TaskStatus))
def test_every_status_is_heard(talk, emulator, request_of_a_second, status):
    task_id = talk(lambda api: api.submit(request_of_a_second)).task_id
    emulator.admin("POST", f"/tasks/{task_id}", {"status": status.value})
    assert talk(lambda api: api.fetch(task_id)).status is status


@pytest.mark.parametrize("action", ["CVSubmitTask", "CVGetResult"])
@pytest.mark.parametrize("row", [*BUSINESS_CODES.values(), *GATEWAY_CODES.values()], ids=lambda row: row.code)
def test_every_code_is_heard(talk, emulator, action, row):
    emulator.fault(kind="code", code=row.code, action=action, count=None)
    asked = VideoRequest(image_url=f"{emulator.endpoint}/p.png", audio_url=f"{emulator.endpoint}/a.mp3")
    with pytest.raises(OmniHumanError, match=rf"^\[{row.code}\]") as caught:
        talk(lambda api: api.submit(asked) if action == "CVSubmitTask" else api.fetch("7392616336519610409"))
    assert caught.value.request_id
    lost = row.kind is Kind.INTERNAL and not row.code.isdigit() and action == "CVSubmitTask"
    assert isinstance(caught.value, SubmitOutcomeUnknownError if lost else ServiceError)
    assert caught.value.retry is (Retry.NEVER if lost else row.retry)


def test_an_unknown_task_is_lost(talk):
    with pytest.raises(TaskLostError, match="not_found"):
        talk(lambda api: api.fetch_video("7392616336519610409"))


@pytest.mark.parametrize(
    ("credentials", "region", "code"),
    [
        (Credentials("AKLTnobody", "x"), None, "InvalidAccessKey"),
        (Credentials("AKLTemulator", "wrong"), None, "SignatureDoesNotMatch"),
        (None, "us-east-1", "InvalidCredential"),
        (Credentials("AKLTemulator", "emulator-secret-key", "stale-token"), None, "InvalidSecretToken"),
    ],
)
def test_the_probe_tells_what_is_wrong_with_the_connection(talk, credentials, region, code):
    with pytest.raises(ServiceError) as caught:
        talk(lambda api: api.probe(), credentials=credentials, region=region)
    assert caught.value.code == code
    assert caught.value.request_id


def test_a_clock_that_is_off_is_told_as_such(emulator):
    # The emulator runs in this process, so only the signing may happen at another time, not the check.
    call = get_result(MAINLAND, "7")
    request = call.to_request(emulator.endpoint, connect_timeout_s=5, read_timeout_s=5)
    with time_machine.travel(time.time() + 3600):
        SignatureV4Auth(Credentials(emulator.settings.access_key, emulator.settings.secret_key), region="cn-north-1").sign(
            request
        )
    with httpx.Client() as client, pytest.raises(ServiceError, match="InvalidTimestamp.*clock"):
        call.read(client.send(request))


def test_the_probe_accepts_good_keys_and_costs_nothing(talk, emulator):
    assert talk(lambda api: api.probe()) is None
    assert emulator.accepted() == 0


def test_a_service_that_is_not_there_is_a_request_that_never_arrived(talk):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(TransportError) as caught:
        talk(lambda api: api.probe(), endpoint=endpoint)
    assert not caught.value.may_have_arrived
    assert caught.value.retryable


FAULTS = {
    "reset before": {"kind": "reset"},
    "reset after": {"kind": "reset", "phase": "after"},
    "html before": {"kind": "html"},
    "html after": {"kind": "html", "phase": "after"},
    "half a body": {"kind": "half_body"},
    "empty": {"kind": "empty", "phase": "after"},
    "garbage": {"kind": "garbage"},
    "503": {"kind": "status"},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_submit_whose_reply_was_lost_is_not_said_again(talk, emulator, request_of_a_second, fault):
    emulator.fault(**fault, action="CVSubmitTask", count=None)
    with pytest.raises(SubmitOutcomeUnknownError):
        talk(lambda api: api.submit(request_of_a_second))
    assert emulator.accepted() <= 1
    assert sum(emulator.state()["requests"]["CVSubmitTask"].values()) == 1


def test_a_service_that_answers_too_late_may_have_taken_the_job(talk, emulator, request_of_a_second):
    emulator.fault(kind="delay", action="CVSubmitTask", delay_s=2)
    with pytest.raises(SubmitOutcomeUnknownError, match="ReadTimeout|SocketTimeoutError"):
        talk(lambda api: api.submit(request_of_a_second), read_timeout_s=0.3)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_polls_outlive_faults(talk, emulator, request_of_a_second, fault):
    task_id = talk(lambda api: api.submit(request_of_a_second)).task_id
    emulator.fault(**fault, action="CVGetResult", count=3)
    assert finished(talk, emulator, task_id).video_url


def test_subjects_are_recognised_and_detected(talk, emulator, presigned, portrait_png):
    url = presigned("p.png", portrait_png)
    emulator.admin("POST", "/clock", {"speed": 10000})
    assert talk(lambda api: api.recognize_subject(url)) is True
    (mask, *_) = talk(lambda api: api.detect_subjects(url)).mask_urls
    assert httpx.get(mask).content.startswith(b"\x89PNG")


def test_waiting_does_not_block_the_event_loop(emulator, request_of_a_second):
    async def scenario():
        credentials = Credentials(emulator.settings.access_key, emulator.settings.secret_key)
        async with quick(AsyncOmniHumanClient(credentials, endpoint=emulator.endpoint)) as client:
            emulator.admin("POST", "/clock", {"speed": 0.001})  # the job is not done within this test
            job = await client.perform(client.api.submit(request_of_a_second))
            emulator.fault(kind="delay", action="CVGetResult", delay_s=0.5, count=1)
            waiting = asyncio.create_task(
                client.perform(client.api.wait_until_done(job.task_id, wait=Wait(deadline=time.time() + 0.5), schedule=EAGER))
            )
            ticks = 0
            while not waiting.done():
                await asyncio.sleep(0.01)
                ticks += 1
            return ticks, waiting.exception()

    ticks, error = asyncio.run(scenario())
    assert ticks > 5, "a blocked loop ticks once or twice in these 0.5 s"
    assert isinstance(error, WaitTimeoutError)
    assert threading.active_count() < 50


def test_no_secret_is_in_a_clients_repr(emulator):
    client = OmniHumanClient(Credentials("AK", "the-secret", "the-token"), endpoint=emulator.endpoint)
    assert "the-secret" not in repr(client)
    assert "the-token" not in repr(client)


def test_a_proxy_of_the_environment_is_used(talk, monkeypatch):
    """As in many a company network; a transport of one's own would make httpx forget it."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def answer():
            connection, _ = proxy.accept()
            with connection:
                asked.append(connection.recv(65536).split(b"\r\n")[0])
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        with pytest.raises(OmniHumanError):
            talk(lambda api: api.probe(), endpoint="http://service.example.com")
        answering.join()
    assert asked[0].startswith(b"POST http://service.example.com/?Action=CVGetResult")


def test_a_poll_leaves_nothing_to_the_garbage_collector(emulator):
    """Ten kilobytes a poll, in each of ten thousand waits, would be freed by full collections only, which stop the loop."""

    async def scenario():
        credentials = Credentials(emulator.settings.access_key, emulator.settings.secret_key)
        async with AsyncOmniHumanClient(credentials, endpoint=emulator.endpoint) as client:
            for _ in range(3):
                await client.perform(client.api.probe())
            gc.collect()
            gc.disable()
            try:
                for _ in range(10):
                    await client.perform(client.api.probe())
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
                return [item for item in gc.garbage if isinstance(item, httpx.Response | httpx.Request)]
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()

    assert asyncio.run(scenario()) == []
