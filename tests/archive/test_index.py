"""The index finds what was archived, verified; and never says "there is none" of a store that does not answer."""

from __future__ import annotations

import hashlib
import json
import logging

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.models import AigcMeta
from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.index import find_archived, index_location, write_index
from airflow_provider_omnihuman.archive.location import S3Location
from tests.archive.test_reading import GOOD, changed, json_values, paths
from tests.conftest import BUCKET

VIDEO = b"the video" * 200_000
HERE = S3Location(BUCKET, "index/f.json")
META = AigcMeta(producer_id="p", content_propagator="c")


def manifest(**video):
    facts = {"uri": f"s3://{BUCKET}/v.mp4", "bytes": len(VIDEO), "sha256": hashlib.sha256(VIDEO).hexdigest()}
    poster = {"uri": f"s3://{BUCKET}/v.jpg"}
    return {**GOOD, "video": {**GOOD["video"], **facts, **video}, "poster": poster}


@pytest.fixture
def hook(connections, put):
    put("v.mp4", VIDEO)
    put(HERE.key, json.dumps(manifest()).encode())
    return S3Hook()


def find(hook, *, fingerprint="f", aigc_meta=None):
    return find_archived(hook, HERE, fingerprint=fingerprint, aigc_meta=aigc_meta)


def answering_with(hook, operation, *, key, status, code):
    """Let S3 refuse an operation on one key, as a policy or a broken store would."""
    from botocore.awsrequest import AWSResponse

    class Raw:
        def stream(self, *_args, **_kwargs):
            yield f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()

    def send(request, **_kwargs):
        return AWSResponse(request.url, status, {}, Raw()) if key in request.url else None

    hook.get_conn().meta.events.register(f"before-send.s3.{operation}", send)


@pytest.mark.parametrize(
    ("index", "uri"),
    [
        (None, f"s3://{BUCKET}/omnihuman/index/f.json"),
        ("s3://mine/a/b/", "s3://mine/a/b/f.json"),
        ("s3://mine/a/b", "s3://mine/a/b/f.json"),
        ("s3://mine/", "s3://mine/f.json"),
        ("s3://mine", "s3://mine/f.json"),
        ("S3://mine/a/", "s3://mine/a/f.json"),
    ],
)
def test_the_place_of_an_index_object(connections, index, uri):
    assert index_location(S3Hook(), index=index, fingerprint="f").uri == uri


def test_without_a_bucket_there_is_no_place(connections, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws"}')
    assert index_location(S3Hook(), index=None, fingerprint="f") is None


@pytest.mark.parametrize(
    "bad", ["", "index/", "https://b/index/", "s3://", "s3:///x/", "s3://b c/x/", "s3://mine/" + "x" * 1020, 5]
)
def test_a_place_that_is_none_is_named(connections, bad):
    with pytest.raises(ArchiveError, match="archive_index must be an s3://bucket/key URI, not "):
        index_location(S3Hook(), index=bad, fingerprint="f")


def test_an_archived_video_is_found(hook, caplog):
    caplog.set_level(logging.INFO)
    assert find(hook) == manifest()
    assert f"An archived video is reused, its size and checksum verified: s3://{BUCKET}/v.mp4" in caplog.text


def test_the_label_asked_for_is_part_of_the_video(hook, put):
    labelled = manifest() | {"aigc_label": {"requested": META.to_dict(), "found": True, "differences": []}}
    put(HERE.key, json.dumps(labelled).encode())
    assert find(hook, aigc_meta=META) == labelled
    assert find(hook) is None
    assert find(hook, aigc_meta=AigcMeta(producer_id="p", content_propagator="another")) is None


def no_index(put, s3):
    s3.delete_object(Bucket=BUCKET, Key=HERE.key)


def no_video(put, s3):
    s3.delete_object(Bucket=BUCKET, Key="v.mp4")


def index_of(document):
    return lambda put, _s3: put(HERE.key, document if isinstance(document, bytes) else json.dumps(document).encode())


@pytest.mark.parametrize(
    ("spoil", "reason", "level"),
    [
        (no_index, "there is no s3://omnihuman-tests/index/f.json", "INFO"),
        (index_of(b"{"), "is no manifest: it is not JSON", "WARNING"),
        (index_of(manifest() | {"padding": "x" * 2**20}), "is no manifest", "WARNING"),
        (index_of({"video": 1}), "is no manifest", "WARNING"),
        (index_of(manifest() | {"fingerprint": "g"}), "was made for another request", "INFO"),
        (index_of(manifest() | {"fingerprint": None}), "was made for another request", "INFO"),
        (no_video, "v.mp4 is no longer there", "INFO"),
        (index_of(manifest(uri="s3://no-such-bucket/v.mp4")), "is no longer there", "INFO"),
        (lambda put, _s3: put("v.mp4", VIDEO + b"x"), "has 1800001 bytes, and had 1800000", "WARNING"),
        (lambda put, _s3: put("v.mp4", VIDEO[:-1] + b"x"), "holds other bytes than were archived", "WARNING"),
    ],
)
def test_what_is_not_surely_the_video_is_not_reused_and_the_log_says_why(hook, put, s3, caplog, spoil, reason, level):
    caplog.set_level(logging.INFO)
    spoil(put, s3)
    assert find(hook) is None
    (record,) = [record for record in caplog.records if record.name.endswith("archive.index")]
    assert record.getMessage().startswith("No archived video is reused: ")
    assert reason in record.getMessage()
    assert record.levelname == level


def test_another_fingerprint_is_another_video(hook):
    assert find(hook, fingerprint="another") is None


def test_an_index_that_may_not_be_read_is_a_warning(hook, caplog):
    """Without s3:ListBucket, S3 says so of what is not there too."""
    answering_with(hook, "GetObject", key="f.json", status=403, code="AccessDenied")
    assert find(hook) is None
    assert "may not be read (AccessDenied), or is not there: grant s3:GetObject and s3:ListBucket" in caplog.text


def test_a_video_that_may_not_be_read_is_not_paid_for_again(hook):
    answering_with(hook, "GetObject", key="v.mp4", status=403, code="AccessDenied")
    with pytest.raises(ArchiveError, match="reuse_archived=False") as caught:
        find(hook)
    assert not caught.value.retryable


@pytest.mark.parametrize("key", ["f.json", "v.mp4"])
@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (503, "SlowDown"), (301, "PermanentRedirect")])
def test_a_store_that_does_not_answer_is_an_error_that_a_retry_may_mend(hook, key, status, code):
    answering_with(hook, "GetObject", key=key, status=status, code=code)
    with pytest.raises(ArchiveError, match="to render it again would be billed") as caught:
        find(hook)
    assert caught.value.retryable


