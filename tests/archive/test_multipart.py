"""Parts go up several at once, in bounded memory; whatever breaks, nothing is left, and nothing lands after the abort."""

from __future__ import annotations

import random
import signal
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.multipart import PART_BYTES, MultipartUpload, _NotWanted, _Part
from tests.conftest import BUCKET
from tests.scenarios.wire import Break, Wire

HERE = S3Location(BUCKET, "out/v.mp4")
PART = bytes(PART_BYTES)


def upload_to(s3, **limits):
    return MultipartUpload(s3, HERE, extra_args={}, **limits)


def held(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def open_uploads(s3):
    return s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


def number_of(request):
    return int(request.url.partition("partNumber=")[2].partition("&")[0])


def refusal(request, status=403):
    """An answer of S3's."""

    class Raw:
        def stream(self):
            yield b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"

    return AWSResponse(request.url, status, {}, Raw())


@dataclass
class Senders:
    """What each sender does before its part's bytes go out, and how many do so at once.

    :param act: given the request; an answer that it returns is taken for S3's
    """

    act: Callable[[Any], Any]
    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request, **_kwargs):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return self.act(request)
        finally:
            with self.lock:
                self.now -= 1


def before_part(s3, act):
    senders = Senders(act)
    s3.meta.events.register("before-send.s3.UploadPart", senders)
    return senders


def write_all(upload, chunks):
    for chunk in chunks:
        upload.write(chunk)
    upload.send_rest()
    upload.complete()


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("upload_part")]


def all_ended(within_s=20):
    """Wait for the senders; say whether none is left."""
    end = time.monotonic() + within_s
    while threads() and time.monotonic() < end:
        time.sleep(0.02)
    return not threads()


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    assert all_ended()


@pytest.mark.parametrize("in_flight", [1, 3])
def test_as_many_parts_as_asked_for_are_sent_at_once_and_never_more(s3, in_flight):
    together = threading.Barrier(in_flight)  # passed only by that many at once

    def meet(_request):
        together.wait(20)
        time.sleep(0.1)

    senders = before_part(s3, meet)
    with upload_to(s3, in_flight=in_flight) as upload:
        write_all(upload, [PART] * 6)
    assert senders.most == in_flight
    assert s3.head_object(Bucket=BUCKET, Key=HERE.key)["ContentLength"] == 6 * PART_BYTES


def test_parts_that_end_in_another_order_are_put_together_in_theirs(s3):
    later, body, named = threading.Event(), random.Random(6).randbytes(3 * PART_BYTES + 77), []
    s3.meta.events.register("after-call.s3.UploadPart", lambda **_kwargs: later.set())
    on = "provide-client-params.s3.CompleteMultipartUpload"
    s3.meta.events.register(on, lambda params, **_kwargs: named.extend(params["MultipartUpload"]["Parts"]))

    def first_comes_later(request):
        assert number_of(request) != 1 or later.wait(20)

    before_part(s3, first_comes_later)
    with upload_to(s3, in_flight=2) as upload:
        write_all(upload, [body[start : start + 100_000] for start in range(0, len(body), 100_000)])
    assert [part["PartNumber"] for part in named] == [1, 2, 3, 4]
    assert s3.get_object(Bucket=BUCKET, Key=HERE.key)["Body"].read() == body


def test_a_slow_store_holds_the_writer_back(s3):
    """Two parts on their way, and one filled: no more is taken, and so no more is downloaded, nor held in memory."""
    go, taken = threading.Event(), []

    def chunks():
        for number in range(6):
            taken.append(number)
            yield PART

    def write():
        with upload_to(s3, in_flight=2) as upload:
            write_all(upload, chunks())

    def wait_for_it(_request):
        assert go.wait(30)

    before_part(s3, wait_for_it)
    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(1.0)
    taken_while_it_was_slow = len(taken)
    go.set()
    writer.join(30)
    assert taken_while_it_was_slow == 3
    assert s3.head_object(Bucket=BUCKET, Key=HERE.key)["ContentLength"] == 6 * PART_BYTES


def test_memory_is_bounded_by_the_parts_in_flight(s3):
    tracemalloc.start()
    try:
        with upload_to(s3, in_flight=2) as upload:
            for _ in range(12):
                upload.write(PART)
            ours = tracemalloc.take_snapshot().filter_traces(
                [tracemalloc.Filter(True, "*/archive/multipart.py")]
            )  # moto runs here too
            write_all(upload, [])
    finally:
        tracemalloc.stop()
    assert 0 < sum(trace.size for trace in ours.statistics("filename")) < 3.1 * PART_BYTES


