"""Replies, refusals and deadlines that a review thought of: a submit is sent once, a wait ends when it should."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_omnihuman.api.client import AsyncOmniHumanClient, OmniHumanClient
from airflow_provider_omnihuman.api.errors import OmniHumanError, SubmitOutcomeUnknownError, WaitTimeoutError
from airflow_provider_omnihuman.api.models import VideoRequest
from airflow_provider_omnihuman.api.quota import RequestRate
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.schedule import PollSchedule
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.api.waiting import Wait

KEYS = Credentials("AKLTreview", "secret")


REQUEST = VideoRequest(image_url="https://example.com/p.png", audio_url="https://example.com/a.mp3")


GENERATING = {"code": 10000, "data": {"status": "generating"}, "message": "Success", "request_id": "r"}


BUSY = {"code": 50500, "data": None, "message": "Internal Error", "request_id": "r"}


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Keep quiet of clients that hang up: some tests are about them."""


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[SimpleNamespace]:
    """A server that answers each POST as told, and counts them."""
    seen = SimpleNamespace(posts=0, endpoint="")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.posts += 1
            answer(self)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    seen.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(handler: BaseHTTPRequestHandler, document: Any, *, status: int = 200, **headers: str) -> None:
    body = json.dumps(document).encode()
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


async def submitted(endpoint: str) -> None:
    async with AsyncOmniHumanClient(KEYS, endpoint=endpoint) as client:
        object.__setattr__(client.api, "first_backoff_s", 0.001)
        await client.perform(client.api.submit(REQUEST))


def submit(endpoint: str) -> None:
    with OmniHumanClient(KEYS, endpoint=endpoint) as client:
        object.__setattr__(client.api, "first_backoff_s", 0.001)
        client.perform(client.api.submit(REQUEST))


@pytest.mark.parametrize("target", ["https:sign-in", "http://xn--a/"])
@pytest.mark.parametrize("kind", ["threads", "event loop"])
def test_a_submit_that_was_answered_by_an_odd_redirect_is_not_sent_again(target: str, kind: str) -> None:
    """The service, or a gateway behind which it stands, has had every byte: InvalidURL and UnicodeError speak of its reply."""
    by: dict[str, Callable[[str], None]] = {"threads": submit, "event loop": lambda endpoint: asyncio.run(submitted(endpoint))}
    with serving(lambda handler: reply(handler, {}, status=302, Location=target)) as server:
        with pytest.raises(OmniHumanError) as told:
            by[kind](server.endpoint)
        assert (server.posts, told.type) == (1, SubmitOutcomeUnknownError)


