"""The proof that exit code 0 stands for."""

from __future__ import annotations

import hashlib
import json
import uuid

import av
import numpy as np
import pytest

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.object_store import BUCKET
from airflow_provider_omnihuman.demo.verification import fetch_and_verify, measured_duration_s, verified_all

SECONDS = 1.6


def write_video(path, *, sound=True, container_format="mp4", metadata=None):
    options = {"movflags": "use_metadata_tags"} if metadata else {}
    with av.open(str(path), "w", format=container_format, options=options) as container:
        container.metadata.update(metadata or {})
        video = container.add_stream("libx264", rate=25)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=16000, layout="mono") if sound else None
        for index in range(int(SECONDS * 25)):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), index * 5, dtype=np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode())
        if audio is not None:
            samples = np.zeros((1, int(SECONDS * 16000)), dtype=np.float32)
            tone = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
            tone.sample_rate = 16000
            container.mux(audio.encode(tone))
            container.mux(audio.encode())
    return path.read_bytes()


@pytest.fixture
def archive(s3, tmp_path):
    """Puts a video with its manifest and poster into the store, and returns what the archive task would."""

    def put(body, aigc_label=None, **said):
        name = uuid.uuid4().hex
        facts = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), "duration_s": SECONDS} | said
        for suffix, content in (
            (".mp4", body),
            (".json", json.dumps({"video": facts, "aigc_label": aigc_label}).encode()),
            (".jpg", b"poster"),
        ):
            s3.put_object(Bucket=BUCKET, Key=f"{name}{suffix}", Body=content)
        uri = f"s3://{BUCKET}/{name}"
        uris = {"uri": f"{uri}.mp4", "manifest_uri": f"{uri}.json", "poster_uri": f"{uri}.jpg"}
        return facts | uris | {"task_id": "7392616336519610409"}

    return put


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "made.mp4")


def test_a_sound_video_is_copied_with_its_poster(s3, archive, video, tmp_path):
    archived = archive(video)

    verified = fetch_and_verify(archived, s3, tmp_path)

    assert verified.local == tmp_path / "7392616336519610409.mp4"
    assert verified.local.read_bytes() == video
    assert verified.poster.read_bytes() == b"poster"
    assert verified.duration_s == pytest.approx(SECONDS, abs=0.001)
    assert verified.uri == archived["uri"]


def test_changed_bytes_are_found(s3, archive, video, tmp_path):
    archived = archive(video)
    s3.put_object(Bucket=BUCKET, Key=archived["uri"].rpartition("/")[2], Body=video[:-1] + b"x")

    with pytest.raises(DemoError, match=r"has sha256 \w+, the manifest says \w+"):
        fetch_and_verify(archived, s3, tmp_path)


def test_missing_bytes_are_found(s3, archive, video, tmp_path):
    archived = archive(video)
    s3.put_object(Bucket=BUCKET, Key=archived["uri"].rpartition("/")[2], Body=video[:-100])

    with pytest.raises(DemoError, match=r"has bytes \d+, the manifest says \d+"):
        fetch_and_verify(archived, s3, tmp_path)


def test_a_task_that_contradicts_the_manifest_is_found(s3, archive, video, tmp_path):
    archived = archive(video) | {"sha256": "0" * 64}

    with pytest.raises(DemoError, match="the archive task says 0000"):
        fetch_and_verify(archived, s3, tmp_path)


def test_another_length_than_promised_is_found(s3, archive, video, tmp_path):
    with pytest.raises(DemoError, match=r"lasts 1\.60 s, its manifest says 8\.00 s"):
        fetch_and_verify(archive(video, duration_s=8.0), s3, tmp_path)