def test_when_a_part_fails_the_others_have_ended_before_the_abort(s3):
    first_is_there, failed, at_work, landed = threading.Event(), threading.Event(), [], []

    def refuse_one(request):
        if number_of(request) == 2:
            first_is_there.wait(20)
            failed.set()
            return refusal(request)
        first_is_there.set()
        failed.wait(20)
        time.sleep(1.5)  # still at work when the other one's failure is known
        return None

    def note(http_response, **_kwargs):
        landed.extend([1] * (http_response.status_code == 200))

    senders = before_part(s3, refuse_one)
    s3.meta.events.register("after-call.s3.UploadPart", note)
    s3.meta.events.register("before-call.s3.AbortMultipartUpload", lambda **_kwargs: at_work.append(senders.now))
    with pytest.raises(ClientError, match="AccessDenied"), upload_to(s3, in_flight=3) as upload:
        write_all(upload, [PART] * 6)
    assert senders.most >= 2
    assert (at_work, landed) == ([0], [])
    assert (held(s3), open_uploads(s3)) == ([], [])


def test_a_part_that_failed_is_noticed_while_the_download_goes_on(s3):
    before_part(s3, refusal)
    taken = []
    with pytest.raises(ClientError), upload_to(s3, in_flight=2) as upload:
        write_all(upload, (taken.append(number) or PART for number in range(100)))
    assert len(taken) <= 4


def test_a_restart_ends_the_old_parts_and_begins_a_new_upload(s3):
    old, body = [], random.Random(7).randbytes(PART_BYTES + 9)
    with upload_to(s3) as upload:
        upload.write(PART + PART + b"x")
        old += open_uploads(s3)
        upload.restart()
        write_all(upload, [body])
    assert len(old) == 1
    assert s3.get_object(Bucket=BUCKET, Key=HERE.key)["Body"].read() == body
    assert open_uploads(s3) == []


def over(wire, **config):
    """A client that reaches the store over this wire."""
    return boto3.client(
        "s3",
        endpoint_url=wire.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, **config),
    )


def test_a_signal_ends_slow_parts_at_once(s3, s3_endpoint):
    """As a task's timeout does: the exception comes up in the main thread, wherever it is. Each part has a minute to go."""

    class TerminatedError(Exception): ...

    def terminate(*_args):
        raise TerminatedError

    before = signal.signal(signal.SIGALRM, terminate)
    try:
        with Wire(s3_endpoint) as wire:
            wire.bytes_per_s = 80_000
            slow = over(wire, retries={"max_attempts": 1})
            signal.setitimer(signal.ITIMER_REAL, 2.0)
            started = time.monotonic()
            with pytest.raises(TerminatedError), upload_to(slow, in_flight=3, stop_s=2.0) as upload:
                write_all(upload, [PART] * 20)
            took_s = time.monotonic() - started
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert took_s < 15
    assert (held(s3), open_uploads(s3)) == ([], [])


def test_a_part_that_is_not_wanted_any_more_gives_no_more_bytes_to_send():
    unwanted = threading.Event()
    part = _Part(1, bytearray(PART), 200_000, unwanted)
    assert sum(len(piece) for piece in iter(lambda: part.read(1_000_000), b"")) == 200_000
    part.seek(0)
    part.read(10)
    unwanted.set()
    with pytest.raises(_NotWanted):
        part.read(10)


def test_a_part_that_cannot_be_ended_in_time_is_aborted_once_more_when_it_has(s3, s3_endpoint):
    """Its bytes are lost on the wire, and its sender hears nothing until its own timeout."""
    aborts = []
    with Wire(s3_endpoint) as wire:
        client = over(wire, read_timeout=5, retries={"max_attempts": 1})
        client.meta.events.register("before-call.s3.AbortMultipartUpload", lambda **_kwargs: aborts.append(len(threads())))
        wire.break_on(b"partNumber=", Break.LOSE)
        with pytest.raises(KeyError), upload_to(client, stop_s=0.2) as upload:  # noqa: PT012
            upload.write(b"few")
            upload.send_rest()
            assert wire.met.wait(10)
            raise KeyError
        assert aborts == [1]
        assert all_ended()
    assert len(aborts) == 2
    assert open_uploads(s3) == []
