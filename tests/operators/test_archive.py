"""The archive: the delivered bytes, verified before they are visible, with manifest and poster; or nothing at all."""

from __future__ import annotations

import hashlib
import json
import time

import httpx
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, Asset, AssetAlias

from airflow_provider_omnihuman.api.errors import DownloadError, OmniHumanError, TaskNotDoneError
from airflow_provider_omnihuman.media.aigc_label import read_aigc_label
from airflow_provider_omnihuman.media.probe import probe_image, probe_video
from airflow_provider_omnihuman.operators.archive import DEFAULT_ASSET_ALIAS, OmniHumanToS3Operator
from tests.conftest import BUCKET
from tests.operators.archives import archive, body, keys, open_uploads, rendered
from tests.task_context import task_context

__all__ = ["rendered"]  # a fixture

LABEL = {"producer_id": "producer-1", "content_propagator": "propagator-1"}


def test_a_video_is_archived_with_manifest_and_poster(rendered, s3, inputs):
    xcoms = rendered(prompt="a smile", seed=7)
    facts = archive(omnihuman_task_id=xcoms["task_id"], request=xcoms["request"]).execute(task_context())
    prefix = f"s3://{BUCKET}/omnihuman/a_dag/manual__2026-01-01T00_00_00_00_00/a_task/{xcoms['task_id']}"
    assert facts["uri"] == f"{prefix}.mp4"
    video = body(s3, facts["uri"])
    assert facts["bytes"] == len(video)
    assert facts["sha256"] == hashlib.sha256(video).hexdigest()
    assert probe_video(video).height == facts["height"] == 720
    assert probe_image(body(s3, facts["poster_uri"])).format == "jpeg"
    manifest = json.loads(body(s3, facts["manifest_uri"]))
    assert manifest["task_id"] == xcoms["task_id"]
    assert manifest["video"]["sha256"] == facts["sha256"]
    assert manifest["request"]["audio_url"] == inputs["audio_url"]
    assert (manifest["request"]["prompt"], manifest["request"]["seed"]) == ("a smile", 7)
    assert manifest["request_ids"]["submit"] == xcoms["request"]["request_id"]
    assert manifest["request_ids"]["result"]
    assert manifest["times"]["submitted_at"] <= manifest["times"]["archived_at"]
    assert manifest["poster"]["key"].endswith(".jpg")
    assert manifest["airflow"]["dag_id"] == "a_dag"
    assert "X-Amz" not in json.dumps(manifest)


def test_the_archived_bytes_are_the_delivered_bytes(rendered, s3, emulator):
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

    xcoms = rendered(seed=7)
    facts = archive(omnihuman_task_id=xcoms["task_id"]).execute(task_context())
    delivered = httpx.get(OmniHumanHook().fetch_video(xcoms["task_id"]).video_url).content
    assert body(s3, facts["uri"]) == delivered


def test_objects_have_their_content_types(rendered, s3):
    facts = archive(omnihuman_task_id=rendered()["task_id"]).execute(task_context())
    types = [
        s3.head_object(Bucket=BUCKET, Key=facts[name].removeprefix(f"s3://{BUCKET}/"))["ContentType"]
        for name in ("uri", "poster_uri", "manifest_uri")
    ]
    assert types == ["video/mp4", "image/jpeg", "application/json"]


def test_the_label_of_the_request_is_asked_for_again(rendered, s3):
    xcoms = rendered()
    facts = archive(omnihuman_task_id=xcoms["task_id"], request={**xcoms["request"], "aigc_meta": LABEL}).execute(task_context())
    assert facts["aigc_label_found"] is True
    assert read_aigc_label(body(s3, facts["uri"])).produce_id == "producer-1"
    manifest = json.loads(body(s3, facts["manifest_uri"]))
    assert manifest["aigc_label"]["requested"] == LABEL
    assert manifest["aigc_label"]["tagged"] is True


def test_a_video_url_is_enough(rendered, s3):
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

    url = OmniHumanHook().fetch_video(rendered()["task_id"]).video_url
    facts = archive(video_url=url, s3_key=f"s3://{BUCKET}/out/film.mp4").execute(task_context())
    assert facts["uri"] == f"s3://{BUCKET}/out/film.mp4"
    assert keys(s3) == ["out/film.jpg", "out/film.json", "out/film.mp4"]


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({"s3_key": "a/b.mp4"}, "a/b.mp4"),
        ({"s3_key": "a/b"}, "a/b"),
        ({"s3_key": "a/", "s3_bucket": BUCKET}, "a/{task_id}.mp4"),
        ({"s3_key": f"s3://{BUCKET}/影片 1/b.mp4"}, "影片 1/b.mp4"),
    ],
)
def test_the_place_is_what_the_user_says(rendered, arguments, key):
    task_id = rendered()["task_id"]
    facts = archive(omnihuman_task_id=task_id, **arguments).execute(task_context())
    assert facts["uri"] == f"s3://{BUCKET}/{key.format(task_id=task_id)}"


