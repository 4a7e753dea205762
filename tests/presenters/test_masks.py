"""The masks of a portrait are found once; whoever asks next, or at the same time, has the same ones."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from botocore.awsrequest import AWSResponse

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.presenters.masks import KeptMasks
from tests.conftest import BUCKET


@pytest.fixture
def hook(connections):
    return S3Hook()


@pytest.fixture
def detection(presigned, portrait_png):
    """A detection that finds as many subjects as it is told, and counts."""

    class Detection:
        calls = 0
        found = 2
        meanwhile = staticmethod(lambda: None)

        def __call__(self):
            self.calls += 1
            self.meanwhile()
            return [presigned(f"service/{self.calls}-{number}.png", portrait_png) for number in range(self.found)]

    return Detection()


def kept(hook, detect, *identity):
    return KeptMasks(hook=hook, identity=identity or ("etag:1:2", "https://service"), detect=detect)


def test_it_detects_once_and_keeps_the_masks(hook, detection, s3, portrait_png):
    first = kept(hook, detection).mask(1, told="p")
    second = kept(hook, detection).mask(2, told="p")
    assert detection.calls == 1
    assert first.startswith(f"s3://{BUCKET}/omnihuman/masks/")
    assert (first.rpartition("/")[2], second.rpartition("/")[2]) == ("mask-1.png", "mask-2.png")
    assert s3.get_object(Bucket=BUCKET, Key=first.removeprefix(f"s3://{BUCKET}/"))["Body"].read() == portrait_png


def test_masks_are_kept_without_the_right_to_list_the_bucket(hook, detection, s3):
    """S3 says of what is not there that it is forbidden, then."""

    class Empty:
        def stream(self):
            yield b""

    def send(request, **_):
        key = urlsplit(request.url).path.removeprefix(f"/{BUCKET}/")
        is_there = s3.list_objects_v2(Bucket=BUCKET, Prefix=key)["KeyCount"]
        return None if is_there else AWSResponse(request.url, 403, {}, Empty())

    hook.get_conn().meta.events.register("before-send.s3.HeadObject", send)
    assert kept(hook, detection).all() == kept(hook, detection).all()
    assert detection.calls == 1


def test_another_picture_and_another_service_have_masks_of_their_own(hook, detection):
    uris = {kept(hook, detection, *identity).mask(1, told="p") for identity in (("a", "x"), ("b", "x"), ("a", "y"))}
    assert detection.calls == len(uris) == 3


def test_of_two_detections_at_once_the_first_counts(hook, detection):
    """Or a retry of the one would ask for another video than its first try, and pay again."""
    others = []
    other = type(detection)()
    detection.meanwhile = lambda: others.append(kept(hook, other).mask(1, told="p"))
    assert kept(hook, detection).mask(1, told="p") == others[0]
    assert kept(hook, detection).mask(1, told="p") == others[0]


def test_what_another_task_has_written_meanwhile_is_not_written_over(hook, s3):
    masks = kept(hook, None)
    index = masks._place("subjects.json")
    for document in (b"first", b"second"):
        masks._write(hook.get_conn(), index, document)
    assert s3.get_object(Bucket=BUCKET, Key=index.key)["Body"].read() == b"first"


def test_a_subject_that_is_not_there_is_told(hook, detection):
    for found, told in enumerate(["no subject was", "one subject was", "2 subjects were"]):
        detection.found = found
        with pytest.raises(InvalidRequestError, match=f"^p: mask is 3, and {told} found in the portrait: nothing was submitted"):
            kept(hook, detection, f"picture {found}").mask(3, told="p")


def test_the_masks_of_fewer_subjects_are_kept_too(hook, detection):
    for _ in range(2):
        with pytest.raises(InvalidRequestError):
            kept(hook, detection).mask(3, told="p")
    assert detection.calls == 1


def test_masks_that_somebody_deleted_are_not_replaced_in_silence(hook, detection, s3):
    uri = kept(hook, detection).mask(1, told="p")
    s3.delete_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))
    with pytest.raises(InvalidRequestError, match=r"subjects.json names masks that are not there any more: delete it"):
        kept(hook, detection).mask(1, told="p")
    assert detection.calls == 1


def test_a_list_that_is_none_is_told(hook, detection, s3):
    index = kept(hook, detection)._place("subjects.json")
    for document in (b"x", b"[]", b"{}", json.dumps({"masks": 7}).encode()):
        s3.put_object(Bucket=BUCKET, Key=index.key, Body=document)
        with pytest.raises(InvalidRequestError, match="subjects.json is no list of masks: delete it"):
            kept(hook, detection).mask(1, told="p")
    assert detection.calls == 0
