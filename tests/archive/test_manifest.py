"""The manifest holds no signature, and can always be written."""

from __future__ import annotations

import json

from airflow_provider_omnihuman.api.models import Video
from airflow_provider_omnihuman.archive.inspection import Inspection
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.manifest import build_manifest, manifest_json
from airflow_provider_omnihuman.archive.transfer import Stored
from airflow_provider_omnihuman.media.probe import VideoFacts

SIGNED = "https://h/{}?X-Amz-Signature=s3cr3t"


def manifest(request, *, tagged=True):
    return build_manifest(
        stored=Stored(bytes=7, sha256="ab"),
        location=S3Location("b", "v.mp4"),
        poster=S3Location("b", "v.jpg"),
        inspection=Inspection(video=VideoFacts(1.0, 720, 720, 25.0, "h264", "aac", 25), label=None, poster=b"jpeg"),
        video=Video(task_id="7", video_url=SIGNED.format("v"), aigc_meta_tagged=tagged, request_id="r", asked_at=0.0),
        request=request,
        airflow={},
    )


def test_a_request_that_a_dags_author_put_together_loses_its_signatures():
    request = {
        "image_url": SIGNED.format("p"),
        "audio_url": SIGNED.format("a"),
        "mask_url": [SIGNED.format("m")],
        "prompt": "why?",
    }
    written = manifest(request)
    assert "s3cr3t" not in str(written)
    assert written["request"] == {
        "image_url": "https://h/p",
        "audio_url": "https://h/a",
        "mask_url": ["https://h/m"],
        "prompt": "why?",
    }


def test_the_services_word_on_the_label_is_kept():
    assert manifest({}, tagged=True)["aigc_label"]["tagged"] is True
    assert manifest({}, tagged=False)["aigc_label"]["tagged"] is False


def test_a_value_that_json_does_not_know_is_written_as_text():
    written = json.loads(manifest_json(manifest({"note": "half \ud83d", "when": {1}, "mask_url": 5})))
    assert written["request"]["note"] == "half ?"
    assert written["request"]["when"] == "{1}"