def in_french(handler: BaseHTTPRequestHandler) -> None:
    """A status line as a gateway of another century writes it, in Latin-1."""
    body = json.dumps(GENERATING).encode()
    handler.wfile.write(b"HTTP/1.1 200 R\xe9ussi\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_a_submit_whose_reply_has_an_odd_status_line_is_not_sent_again() -> None:
    with serving(in_french) as server:
        with pytest.raises(OmniHumanError) as told:
            asyncio.run(submitted(server.endpoint))
        assert (server.posts, told.type) == (1, SubmitOutcomeUnknownError)


def test_a_refusal_that_was_slow_to_come_does_not_slow_an_unlimited_rate_for_hours() -> None:
    """200 were sent, one was refused, and the reply took a second and a half, as replies of overloaded services do."""
    rate = RequestRate(None)
    for i in range(200):
        assert rate.take(i * 0.001)
    rate.rejected(now=1.5)
    assert rate.per_s(61.5) > 50  # it says: climbs back within a minute


async def ended_after(client: AsyncOmniHumanClient, count: int, **wait: float) -> tuple[float, list[BaseException]]:
    began = time.time()
    conversations = (
        client.api.wait_until_done(
            str(i), wait=Wait(**({"deadline": began + 1.0} | wait)), schedule=PollSchedule(first_s=0.01, interval_s=0.1)
        )
        for i in range(count)
    )
    outcomes = await asyncio.gather(*map(client.perform, conversations), return_exceptions=True)
    return time.time() - began, [one for one in outcomes if isinstance(one, BaseException)]


def test_a_wait_ends_at_its_deadline_though_its_turn_to_ask_has_not_come() -> None:
    """Ten minutes later Airflow's own trigger timeout ends it, with nothing to say of the job."""

    async def scenario(endpoint: str) -> tuple[float, list[BaseException]]:
        async with AsyncOmniHumanClient(KEYS, endpoint=endpoint, rate=RequestRate(2.0)) as client:
            return await ended_after(client, 10)

    with serving(lambda handler: reply(handler, GENERATING)) as server:
        took_s, errors = asyncio.run(scenario(server.endpoint))
    assert {type(error) for error in errors} == {WaitTimeoutError}
    assert took_s < 3.0


def test_two_passing_faults_do_not_end_a_wait_because_its_polls_are_far_apart() -> None:
    """Polls stand 3 s apart in the queue, as 10,000 s with 1,000 waits at 0.1 a second; two of each get 50500."""
    answers = iter([BUSY] * 20)

    async def scenario(endpoint: str) -> tuple[float, list[BaseException]]:
        async with AsyncOmniHumanClient(KEYS, endpoint=endpoint, rate=RequestRate(4.0)) as client:
            return await ended_after(client, 10, deadline=time.time() + 9.0, fault_tolerance_s=1.5)

    with serving(lambda handler: reply(handler, next(answers, GENERATING))) as server:
        _, errors = asyncio.run(scenario(server.endpoint))
    assert {type(error) for error in errors} == {WaitTimeoutError}


def test_a_service_that_answers_in_time_is_not_told_as_unreachable() -> None:
    """Replies take half of the read timeout. Many waits come due together: after a restart, or an outage."""

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1.0)
        reply(handler, GENERATING)

    async def scenario(endpoint: str) -> list[BaseException]:
        async with AsyncOmniHumanClient(KEYS, endpoint=endpoint, read_timeout_s=2.0) as client:
            _, errors = await ended_after(client, 700, deadline=time.time() + 0.2, fault_tolerance_s=0.0)
            return errors

    with serving(slowly) as server:
        errors = asyncio.run(scenario(server.endpoint))
    assert {type(error) for error in errors} == {WaitTimeoutError}


def test_a_reply_that_drips_does_not_hold_a_wait_beyond_its_deadline() -> None:
    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        for _ in range(60):
            time.sleep(0.1)
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    async def scenario(endpoint: str) -> float:
        async with AsyncOmniHumanClient(KEYS, endpoint=endpoint, read_timeout_s=0.5) as client:
            return (await ended_after(client, 1))[0]

    with serving(dripping) as server:
        assert asyncio.run(scenario(server.endpoint)) < 3.0


def test_a_submit_in_the_future_is_taken_for_one_of_now() -> None:
    """A worker's clock that is ahead, the triggerer's set back meanwhile, or a ``request`` with milliseconds."""
    now = 1_700_000_000.0
    usual = Render("720", 15.0, now).schedule(RenderTimes()).pause_s(0, now=now, rng=Random(1))
    ahead = Render("720", 15.0, now + 7200).schedule(RenderTimes()).pause_s(0, now=now, rng=Random(1))
    assert ahead <= 2 * usual


@pytest.mark.parametrize(
    "facts",
    [
        {"submitted_at": 10**400},
        {"audio_duration_s": 10**400},
        {"output_resolution": 10**5000},
    ],
    ids=["submit", "audio", "resolution"],
)
def test_odd_facts_of_a_request_are_not_known_rather_than_the_end_of_a_wait(facts: dict[str, Any]) -> None:
    Render.of(facts).schedule(RenderTimes()).pause_s(0, now=1_700_000_001.0, rng=Random(1))


def test_a_client_that_was_closed_serves_another_event_loop() -> None:
    """No trigger does so, which has a client per loop; a script with one client and two calls of ``asyncio.run`` does."""

    async def asked(client: AsyncOmniHumanClient, *, patience_s: float) -> None:
        async with client:
            probes = [asyncio.create_task(client.perform(client.api.probe())) for _ in range(2)]
            await asyncio.wait(probes, timeout=patience_s)
            for probe in probes:
                probe.cancel()
            outcomes = await asyncio.gather(*probes, return_exceptions=True)
            if patience_s > 1:
                assert outcomes == [None, None]

    with serving(lambda handler: reply(handler, GENERATING)) as server:
        client = AsyncOmniHumanClient(KEYS, endpoint=server.endpoint, rate=RequestRate(2.0))
        asyncio.run(asked(client, patience_s=0.1))
        asyncio.run(asked(client, patience_s=4.0))
