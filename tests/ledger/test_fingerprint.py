"""Equal exactly where the same video would be rendered again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_omnihuman.api.models import VideoRequest
from airflow_provider_omnihuman.api.urls import without_signature
from airflow_provider_omnihuman.ledger.fingerprint import fingerprint_of

REQUEST = VideoRequest(
    image_url="https://a.example/p.png",
    audio_url="https://a.example/a.wav",
    mask_url=("https://a.example/m.png",),
    prompt="x",
    seed=7,
)
WHERE = {"conn_id": "omnihuman_default", "endpoint": "https://visual.volcengineapi.com", "req_key": "k"}


def fingerprint(request=REQUEST, identities=None, **where):
    identities = identities or {name: without_signature(url) for name, url in request.urls.items()}
    return fingerprint_of(request, identities=identities, **WHERE | where)


def test_it_is_the_same_for_the_same_request():
    assert fingerprint() == fingerprint()
    assert len(fingerprint()) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"image_url": "https://a.example/q.png"},
        {"audio_url": "https://a.example/b.wav"},
        {"audio_url": "https://a.example/a.wav?take=2"},
        {"mask_url": ()},
        {"mask_url": ("https://a.example/n.png",)},
        {"mask_url": ("https://a.example/m.png", "https://a.example/n.png")},
        {"prompt": "y"},
        {"prompt": None},
        {"seed": 8},
        {"seed": -1},
        {"output_resolution": 720},
        {"pe_fast_mode": True},
    ],
    ids=str,
)
def test_all_that_changes_the_video_changes_it(change):
    assert fingerprint(replace(REQUEST, **change)) != fingerprint()


@pytest.mark.parametrize("change", [{"conn_id": "other"}, {"endpoint": "http://127.0.0.1:1"}, {"req_key": "next"}], ids=str)
def test_connection_endpoint_and_model_change_it(change):
    assert fingerprint(**change) != fingerprint()


def test_image_and_audio_are_told_apart():
    swapped = {"image_url": "1", "audio_url": "2", "mask_url[0]": "3"}, {"image_url": "2", "audio_url": "1", "mask_url[0]": "3"}
    assert fingerprint(identities=swapped[0]) != fingerprint(identities=swapped[1])


@pytest.mark.parametrize(
    ("signed", "plain"),
    [
        ("https://b.s3.amazonaws.com/a?X-Amz-Date=1&X-Amz-Signature=2&X-Amz-Security-Token=3", "https://b.s3.amazonaws.com/a"),
        ("https://b.s3.amazonaws.com/a?versionId=v1&X-Amz-Signature=2", "https://b.s3.amazonaws.com/a?versionId=v1"),
        ("https://b.s3.amazonaws.com/a?AWSAccessKeyId=1&Signature=2&Expires=3", "https://b.s3.amazonaws.com/a"),
        ("https://b.tos-cn-beijing.volces.com/a?X-Tos-Signature=2&X-Tos-Expires=3", "https://b.tos-cn-beijing.volces.com/a"),
        ("https://p9.byteimg.com/m.png?lk3s=1&x-expires=2&x-signature=3", "https://p9.byteimg.com/m.png"),
        ("https://a.blob.core.windows.net/c/a?sv=1&se=2&sr=b&sp=r&sig=3", "https://a.blob.core.windows.net/c/a"),
        ("https://a.example/a?sp=2&st=1", "https://a.example/a?sp=2&st=1"),
        ("https://a.example/a?id=5#t=1", "https://a.example/a?id=5"),
        ("https://storage.googleapis.com/b/a?X-Goog-Signature=1", "https://storage.googleapis.com/b/a"),
    ],
)
def test_what_signs_a_url_is_dropped_and_what_chooses_its_content_stays(signed, plain):
    assert without_signature(signed) == plain
