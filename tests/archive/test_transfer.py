"""A transfer is whole and verified before it is seen, or leaves nothing."""

from __future__ import annotations

import hashlib
import http.server
import logging
import threading
from contextlib import contextmanager

import pytest

from airflow_provider_omnihuman.archive.errors import ArchiveError, DownloadError
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.transfer import PART_BYTES, download_to_s3
from tests.conftest import BUCKET

HERE = S3Location(BUCKET, "out/file.bin")


@contextmanager
def serving(body, *, status=200, said_length=None):
    """A server that answers everything with these bytes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if said_length is None else said_length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v.mp4?X-Amz-Signature=s3cr3t"
        finally:
            server.shutdown()
            thread.join()


def transfer(url, s3, *, verify=lambda file: len(file.read()), **extra_args):
    return download_to_s3(url, s3, HERE, verify=verify, extra_args=extra_args)


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
    with serving(b"x" * 100, said_length=200) as url, pytest.raises(DownloadError, match="broke off: RemoteProtocolError"):
        transfer(url, s3)
    assert (held(s3), open_uploads(s3)) == ([], [])


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