def test_wrong_keys_for_the_store_are_told_before_anything_is_paid(hook):
    answering_with(hook, "GetObject", key="f.json", status=403, code="InvalidAccessKeyId")
    with pytest.raises(ArchiveError, match="check login") as caught:
        find(hook)
    assert not caught.value.retryable


def test_a_store_that_is_not_there_is_an_error_that_a_retry_may_mend(hook, monkeypatch):
    extra = {"endpoint_url": "http://127.0.0.1:9", "region_name": "us-east-1", "config_kwargs": {"retries": {"max_attempts": 1}}}
    monkeypatch.setenv("AIRFLOW_CONN_DOWN", json.dumps({"conn_type": "aws", "login": "a", "password": "b", "extra": extra}))
    with pytest.raises(ArchiveError, match="cannot be read now: EndpointConnectionError") as caught:
        find(S3Hook("down"))
    assert caught.value.retryable


def test_a_video_that_breaks_off_while_it_is_read_is_an_error_that_a_retry_may_mend(hook):
    """The store says one length and sends fewer bytes."""
    from botocore.awsrequest import AWSResponse

    class Half:
        def __init__(self):
            self.left = VIDEO[: len(VIDEO) // 2]

        def read(self, amt=None, **_kwargs):
            piece, self.left = self.left[:amt], self.left[amt:]
            return piece

        def close(self):
            pass

    def send(request, **_kwargs):
        headers = {"Content-Length": str(len(VIDEO)), "ETag": '"x"'}
        return AWSResponse(request.url, 200, headers, Half()) if "v.mp4" in request.url else None

    hook.get_conn().meta.events.register("before-send.s3.GetObject", send)
    with pytest.raises(ArchiveError, match="cannot be read now: IncompleteReadError") as caught:
        find(hook)
    assert caught.value.retryable


def test_what_was_written_is_found(hook, s3):
    write_index(hook, "s3://omnihuman-tests/other/f.json", manifest())
    place = index_location(hook, index="s3://omnihuman-tests/other/", fingerprint="f")
    assert find_archived(hook, place, fingerprint="f", aigc_meta=None) == manifest()


calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@calm
@given(
    data=st.binary(max_size=200)
    | st.builds(lambda path, value: json.dumps(changed(path, value)).encode(), st.sampled_from(paths), json_values)
)
def test_whatever_the_index_holds_nothing_but_an_error_of_ours_gets_out(hook, s3, data):
    s3.put_object(Bucket=BUCKET, Key=HERE.key, Body=data)
    try:
        find(hook)
    except ArchiveError as error:
        str(error).encode()
