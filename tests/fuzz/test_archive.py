"""Whatever lies in the archive's index: a manifest that can be relied on, or none; never an error that is not ours."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import Any

import pytest
from hypothesis import given

from airflow_provider_omnihuman.api.errors import OmniHumanError
from airflow_provider_omnihuman.api.models import AigcMeta
from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.reading import archive_facts, read_manifest, reused_facts
from airflow_provider_omnihuman.operators.reuse import ArchivedVideos
from tests.conftest import BUCKET
from tests.fuzz.hostile import SECRET, bodies, documents, examples, is_clear, outcome

pytestmark = pytest.mark.timeout(300)  # seconds, on a machine that does other things, too

FINGERPRINT = "f" * 64
VIDEO = b"not a film, but as good as one for a checksum"
LABEL = AigcMeta("p", "c")
MANIFEST: dict[str, Any] = {
    "manifest_version": 1,
    "task_id": "7392616336519610409",
    "fingerprint": FINGERPRINT,
    "video": {
        "uri": f"s3://{BUCKET}/v.mp4",
        "bytes": len(VIDEO),
        "sha256": hashlib.sha256(VIDEO).hexdigest(),
        "duration_s": 1.2,
        "width": 1280,
        "height": 720,
        "fps": 25.0,
    },
    "poster": {"uri": f"s3://{BUCKET}/v.jpg", "key": "v.jpg", "bytes": 9},
    "aigc_label": {"requested": LABEL.to_dict(), "tagged": True, "found": True, "label": None, "differences": []},
    "request": {"image_url": f"https://h/p.png?sign={SECRET}", "audio_duration_s": 1.2, "aigc_meta": LABEL.to_dict()},
    "request_ids": {"submit": "r1", "result": "r2"},
    "times": {"submitted_at": None, "archived_at": "2026-01-01T00:00:00+00:00"},
    "airflow": {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1, "try_number": 1},
}
WITHOUT_POSTER = {**MANIFEST, "poster": None}


@examples(2350)
@given(data=bodies([MANIFEST, MANIFEST["video"], WITHOUT_POSTER]))
def test_a_manifest_that_is_read_has_all_that_its_readers_need(data):
    manifest = outcome(lambda: read_manifest(data, name="s3://b/i.json"), ours=ArchiveError)
    if isinstance(manifest, ArchiveError):
        assert is_clear(manifest)
        return
    facts = archive_facts(manifest, reused=True)
    assert reused_facts(manifest).keys() <= facts.keys()
    json.dumps(facts, allow_nan=False).encode()


@pytest.fixture
def archived(connections, s3):
    """Put a document where the index would have it; return what is found."""
    s3.put_object(Bucket=BUCKET, Key="v.mp4", Body=VIDEO)
    videos = ArchivedVideos(aws_conn_id="aws_default", index=f"s3://{BUCKET}/index/")

    def find(data: bytes) -> dict[str, Any] | None:
        s3.put_object(Bucket=BUCKET, Key=f"index/{FINGERPRINT}.json", Body=data)
        return videos.find(FINGERPRINT, aigc_meta=LABEL)

    return find


def test_the_manifest_that_the_others_are_made_of_is_found(archived):
    assert archived(json.dumps(MANIFEST).encode())["reused"]["uri"] == f"s3://{BUCKET}/v.mp4"


def test_what_is_found_in_a_real_store_is_this_very_video_or_nothing(archived):
    @examples(150)
    @given(document=documents([MANIFEST, WITHOUT_POSTER]))
    def check(document: Any) -> None:
        found = outcome(lambda: archived(json.dumps(document).encode()), ours=OmniHumanError)
        if isinstance(found, OmniHumanError):
            assert is_clear(found)
        elif found is not None:
            assert found["reused"]["sha256"] == MANIFEST["video"]["sha256"]
            json.dumps(found)

    logging.getLogger("botocore").setLevel(logging.WARNING)
    check()
