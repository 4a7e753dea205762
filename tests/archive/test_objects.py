"""Small objects are written where S3 tells nothing of what is there, too."""

from __future__ import annotations

from airflow.providers.amazon.aws.hooks.s3 import S3Hook

from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import put_unless_same
from tests.archive.test_index import answering_with
from tests.conftest import BUCKET
from tests.operators.archives import body


def test_an_object_is_written_without_the_right_to_list_the_bucket(connections, s3):
    """S3 says of what is not there that it is forbidden, then."""
    hook, place = S3Hook(), S3Location(BUCKET, "talk/piece-000.wav")
    answering_with(hook, "HeadObject", key="piece-000.wav", status=403, code="403")
    assert put_unless_same(hook, place, b"sound", content_type="audio/wav")
    assert body(s3, place.uri) == b"sound"
