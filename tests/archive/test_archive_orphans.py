"""What a killed worker left of an upload is cleaned up, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.orphans import abort_orphaned_uploads
from tests.conftest import BUCKET

HERE = S3Location(BUCKET, "out/v.mp4")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def begin(s3, key):
    return s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]


def open_keys(s3):
    return sorted(upload["Key"] for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


def answering(s3, operation, answer):
    """Let S3 answer an operation with ``answer(url) -> (status, XML)``, as stores do that moto is not."""
    from botocore.awsrequest import AWSResponse

    class Raw:
        def __init__(self, text):
            self.text = text

        def stream(self, *_args, **_kwargs):
            yield self.text.encode()

    def send(request, **_kwargs):
        status, text = answer(request.url)
        return AWSResponse(request.url, status, {}, Raw(text))

    s3.meta.events.register(f"before-send.s3.{operation}", send)


def refused(s3, operation, *, status, code):
    answering(s3, operation, lambda _url: (status, f"<Error><Code>{code}</Code><Message>no</Message></Error>"))


def test_only_uploads_of_exactly_this_key_are_aborted(s3):
    others = ["out/v.mp4.part", "out/v.mp", "out/w.mp4", "v.mp4"]
    for key in [*others, HERE.key, HERE.key]:
        begin(s3, key)
    assert abort_orphaned_uploads(s3, HERE, before=NOW) == 2
    assert open_keys(s3) == sorted(others)


def test_those_that_began_after_this_try_are_somebody_elses(s3):
    begin(s3, HERE.key)
    (upload,) = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert abort_orphaned_uploads(s3, HERE, before=upload["Initiated"]) == 0
    assert open_keys(s3) == [HERE.key]
    assert abort_orphaned_uploads(s3, HERE, before=upload["Initiated"] + timedelta(seconds=1)) == 1


def test_every_page_of_the_list_is_read(s3):
    ids = [begin(s3, HERE.key) for _ in range(3)]

    def page(url):
        number = int(url.partition("upload-id-marker=")[2].partition("&")[0] or 0)
        upload = f"<Key>{HERE.key}</Key><UploadId>{ids[number]}</UploadId><Initiated>2025-01-01T00:00:00.000Z</Initiated>"
        more = f"<NextKeyMarker>{HERE.key}</NextKeyMarker><NextUploadIdMarker>{number + 1}</NextUploadIdMarker>"
        end = "<IsTruncated>false</IsTruncated>" if number == 2 else f"<IsTruncated>true</IsTruncated>{more}"
        return 200, f"<ListMultipartUploadsResult>{end}<Upload>{upload}</Upload></ListMultipartUploadsResult>"

    answering(s3, "ListMultipartUploads", page)
    assert abort_orphaned_uploads(s3, HERE, before=NOW) == 3


@pytest.mark.parametrize("operation", ["ListMultipartUploads", "AbortMultipartUpload"])
@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (501, "NotImplemented"), (405, "MethodNotAllowed")])
def test_a_refusal_is_one_warning(s3, caplog, operation, status, code):
    begin(s3, HERE.key)
    begin(s3, HERE.key)
    refused(s3, operation, status=status, code=code)
    assert abort_orphaned_uploads(s3, HERE, before=NOW) == 0
    (line,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert f"out/v.mp4 could not be cleaned up ({code})" in line.getMessage()


def test_one_that_is_gone_already_is_no_trouble(s3, caplog):
    begin(s3, HERE.key)
    refused(s3, "AbortMultipartUpload", status=404, code="NoSuchUpload")
    assert abort_orphaned_uploads(s3, HERE, before=NOW) == 1
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_a_store_that_is_down_is_an_error_that_a_retry_mends(s3):
    import boto3
    from botocore.config import Config

    down = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"max_attempts": 1}),
    )
    with pytest.raises(EndpointConnectionError):
        abort_orphaned_uploads(down, HERE, before=NOW)
