"""A download that breaks off goes on where it stopped; the bytes of two files are never joined; it ends."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest

from airflow_provider_omnihuman.api.download import Download, Patience
from airflow_provider_omnihuman.api.errors import DeadUrlError, DownloadError, TaskLostError
from tests.api.range_server import Reply, range_server

FILE = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)
WHOLE = Reply(FILE)


@dataclass
class Memory:
    """A sink."""

    held: bytes = b""
    restarts: int = 0

    def write(self, chunk):
        self.held += chunk

    def restart(self):
        self.held, self.restarts = b"", self.restarts + 1


@dataclass
class Time:
    """A clock that only moves by the pauses taken, and by a step at each look."""

    now: float = 0.0
    step: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def clock(self):
        self.now += self.step
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


def download(*replies, fresh=(), time=None, **patience):
    """Run a download; return sink, server, pauses and the error, if any."""
    time, memory, fresh, error = time or Time(), Memory(), list(fresh), None
    with range_server(*replies) as server:

        def fresh_url():
            answer = fresh.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return server.url + answer

        limits = Patience(clock=time.clock, sleep=time.sleep, **patience)
        try:
            Download(server.url, memory, fresh_url=fresh_url if fresh else None, patience=limits).run()
        except Exception as caught:  # noqa: BLE001 - each test says which
            error = caught
    return memory, server, time.pauses, error


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(FILE, cut=100_000),
        Reply(FILE, cut=100_000, reset=True),
        Reply(FILE, cut=100_000, stall=True),
    ],
    ids=["short", "reset", "stalled"],
)
def test_what_breaks_off_goes_on_where_it_stopped(trouble):
    memory, server, pauses, error = download(trouble, WHOLE, read_timeout_s=0.3)
    assert error is None
    assert memory.held == FILE
    assert memory.restarts == 0
    first, second = server.asked
    assert (first["range"], first["if_range"]) == (None, None)
    start = int(second["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= 100_000
    assert second["if_range"] == '"one"'
    assert pauses == [1.0]


def test_it_goes_on_as_often_as_there_is_progress():
    memory, server, pauses, error = download(Reply(FILE, cut=20_000))
    assert error is None
    assert memory.held == FILE
    assert server.ranges == [None, *(f"bytes={start}-" for start in range(20_000, 300_000, 20_000))]
    assert set(pauses) == {1.0}


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429])
def test_a_passing_refusal_in_the_midst_is_outlived(status):
    memory, server, pauses, error = download(Reply(FILE, cut=5), Reply(b"", status=status), WHOLE)
    assert error is None
    assert memory.held == FILE
    assert server.ranges == [None, "bytes=5-", "bytes=5-"]
    assert pauses == [1.0, 2.0]


def test_a_proxys_page_is_never_taken_for_the_file():
    page = Reply(b"<html>please log in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    memory, _server, pauses, error = download(page, WHOLE)
    assert error is None
    assert memory.held == FILE
    assert pauses == [1.0]


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "²", "x"])
def test_an_absurd_size_is_no_size(size):
    """httpx reads Content-Length itself, so only Content-Range can say such things."""
    absurd = Reply(FILE, headers={"Content-Range": f"bytes 9-9/{size}".encode("utf-8", "replace").decode("latin-1")})
    memory, *_rest, error = download(Reply(FILE, cut=9), absurd, WHOLE)
    assert error is None
    assert memory.held == FILE


@pytest.mark.parametrize("status", [400, 401, 405, 302, 204])
def test_a_refusal_that_does_not_pass_is_told_at_once(status):
    _memory, server, pauses, error = download(Reply(b"", status=status, headers={"Content-Length": None}))
    assert type(error) is DownloadError
    assert f"answers HTTP {status}" in str(error)
    assert (len(server.asked), pauses) == (1, [])


def test_redirects_without_end_are_told_at_once():
    _memory, _server, pauses, error = download(Reply(b"", status=302, headers={"Location": "/again"}))
    assert type(error) is DownloadError
    assert "broke off: TooManyRedirects" in str(error)
    assert pauses == []


def test_attempts_without_progress_come_to_an_end_with_growing_pauses():
    _memory, server, pauses, error = download(Reply(FILE, cut=5), Reply(b"", status=503))
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    assert len(server.asked) == 1 + len(pauses)
    assert "answers HTTP 503; gave up at 5 of 300,000 bytes" in str(error)
    assert error.retryable
    assert "s3cr3t" not in str(error)


def test_a_server_that_never_gets_further_is_given_up_even_where_each_attempt_brings_bytes():
    """It knows no ranges and breaks off at the same place again and again."""
    _memory, server, _pauses, error = download(Reply(FILE, cut=90_000, ranges=False, etag=None))
    assert isinstance(error, DownloadError)
    assert len(server.asked) == 7


def test_progress_begins_the_pauses_anew():
    no = Reply(b"", status=500)
    _memory, _server, pauses, error = download(Reply(FILE, cut=5), no, no, Reply(FILE, cut=5), no, WHOLE)
    assert error is None
    assert pauses == [1.0, 2.0, 4.0, 1.0, 2.0]


def test_a_drip_does_not_last_for_ever():
    memory, _server, _pauses, error = download(Reply(FILE), time=Time(step=2000.0))
    assert "took longer than 3,600 s; gave up at" in str(error)
    assert error.retryable
    assert len(memory.held) < len(FILE)


def test_a_trickle_of_connections_does_not_last_for_ever():
    time = Time()
    memory, server, _pauses, error = download(Reply(FILE, cut=1), time=time, total_s=20.5)
    assert "gave up at 21 of 300,000 bytes" in str(error)
    assert time.now == 20.5
    assert (len(memory.held), len(server.asked)) == (21, 22)


@pytest.mark.parametrize(
    "other",
    [
        Reply(OTHER, etag='"two"'),
        Reply(OTHER + b"more", etag='"one"'),
        Reply(OTHER, etag='"one"', headers={"ETag": None}),
        Reply(OTHER, etag='"one"', headers={"ETag": 'W/"one"'}),
        Reply(OTHER, etag='"one"', headers={"Content-Range": "bytes 0-199999/300000"}),
        Reply(OTHER, etag='"one"', headers={"Content-Range": None}),
        Reply(OTHER, etag='"one"', headers={"Content-Encoding": "x-unknown"}),
        Reply(OTHER[:50], etag='"one"'),
    ],
    ids=["etag", "length", "no etag", "weak etag", "wrong place", "no place", "encoded", "shorter"],
)
def test_bytes_of_two_files_are_never_joined(other):
    then = replace(other, headers={})
    memory, _server, _pauses, error = download(Reply(FILE, cut=100_000), other, then)
    assert error is None
    assert memory.held == other.body
    assert memory.restarts == 1


def test_another_file_is_taken_from_the_reply_that_brings_it():
    memory, server, pauses, _error = download(Reply(FILE, cut=100_000), Reply(OTHER, etag='"two"'))
    assert memory.held == OTHER
    assert (len(server.asked), pauses) == (2, [1.0])


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_sure_etag_it_starts_over(etag):
    memory, server, _pauses, error = download(Reply(FILE, etag=etag, cut=100_000), Reply(FILE, etag=etag))
    assert error is None
    assert memory.held == FILE
    assert (memory.restarts, server.ranges) == (1, [None, None])


def test_a_server_that_knows_no_ranges_sends_the_same_file_again_and_the_known_bytes_are_skipped():
    memory, _server, _pauses, error = download(Reply(FILE, cut=100_001, ranges=False), Reply(FILE, ranges=False))
    assert error is None
    assert memory.held == FILE
    assert memory.restarts == 0


def test_one_that_breaks_off_among_the_known_bytes_is_no_progress():
    known = Reply(FILE, cut=100_000, ranges=False)
    memory, _server, pauses, error = download(known, replace(known, cut=10), replace(known, cut=10), WHOLE)
    assert error is None
    assert memory.held == FILE
    assert pauses == [1.0, 2.0, 4.0]


def test_a_compressed_body_is_decompressed_and_never_continued():
    import gzip

    packed = gzip.compress(FILE)
    encoded = {"Content-Encoding": "gzip"}
    memory, server, _pauses, error = download(Reply(packed, cut=100_000, headers=encoded), Reply(packed, headers=encoded))
    assert error is None
    assert memory.held == FILE
    assert server.ranges == [None, None]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_dead_url_is_replaced_at_once_and_the_download_goes_on(status):
    memory, server, pauses, error = download(Reply(FILE, cut=9), Reply(b"", status=status), WHOLE, fresh=["&fresh"])
    assert error is None
    assert memory.held == FILE
    assert memory.restarts == 0
    assert [question["path"].endswith("&fresh") for question in server.asked] == [False, False, True]
    assert server.ranges == [None, "bytes=9-", "bytes=9-"]
    assert pauses == [1.0, 2.0]


def test_a_url_that_is_dead_from_the_start_is_replaced_without_a_pause():
    memory, _server, pauses, error = download(Reply(b"", status=403), WHOLE, fresh=["&fresh"])
    assert error is None
    assert memory.held == FILE
    assert sum(pauses) == 0


def test_a_fresh_url_of_another_file_starts_over():
    """As where the service writes the label anew for each question."""
    gone, other = Reply(b"", status=403), Reply(OTHER, etag='"two"')
    memory, _server, _pauses, error = download(Reply(FILE, cut=9), gone, other, fresh=["&fresh"])
    assert error is None
    assert memory.held == OTHER
    assert memory.restarts == 1


def test_fresh_urls_that_are_dead_too_come_to_an_end():
    _memory, server, _pauses, error = download(Reply(b"", status=404), fresh=["&fresh"] * 9)
    assert isinstance(error, DeadUrlError)
    assert len(server.asked) == 7


def test_a_dead_url_that_nobody_can_replace_is_told_at_once():
    _memory, server, pauses, error = download(Reply(b"", status=403))
    assert isinstance(error, DeadUrlError)
    assert "is dead (HTTP 403): result URLs live for one hour: give omnihuman_task_id" in str(error)
    assert (len(server.asked), pauses) == (1, [])


def test_a_task_that_is_lost_meanwhile_is_told_as_such():
    *_rest, error = download(Reply(FILE, cut=9), Reply(b"", status=403), fresh=[TaskLostError("gone")])
    assert isinstance(error, TaskLostError)


def test_what_happened_is_told_once_and_without_signatures(caplog):
    caplog.set_level("INFO")
    no = Reply(b"", status=500)
    download(Reply(FILE, cut=5), no, no, no, WHOLE)
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("api.download")]
    assert len(lines) == 3
    assert "broke off: RemoteProtocolError, at 5 of 300,000 bytes: going on" in lines[0]
    assert "answers HTTP 500, at 5 of 300,000 bytes: going on" in lines[1]
    assert lines[2] == "The download is whole after 5 attempts: 300,000 of 300,000 bytes"
    assert "s3cr3t" not in caplog.text


def test_more_or_fewer_bytes_than_announced_are_never_taken_for_the_file():
    short = Reply(FILE[:50], headers={"Content-Range": "bytes 5-54/300000"})
    memory, *_rest, error = download(Reply(FILE, cut=5), short, WHOLE)
    assert error is None
    assert memory.held == FILE