def test_a_missing_manifest_is_found(s3, archive, video, tmp_path):
    archived = archive(video)
    s3.delete_object(Bucket=BUCKET, Key=archived["manifest_uri"].rpartition("/")[2])

    with pytest.raises(DemoError, match=r"cannot read s3://.*json from the store: .*NoSuchKey"):
        fetch_and_verify(archived, s3, tmp_path)


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"video": {"bytes": 1}}'])
def test_a_manifest_that_promises_nothing_is_found(s3, archive, video, tmp_path, document):
    archived = archive(video)
    s3.put_object(Bucket=BUCKET, Key=archived["manifest_uri"].rpartition("/")[2], Body=document)

    with pytest.raises(DemoError, match="is not a manifest"):
        fetch_and_verify(archived, s3, tmp_path)


def test_a_file_that_is_cut_off_is_no_video(tmp_path, video):
    path = tmp_path / "cut.mp4"
    path.write_bytes(video[: len(video) // 2])

    with pytest.raises(DemoError, match=r"cut\.mp4"):
        measured_duration_s(path)


def test_pictures_that_cannot_be_decoded_are_no_video(tmp_path, video):
    path = tmp_path / "spoiled.mp4"
    begin = video.index(b"mdat") + 4
    path.write_bytes(video[:begin] + bytes(1000) + video[begin + 1000 :])

    with pytest.raises(DemoError, match=r"spoiled\.mp4"):
        measured_duration_s(path)


def test_a_web_page_is_no_video(tmp_path):
    path = tmp_path / "page.mp4"
    path.write_text("<html>404</html>" * 100)

    with pytest.raises(DemoError, match="cannot be decoded"):
        measured_duration_s(path)


def test_another_container_is_no_mp4(tmp_path):
    path = tmp_path / "film.mp4"
    write_video(path, container_format="matroska")

    with pytest.raises(DemoError, match="not an MP4 but matroska"):
        measured_duration_s(path)


def test_a_silent_film_is_found(tmp_path):
    path = tmp_path / "silent.mp4"
    write_video(path, sound=False)

    with pytest.raises(DemoError, match="has no sound"):
        measured_duration_s(path)


def label(asked):
    fields = {"Label": "1", "ProduceID": asked["producer_id"], "ContentPropagator": asked["content_propagator"]}
    return {"AIGC": json.dumps(fields)}


ASKED = {"producer_id": "p1", "content_propagator": "c1"}


def test_a_label_that_was_asked_for_is_seen_in_the_file(s3, archive, tmp_path):
    labelled = write_video(tmp_path / "labelled.mp4", metadata=label(ASKED))
    archived = archive(labelled, aigc_label={"requested": ASKED, "found": True})

    assert fetch_and_verify(archived, s3, tmp_path).labelled


@pytest.mark.parametrize(
    ("metadata", "said", "problem"),
    [
        ({}, {"requested": ASKED, "found": False}, "there is no label in the file"),
        ({}, {"requested": None, "found": True}, "there is none"),
        (label(ASKED | {"producer_id": "other"}), {"requested": ASKED, "found": True}, "asked for was producer_id 'p1'"),
    ],
)
def test_a_label_that_is_not_what_was_asked_for_is_found(s3, archive, tmp_path, metadata, said, problem):
    archived = archive(write_video(tmp_path / "made.mp4", metadata=metadata), aigc_label=said)

    with pytest.raises(DemoError, match=problem):
        fetch_and_verify(archived, s3, tmp_path)


def test_films_are_named_after_their_dag_and_clips_after_their_task(s3, archive, video, tmp_path):
    clip = archive(video)
    films = [archive(video) | {"task_id": None} for _ in range(2)]

    names = [verified.local.name for verified in verified_all([clip, *films], s3, tmp_path, name="talk")]
    assert names == ["7392616336519610409.mp4", "talk-1.mp4", "talk-2.mp4"]
    assert verified_all(films[:1], s3, tmp_path, name="talk")[0].poster == tmp_path / "talk.jpg"


def test_a_run_without_any_video_is_a_failure(s3, tmp_path):
    with pytest.raises(DemoError, match="none of its last tasks tells of an archived video"):
        verified_all([], s3, tmp_path, name="talk")
