"""Where an object goes, and what lies beside it."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location, locate
from tests.task_context import task_context


class AnyHook:
    """What is read of an S3 hook: its connection's default bucket."""

    service_config = {"bucket_name": "default"}  # noqa: RUF012 - as the hook has it


def place(key, *, bucket="b", **fields):
    return locate(AnyHook(), bucket=bucket, key=key, context=task_context(**fields), filename="v.mp4")


@pytest.mark.parametrize(
    ("key", "manifest"),
    [
        ("a/film.mp4", "a/film.json"),
        ("a/film.MP4", "a/film.json"),
        ("a/film", "a/film.json"),
        ("films/2026.01", "films/2026.01.json"),
        ("a/take.mov", "a/take.mov.json"),
        ("a//film.mp4", "a//film.json"),
    ],
)
def test_only_the_videos_own_ending_gives_way_to_the_manifests(key, manifest):
    assert S3Location("b", key).sibling(".json").key == manifest


def test_two_videos_never_share_a_manifest():
    keys = ["2026.01", "2026.02", "2026.mov", "2026.mkv", "2026"]
    assert len({S3Location("b", key).sibling(".json").key for key in keys}) == len(keys)


@pytest.mark.parametrize("key", ["a\ud800.mp4", "a\x00.mp4", "a\n.mp4"])
def test_a_key_that_s3_cannot_hold_is_refused(key):
    with pytest.raises(ArchiveError, match="of printable characters") as caught:
        place(key)
    str(caught.value).encode()


def test_the_connections_bucket_is_the_default():
    assert place("k", bucket=None) == S3Location("default", "k")


@pytest.mark.parametrize(("map_index", "part"), [(-1, "a_task/v.mp4"), (0, "a_task/0/v.mp4"), (3, "a_task/3/v.mp4")])
def test_each_mapped_task_has_a_place_of_its_own(map_index, part):
    assert place(None, map_index=map_index).key.endswith(part)