def test_mapped_tasks_have_places_of_their_own(rendered):
    facts = archive(omnihuman_task_id=rendered()["task_id"]).execute(task_context(map_index=3))
    assert "/a_task/3/" in facts["uri"]


def test_an_asset_event_carries_the_facts(rendered):
    task_id, context = rendered()["task_id"], task_context()
    facts = archive(omnihuman_task_id=task_id).execute(context)
    ((asset, extra),) = context["outlet_events"][AssetAlias(DEFAULT_ASSET_ALIAS)].added
    assert asset.uri == facts["uri"]
    assert extra == facts
    mine, context = Asset("s3://mine/films"), task_context()
    facts = archive(omnihuman_task_id=task_id, outlets=[mine]).execute(context)
    assert context["outlet_events"][mine].extra == facts


def test_a_part_of_a_film_is_archived_without_an_asset_event(rendered, s3):
    context = task_context()
    operator = archive(omnihuman_task_id=rendered()["task_id"], emit_asset_event=False)
    facts = operator.execute(context)
    assert body(s3, facts["uri"])
    assert operator.outlets == []
    assert not context["outlet_events"]


def test_outlets_and_no_asset_event_are_one_too_many():
    with pytest.raises(ValueError, match="outlets are given, for which Airflow emits asset events"):
        archive(omnihuman_task_id="7", emit_asset_event=False, outlets=[Asset("s3://mine/films")])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "video_url must be an http"),
        ({"video_url": "s3://b/k"}, "video_url must be an http"),
        ({"omnihuman_task_id": "7", "s3_key": "s3://b/k.mp4", "s3_bucket": "c"}, "not both"),
        ({"omnihuman_task_id": "7", "s3_key": "a/b.json"}, "must not end in .json or .jpg"),
        ({"omnihuman_task_id": "7", "s3_key": "x" * 1100}, "has 1100 bytes; S3 allows 1024"),
        ({"omnihuman_task_id": "7", "request": "not json"}, "request is not JSON"),
        ({"omnihuman_task_id": "7", "request": "[" * 100_000}, "request is not JSON"),
        (
            {"omnihuman_task_id": "7", "request": {"audio_duration_s": "3"}},
            "audio_duration_s must be a number of seconds, not '3'",
        ),
        (
            {"omnihuman_task_id": "7", "s3_key": "s3://b/ann.mp4", "request": {"image_url": "s3://b/ann.jpg"}},
            "s3://b/ann.jpg is an input of this video",
        ),
        ({"omnihuman_task_id": "7", "request": ["a"]}, "request must be the mapping"),
        ({"omnihuman_task_id": "7"}, "not_found for task 7"),
    ],
)
def test_bad_arguments_get_a_clear_error(connections, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        archive(**arguments).execute(task_context())


def test_no_bucket_anywhere_gets_a_clear_error(connections, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws"}')
    with pytest.raises(AirflowFailException, match="no bucket: give s3_bucket"):
        archive(omnihuman_task_id="7").execute(task_context())


def test_an_object_that_is_there_can_be_protected(rendered, put, s3):
    put("a/b.mp4", b"precious")
    with pytest.raises(AirflowFailException, match="exists already, and replace is False"):
        archive(omnihuman_task_id=rendered()["task_id"], s3_key="a/b.mp4", replace=False).execute(task_context())
    assert body(s3, f"s3://{BUCKET}/a/b.mp4") == b"precious"


@pytest.mark.parametrize("beside", ["a/b.jpg", "a/b.json"])
def test_what_lies_beside_the_video_can_be_protected_too(connections, put, beside):
    put(beside, b"precious")
    with pytest.raises(AirflowFailException, match=f"{beside} exists already, and replace is False"):
        archive(omnihuman_task_id="7", s3_key="a/b.mp4", replace=False).execute(task_context())


def test_a_video_that_breaks_off_unnoticed_may_be_retried(rendered, presigned, s3):
    """A server that says no length and closes early."""
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

    whole = httpx.get(OmniHumanHook().fetch_video(rendered()["task_id"]).video_url).content
    url = presigned("in/half.mp4", whole[: int(len(whole) * 0.8)])
    with pytest.raises(OmniHumanError) as caught:
        archive(video_url=url).execute(task_context())
    assert caught.value.retryable
    assert (keys(s3), open_uploads(s3)) == ([], [])


def test_a_label_that_was_asked_for_and_is_missing_is_told(rendered, presigned, logged):
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

    whole = httpx.get(OmniHumanHook().fetch_video(rendered()["task_id"]).video_url).content
    url = presigned("in/unlabelled.mp4", whole)
    assert archive(video_url=url, request={"aigc_meta": LABEL}).execute(task_context())["aigc_label_found"] is False
    assert "is not the one asked for: there is no label in the file" in logged()


def test_the_operators_own_label_wins_over_the_requests(rendered, s3):
    xcoms = rendered()
    mine = {"producer_id": "mine", "content_propagator": "c"}
    request = {**xcoms["request"], "aigc_meta": LABEL}
    facts = archive(omnihuman_task_id=xcoms["task_id"], request=request, aigc_meta=mine).execute(task_context())
    assert read_aigc_label(body(s3, facts["uri"])).produce_id == "mine"


def test_extra_arguments_reach_all_three_objects(rendered, s3):
    extra = {"Metadata": {"owner": "news"}}
    facts = archive(omnihuman_task_id=rendered()["task_id"], s3_extra_args=extra).execute(task_context())
    for name in ("uri", "poster_uri", "manifest_uri"):
        head = s3.head_object(Bucket=BUCKET, Key=facts[name].removeprefix(f"s3://{BUCKET}/"))
        assert head["Metadata"]["owner"] == "news"


@pytest.mark.parametrize("fault", [{"kind": "half_body"}, {"kind": "reset"}, {"kind": "html"}], ids=lambda f: f["kind"])
def test_a_broken_download_leaves_nothing_and_may_be_retried(rendered, emulator, s3, fault):
    task_id = rendered()["task_id"]
    emulator.fault(**fault, action="video", count=None)
    with pytest.raises(DownloadError):
        archive(omnihuman_task_id=task_id).execute(task_context())
    assert (keys(s3), open_uploads(s3)) == ([], [])


def test_a_file_that_is_no_video_leaves_what_was_there(connections, put, presigned, s3):
    put("a/b.mp4", b"the good one")
    url = presigned("in/fake.mp4", b"<html>sorry</html>" * 1000)
    with pytest.raises(AirflowFailException):
        archive(video_url=url, s3_key="a/b.mp4").execute(task_context())
    assert body(s3, f"s3://{BUCKET}/a/b.mp4") == b"the good one"
    assert (keys(s3), open_uploads(s3)) == (["a/b.mp4"], [])


def test_a_video_shorter_than_its_audio_is_refused_unless_told_otherwise(rendered, s3):
    xcoms = rendered()
    asked = {**xcoms["request"], "audio_duration_s": 30.0}
    with pytest.raises(AirflowFailException, match=r"the video lasts 1\.\d+ s, its audio 30.00 s"):
        archive(omnihuman_task_id=xcoms["task_id"], request=asked).execute(task_context())
    assert (keys(s3), open_uploads(s3)) == ([], [])
    operator = archive(omnihuman_task_id=xcoms["task_id"], request=asked, verify_duration=False)
    assert operator.execute(task_context())["duration_s"] < 2


def test_a_bucket_that_is_not_there_leaves_nothing(rendered, s3):
    with pytest.raises(AirflowFailException, match=r"^\[NoSuchBucket\] S3 refuses: .*nowhere: create the bucket"):
        archive(omnihuman_task_id=rendered()["task_id"], s3_key="s3://nowhere/a.mp4").execute(task_context())


def test_a_dead_url_says_so(rendered, emulator):
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

    url = OmniHumanHook().fetch_video(rendered()["task_id"]).video_url
    emulator.advance(3700)
    with pytest.raises(OmniHumanError, match="is dead .HTTP 403.*live for one hour"):
        archive(video_url=url).execute(task_context())


def test_a_dead_url_does_not_matter_when_there_is_a_task_id(rendered, emulator):
    xcoms = rendered()
    emulator.advance(3700)
    assert archive(omnihuman_task_id=xcoms["task_id"]).execute(task_context())["bytes"]


def test_a_job_that_is_not_done_is_told_at_once_and_may_be_retried(submit, emulator, s3):
    task_id = submit().execute(task_context())
    started = time.monotonic()
    with pytest.raises(TaskNotDoneError, match=rf"task {task_id} is not done yet, but \w+: wait for it first"):
        archive(omnihuman_task_id=task_id).execute(task_context())
    assert time.monotonic() - started < 20
    assert keys(s3) == []


def test_each_task_of_a_mapped_archive_emits_its_event_too():
    with DAG("mapped", schedule=None):
        mapped = OmniHumanToS3Operator.partial(task_id="archive").expand(request=[{}, {}])
    assert mapped.unmap({"request": {}}).outlets == [AssetAlias(DEFAULT_ASSET_ALIAS)]
