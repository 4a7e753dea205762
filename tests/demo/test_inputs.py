"""A person's own picture."""

from __future__ import annotations

import pytest
from PIL import Image

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.inputs import MAX_BYTES, checked_image, image_url
from airflow_provider_omnihuman.demo.object_store import BUCKET


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_local_picture_is_put_into_the_bucket(tmp_path, s3, suffix):
    path = tmp_path / f"me.{suffix}"
    Image.new("RGB", (8, 8)).save(path)

    url = image_url(checked_image(str(path)), s3)

    key = url.removeprefix(f"s3://{BUCKET}/")
    stored = s3.get_object(Bucket=BUCKET, Key=key)
    assert stored["Body"].read() == path.read_bytes()
    assert stored["ContentType"] == {"jpg": "image/jpeg", "png": "image/png"}[suffix]


@pytest.mark.parametrize("address", ["s3://pictures/me.png", "https://example.com/me.jpg", "http://example.com/me.jpg"])
def test_an_address_is_left_alone(address, s3):
    assert image_url(checked_image(address), s3) == address


def test_no_picture_is_none():
    assert checked_image("") is None


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(DemoError, match=r"cannot read the picture .*me\.png: No such file"):
        checked_image(str(tmp_path / "me.png"))


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(DemoError, match="Is a directory"):
        checked_image(str(tmp_path))


def test_another_format_is_refused_before_anything_starts(tmp_path):
    path = tmp_path / "me.gif"
    Image.new("RGB", (8, 8)).save(path)

    with pytest.raises(DemoError, match="neither a JPEG nor a PNG"):
        checked_image(str(path))


def test_a_picture_over_the_services_limit_is_refused(tmp_path):
    path = tmp_path / "me.jpg"
    Image.new("RGB", (8, 8)).save(path)
    path.write_bytes(path.read_bytes().ljust(MAX_BYTES, b"\0"))

    with pytest.raises(DemoError, match="not under 5 MB"):
        checked_image(str(path))
