"""A transfer is whole and verified before it is seen, or leaves nothing."""

from __future__ import annotations

import hashlib
import logging
import random
from contextlib import contextmanager

import pytest

from airflow_provider_omnihuman.api.download import Patience
from airflow_provider_omnihuman.api.errors import DownloadError
from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.multipart import PART_BYTES
from airflow_provider_omnihuman.archive.transfer import download_to_s3
from tests.api.range_server import Reply, range_server
from tests.conftest import BUCKET

HERE = S3Location(BUCKET, "out/file.bin")


AT_ONCE = Patience(pauses_s=(0.0, 0.0))


@contextmanager
def serving(body, **reply):
    """A server that answers everything with these bytes."""
    with range_server(Reply(body, **reply)) as server:
        yield server.url


def transfer(url, s3, *, verify=lambda file: len(file.read()), fresh_url=None, **extra_args):
    return download_to_s3(url, s3, HERE, verify=verify, extra_args=extra_args, fresh_url=fresh_url, patience=AT_ONCE)


def held(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def open_uploads(s3):
    return s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 12_345])
def test_every_byte_arrives_in_any_number_of_parts(s3, size):
    body = bytes(index * 7 % 251 for index in range(1000)) * (size // 1000 + 1)
    with serving(body[:size]) as url:
        stored, seen = transfer(url, s3, ContentType="video/mp4")
    found = s3.get_object(Bucket=BUCKET, Key=HERE.key)
    assert found["Body"].read() == body[:size]
    assert found["ContentType"] == "video/mp4"
    assert (stored.bytes, stored.sha256, seen) == (size, hashlib.sha256(body[:size]).hexdigest(), size)


def test_nothing_is_seen_before_it_is_verified(s3):
    seen = []
    with serving(b"x" * 100) as url:
        transfer(url, s3, verify=lambda _file: seen.extend(held(s3)))
    assert seen == []


def test_what_fails_its_verification_leaves_nothing(s3):
    def refuse(_file):
        raise ArchiveError("not this one")

    with serving(b"x" * (PART_BYTES + 1)) as url, pytest.raises(ArchiveError, match="not this one"):
        transfer(url, s3, verify=refuse)
    assert (held(s3), open_uploads(s3)) == ([], [])


def test_a_store_that_holds_another_size_is_told_and_emptied(s3):
    """As a store would that another writer, or a broken proxy, changed in between."""

    def shorten(params, **_kwargs):
        params["MultipartUpload"]["Parts"] = params["MultipartUpload"]["Parts"][:1]

    s3.meta.events.register("provide-client-params.s3.CompleteMultipartUpload", shorten)
    with (
        serving(b"x" * (PART_BYTES + 5)) as url,
        pytest.raises(ArchiveError, match=f"holds {PART_BYTES} bytes after {PART_BYTES + 5}"),
    ):
        transfer(url, s3)
    assert held(s3) == []


@pytest.mark.parametrize(
    ("status", "message"), [(403, "is dead .HTTP 403"), (410, "is dead"), (500, "answers HTTP 500"), (302, "HTTP 302")]
)
def test_an_answer_that_is_no_file_may_be_retried_and_is_told_without_its_signature(s3, status, message):
    with serving(b"sorry", status=status) as url, pytest.raises(DownloadError, match=message) as caught:
        transfer(url, s3)
    assert caught.value.retryable
    assert "s3cr3t" not in str(caught.value)
    assert (held(s3), open_uploads(s3)) == ([], [])


def test_a_body_that_breaks_off_leaves_nothing(s3):
    with serving(b"x" * 200, cut=100, etag=None) as url, pytest.raises(DownloadError, match="broke off: RemoteProtocolError"):
        transfer(url, s3)
    assert (held(s3), open_uploads(s3)) == ([], [])


def test_an_upload_goes_on_with_the_download(s3):
    """No part is sent twice: one upload from first to last."""
    body, created = random.Random(3).randbytes(2 * PART_BYTES + 1000), []
    s3.meta.events.register("before-call.s3.CreateMultipartUpload", lambda **_kwargs: created.append(1))
    pieces = [Reply(body, cut=PART_BYTES + 5), Reply(body, cut=7), Reply(b"", status=403), Reply(body)]
    with range_server(*pieces) as server:
        stored, seen = transfer(server.url, s3, fresh_url=lambda: server.url)
    assert s3.get_object(Bucket=BUCKET, Key=HERE.key)["Body"].read() == body
    assert (stored.bytes, stored.sha256, seen) == (len(body), hashlib.sha256(body).hexdigest(), len(body))
    assert created == [1]
    assert server.ranges[1:] == [f"bytes={PART_BYTES + 5}-", *[f"bytes={PART_BYTES + 12}-"] * 2]


def test_another_file_begins_a_new_upload_and_leaves_none_of_the_old(s3):
    one, other = random.Random(4).randbytes(PART_BYTES + 1000), random.Random(5).randbytes(900)
    with range_server(Reply(one, cut=PART_BYTES + 5), Reply(other, etag='"two"')) as server:
        stored, seen = transfer(server.url, s3)
    assert s3.get_object(Bucket=BUCKET, Key=HERE.key)["Body"].read() == other
    assert (stored.bytes, stored.sha256, seen) == (len(other), hashlib.sha256(other).hexdigest(), len(other))
    assert open_uploads(s3) == []


@pytest.mark.parametrize("url", ["http://a..b/v.mp4?X-Amz-Signature=s3cr3t", "http://☃.example/v.mp4?X-Amz-Signature=s3cr3t"])
def test_a_host_that_cannot_exist_is_an_error_of_ours(s3, url):
    with pytest.raises(DownloadError, match="broke off") as caught:
        transfer(url, s3)
    assert "s3cr3t" not in str(caught.value)


def test_a_download_logs_no_signature(s3, caplog):
    logging.getLogger("httpx").filters.clear()  # as in a worker that has done nothing else
    caplog.set_level(logging.INFO, logger="httpx")
    with serving(b"x") as url:
        transfer(url, s3)
    assert "v.mp4?…" in caplog.text
    assert "s3cr3t" not in caplog.text
