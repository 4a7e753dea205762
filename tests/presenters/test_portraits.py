"""A picture beside a presenter is put into S3 once; equal bytes are one object, and so one fingerprint."""

from __future__ import annotations

import hashlib
import io

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from PIL import Image

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.models import MAX_IMAGE_BYTES
from airflow_provider_omnihuman.presenters.portraits import uploaded
from tests.conftest import BUCKET


def picture(kind, size=(64, 36)):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "ending"), [("PNG", "png"), ("JPEG", "jpg")])
def test_it_lies_under_a_name_made_of_its_bytes(connections, s3, tmp_path, kind, ending):
    data = picture(kind)
    (tmp_path / "a.picture").write_bytes(data)
    uri = uploaded(tmp_path / "a.picture", hook=S3Hook())
    assert uri == f"s3://{BUCKET}/omnihuman/portraits/{hashlib.sha256(data).hexdigest()}.{ending}"
    stored = s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))
    assert stored["Body"].read() == data
    assert stored["ContentType"] == f"image/{kind.lower()}"


def test_equal_bytes_are_uploaded_once_whatever_they_are_called(connections, s3, tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(picture("PNG"))
    uri = uploaded(tmp_path / "a.png", hook=S3Hook())
    key = uri.removeprefix(f"s3://{BUCKET}/")
    s3.put_object_tagging(Bucket=BUCKET, Key=key, Tagging={"TagSet": [{"Key": "first", "Value": "yes"}]})
    before = s3.head_object(Bucket=BUCKET, Key=key)
    assert uploaded(tmp_path / "b.png", hook=S3Hook()) == uri
    assert s3.head_object(Bucket=BUCKET, Key=key)["ETag"] == before["ETag"]
    assert s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"], "it was not written again, which drops the tags"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "cannot be read: No such file or directory: name it relative to the presenter's file"),
        (b"no picture", "cannot be read as a picture"),
        (b"x" * MAX_IMAGE_BYTES, "is 5 MB or larger"),
        (picture("GIF"), "is gif; OmniHuman takes JPG or PNG"),
        (picture("PNG", (4096, 8)), "has 4096×8 pixels; each side must be below 4096"),
    ],
    ids=["missing", "text", "large", "gif", "wide"],
)
def test_what_omnihuman_does_not_take_is_not_uploaded(tmp_path, data, told):
    path = tmp_path / "a.png"
    if data:
        path.write_bytes(data)
    with pytest.raises(InvalidRequestError) as caught:
        uploaded(path, hook=S3Hook("nowhere"), source="dags/presenters/anchor.yaml")  # no connection is asked
    assert str(caught.value).startswith(f"presenter dags/presenters/anchor.yaml: portrait {path}")
    assert told in str(caught.value)


def test_a_connection_without_a_bucket_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_BARE", '{"conn_type": "aws", "login": "a", "password": "b"}')
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    with pytest.raises(InvalidRequestError, match="a.png: there is no bucket to keep it in: set one in .* connection 'bare'"):
        uploaded(tmp_path / "a.png", hook=S3Hook("bare"))
