"""A manifest that is read back is checked: anybody may have written it."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.reading import archive_facts, read_manifest, recorded_differences, reused_facts

GOOD = {
    "task_id": "7",
    "fingerprint": "f",
    "video": {
        "uri": "s3://b-1/a/v.mp4",
        "bytes": 7,
        "sha256": "0" * 64,
        "duration_s": 1.5,
        "width": 720,
        "height": 1280,
        "fps": 25,
    },
    "poster": {"uri": "s3://b-1/a/v.jpg", "key": "a/v.jpg", "bytes": 4},
    "aigc_label": {"requested": None, "found": True, "differences": []},
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
paths = [(name,) for name in (*GOOD, "billed_seconds", "cost")] + [
    (name, part) for name in ("video", "poster", "aigc_label") for part in GOOD[name]
]


def outcome(data):
    """Read, and use what was read; any exception but ours fails the test."""
    try:
        manifest = read_manifest(data, name="it")
    except ArchiveError as error:
        str(error).encode(errors="replace")
        return None
    json.dumps([archive_facts(manifest, reused=True), reused_facts(manifest)], allow_nan=False)
    recorded_differences(manifest, asked={"producer_id": "x"})
    return manifest


def changed(path, value):
    document = copy.deepcopy(GOOD)
    inner = document
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return document


def test_a_manifest_gives_the_facts():
    manifest = read_manifest(json.dumps(GOOD).encode(), name="it")
    assert archive_facts(manifest, reused=True) == {
        "uri": "s3://b-1/a/v.mp4",
        "manifest_uri": "s3://b-1/a/v.json",
        "poster_uri": "s3://b-1/a/v.jpg",
        "task_id": "7",
        "fingerprint": "f",
        "bytes": 7,
        "sha256": "0" * 64,
        "duration_s": 1.5,
        "width": 720,
        "height": 1280,
        "fps": 25,
        "aigc_label_found": True,
        "reused": True,
        "billed_seconds": 0.0,
        "cost": None,
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"billed_seconds": 1.5, "cost": {"amount": 3, "currency": "CNY"}}, (1.5, {"amount": 3, "currency": "CNY"})),
        ({}, (None, None)),
        ({"billed_seconds": True, "cost": 3}, (None, None)),
        ({"billed_seconds": float("inf"), "cost": {"amount": "3", "currency": "CNY"}}, (None, None)),
        ({"billed_seconds": 1, "cost": {"amount": 3, "currency": None}}, (1, None)),
    ],
)
def test_what_was_billed_is_told_as_far_as_it_can_be_read(written, read):
    facts = archive_facts(read_manifest(json.dumps(GOOD | written).encode(), name="it"), reused=False)
    assert (facts["billed_seconds"], facts["cost"]) == read


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("video",), None, "video, poster or aigc_label is missing"),
        (("poster",), [], "video, poster or aigc_label is missing"),
        (("aigc_label",), "yes", "video, poster or aigc_label is missing"),
        (("video", "bytes"), True, "size or checksum"),
        (("video", "bytes"), -1, "size or checksum"),
        (("video", "bytes"), 7.0, "size or checksum"),
        (("video", "sha256"), "0" * 63, "size or checksum"),
        (("video", "sha256"), "F" * 64, "size or checksum"),
        (("video", "width"), "720", "of the video, width is missing"),
        (("video", "fps"), float("nan"), "of the video, fps is missing"),
        (("video", "uri"), "https://b/v.mp4", "video.uri must be an s3://bucket/key URI"),
        (("video", "uri"), "s3://b-1", "video.uri names no object"),
        (("video", "uri"), "s3:///v.mp4", "video.uri must be"),
        (("video", "uri"), "s3://b-1/" + "v" * 1025, "video.uri must be"),
        (("video", "uri"), "s3://b-1/\ud800", "video.uri must be"),
        (("video", "uri"), "s3://../v", "video.uri must be"),
        (("poster", "uri"), None, "poster.uri must be"),
        (("task_id",), 7, "task_id is no text"),
        (("aigc_label", "differences"), [5], "differences is no list of texts"),
    ],
)
def test_what_is_missing_or_wrong_is_named(path, value, message):
    with pytest.raises(ArchiveError, match=message):
        read_manifest(json.dumps(changed(path, value)).encode(), name="it")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 100_000, b"9" * 5000, b"null", b"[]", b'"x"', b"NaN"])
def test_what_is_no_manifest_at_all_is_called_so(data):
    with pytest.raises(ArchiveError, match="it is no manifest"):
        read_manifest(data, name="it")


def test_a_copy_without_a_poster_is_a_manifest():
    assert (
        archive_facts(read_manifest(json.dumps(changed(("poster",), None)).encode(), name="it"), reused=True)["poster_uri"]
        is None
    )


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
@example(b'{"video": {}}')
def test_any_bytes(data):
    outcome(data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(paths), json_values)
def test_any_value_in_any_place(path, value):
    outcome(json.dumps(changed(path, value)).encode())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_bytes_changed(data):
    document = bytearray(json.dumps(GOOD).encode())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(document) - 1))
        document[place] = data.draw(st.integers(0, 255))
    outcome(bytes(document))
