"""A video that is in the archive already is found, verified, and used again; nothing is asked of the service."""

from __future__ import annotations

import json

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import AssetAlias

from airflow_provider_omnihuman.api.models import AigcMeta
from airflow_provider_omnihuman.archive.index import find_archived, index_location
from airflow_provider_omnihuman.archive.reading import reused_facts
from airflow_provider_omnihuman.operators.archive import DEFAULT_ASSET_ALIAS
from tests.api.range_server import Reply, range_server
from tests.conftest import BUCKET
from tests.operators.archives import LABEL, archive, body, film, keys, open_uploads, video_bytes, warnings
from tests.task_context import task_context

__all__ = ["film", "video_bytes"]  # fixtures

PLACE = f"s3://{BUCKET}/out/film.mp4"
FINGERPRINT = "f" * 64
INDEX = f"s3://{BUCKET}/omnihuman/index/{FINGERPRINT}.json"
ASKED = {"fingerprint": FINGERPRINT, "archive_index": INDEX, "aigc_meta": LABEL, "task_id": "7", "prompt": "a smile"}


def first_archive(video_bytes, **arguments):
    request = {name: value for name, value in ASKED.items() if name != "task_id"}
    with range_server(Reply(video_bytes)) as server:
        return archive(**{"video_url": server.url, "s3_key": PLACE, "request": request} | arguments).execute(task_context())


def found():
    hook = S3Hook()
    place = index_location(hook, index=None, fingerprint=FINGERPRINT)
    return find_archived(hook, place, fingerprint=FINGERPRINT, aigc_meta=AigcMeta.from_dict(LABEL))


@pytest.fixture
def reused(video_bytes):
    """The facts that the video operator pushes where it found an archived video."""
    first_archive(video_bytes)
    return {**ASKED, "reused": reused_facts(found())}


def again(reused, **arguments):
    """Archive; the connection to the service does not exist, and must not be needed."""
    context = task_context(run_id="manual__2026-01-02T00:00:00+00:00")
    operator = archive(**{"omnihuman_task_id": "7", "request": reused, "omnihuman_conn_id": "nowhere"} | arguments)
    return operator.execute(context), context


def test_the_index_object_is_a_copy_of_the_manifest(video_bytes, s3):
    facts = first_archive(video_bytes)
    assert body(s3, INDEX) == body(s3, facts["manifest_uri"])
    manifest = json.loads(body(s3, INDEX))
    assert manifest["fingerprint"] == FINGERPRINT
    assert not {"fingerprint", "archive_index", "reused", "task_id", "done_at"} & set(manifest["request"])
    assert manifest["request"]["prompt"] == "a smile"
    assert facts["reused"] is False


def test_without_an_index_in_the_request_none_is_written(video_bytes, s3):
    first_archive(video_bytes, request={"fingerprint": FINGERPRINT})
    assert keys(s3) == ["out/film.jpg", "out/film.json", "out/film.mp4"]


@pytest.mark.parametrize("index", ["s3://nowhere-at-all/i.json", "no URI", 5, "s3://UPPER!/x"])
def test_an_index_that_cannot_be_written_is_a_warning(video_bytes, caplog, index):
    assert first_archive(video_bytes, request={"archive_index": index})["bytes"] == len(video_bytes)
    (line,) = warnings(caplog)
    assert line.startswith("The video is archived, but will not be found for reuse: ")


def test_an_archived_video_is_found_by_its_fingerprint(reused, video_bytes):
    assert reused["reused"] == {
        "uri": PLACE,
        "manifest_uri": PLACE.replace(".mp4", ".json"),
        "poster_uri": PLACE.replace(".mp4", ".jpg"),
        "bytes": len(video_bytes),
        "sha256": found()["video"]["sha256"],
    }


@pytest.mark.parametrize("place", [{}, {"s3_key": PLACE}, {"s3_key": "out/film.mp4"}, {"s3_bucket": BUCKET}])
def test_it_stays_where_it_is_unless_another_place_is_given(reused, s3, place):
    before = keys(s3)
    facts, context = again(reused, **place)
    assert keys(s3) == before
    assert {name: facts[name] for name in reused["reused"]} == reused["reused"]
    assert facts["reused"] is True
    assert (facts["width"], facts["fps"], facts["aigc_label_found"]) == (320, 25.0, True)
    ((asset, extra),) = context["outlet_events"][AssetAlias(DEFAULT_ASSET_ALIAS)].added
    assert (asset.uri, extra) == (PLACE, facts)


def test_first_and_second_archive_return_the_same_facts(video_bytes, s3):
    first = first_archive(video_bytes)
    facts, _context = again({**ASKED, "reused": reused_facts(found())})
    assert facts == {**first, "reused": True, "billed_seconds": 0.0}


def test_at_another_place_it_is_copied_with_poster_and_a_manifest_of_its_own(reused, s3, video_bytes):
    facts, context = again(reused, s3_key="new/copy.mp4", s3_extra_args={"Metadata": {"owner": "news"}})
    assert facts["uri"] == f"s3://{BUCKET}/new/copy.mp4"
    assert body(s3, facts["uri"]) == video_bytes
    assert body(s3, facts["poster_uri"]) == body(s3, PLACE.replace(".mp4", ".jpg"))
    manifest = json.loads(body(s3, facts["manifest_uri"]))
    assert (manifest["video"]["uri"], manifest["reused_from"]) == (facts["uri"], PLACE)
    assert (manifest["poster"]["uri"], manifest["poster"]["key"]) == (facts["poster_uri"], "new/copy.jpg")
    assert manifest["airflow"]["run_id"] == "manual__2026-01-02T00:00:00+00:00"
    assert manifest["fingerprint"] == FINGERPRINT
    assert manifest["video"]["sha256"] == reused["reused"]["sha256"]
    heads = [s3.head_object(Bucket=BUCKET, Key=f"new/copy.{ending}") for ending in ("mp4", "jpg", "json")]
    assert [head["ContentType"] for head in heads] == ["video/mp4", "image/jpeg", "application/json"]
    assert {head["Metadata"]["owner"] for head in heads} == {"news"}
    assert context["outlet_events"][AssetAlias(DEFAULT_ASSET_ALIAS)].added[0][0].uri == facts["uri"]


def test_what_was_copied_before_is_not_copied_again(reused, s3):
    facts, _context = again(reused, s3_key="new/copy.mp4")
    at = s3.head_object(Bucket=BUCKET, Key="new/copy.json")["LastModified"]
    manifest = body(s3, facts["manifest_uri"])
    assert again(reused, s3_key="new/copy.mp4", replace=False)[0] == facts
    assert body(s3, facts["manifest_uri"]) == manifest
    assert s3.head_object(Bucket=BUCKET, Key="new/copy.json")["LastModified"] == at


def test_a_copy_that_was_left_half_done_is_finished(reused, s3, video_bytes, put):
    put("new/copy.mp4", video_bytes)
    facts, _context = again(reused, s3_key="new/copy.mp4")
    assert body(s3, facts["manifest_uri"])
    assert body(s3, facts["poster_uri"])


def test_another_object_in_its_place_can_be_protected(reused, put, s3):
    put("new/copy.mp4", b"precious")
    with pytest.raises(AirflowFailException, match="exists already, and replace is False"):
        again(reused, s3_key="new/copy.mp4", replace=False)
    assert body(s3, f"s3://{BUCKET}/new/copy.mp4") == b"precious"
    assert again(reused, s3_key="new/copy.mp4")[0]["uri"].endswith("new/copy.mp4")


def test_a_prefix_names_the_copy_by_its_own_task(reused):
    assert again(reused, s3_key="new/")[0]["uri"] == f"s3://{BUCKET}/new/video.mp4"


def test_a_poster_that_is_gone_keeps_no_video_from_being_copied(reused, s3):
    s3.delete_object(Bucket=BUCKET, Key="out/film.jpg")
    facts, _context = again(reused, s3_key="new/copy.mp4")
    assert facts["poster_uri"] is None
    assert again(reused, s3_key="new/copy.mp4")[0] == facts


def test_a_manifest_that_is_gone_is_read_from_the_index(reused, s3):
    s3.delete_object(Bucket=BUCKET, Key="out/film.json")
    assert again(reused)[0]["uri"] == PLACE


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s3: s3.delete_object(Bucket=BUCKET, Key="out/film.mp4"), "film.mp4, which was to be reused, is gone"),
        (lambda s3: s3.put_object(Bucket=BUCKET, Key="out/film.mp4", Body=b"x"), "now has 1 bytes, not"),
        (
            lambda s3: [s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}") for key in ("out/film.json", INDEX[6 + len(BUCKET) :])],
            "there is no manifest of s3://.*film.mp4",
        ),
    ],
    ids=["gone", "other size", "no manifest"],
)
def test_what_is_no_longer_there_is_a_clear_failure(reused, s3, spoil, message):
    spoil(s3)
    with pytest.raises(AirflowFailException, match=message + ".*clear the task that renders"):
        again(reused)


@pytest.mark.parametrize("bad", ["yes", ["x"], {"uri": 5}, {"uri": "https://x/y"}, {"uri": PLACE, "manifest_uri": "nowhere"}])
def test_facts_that_make_no_sense_get_a_clear_error(connections, bad):
    with pytest.raises(AirflowFailException, match="request's reused"):
        again({**ASKED, "reused": bad})


def test_a_label_that_differs_is_required_of_a_reused_video_too(reused, s3):
    other = {**LABEL, "producer_id": "another"}
    with pytest.raises(AirflowFailException, match="another one was asked for when it was archived.*reuse_archived=False"):
        again(reused, aigc_meta=other, aigc_label="require")
    assert again(reused, aigc_meta=other)[0]["reused"] is True
    assert again(reused, aigc_label="require")[0]["reused"] is True


def test_recorded_differences_count_for_a_reused_video(video_bytes, s3):
    asked = {**ASKED, "aigc_meta": {**LABEL, "producer_id": "another"}}
    facts = first_archive(video_bytes, request={name: value for name, value in asked.items() if name != "task_id"})
    again_asked = {**asked, "reused": {name: facts[name] for name in ("uri", "manifest_uri", "poster_uri", "bytes", "sha256")}}
    with pytest.raises(AirflowFailException, match="asked for was producer_id 'another'"):
        again(again_asked, aigc_label="require")


def test_reuse_leaves_no_upload(reused, s3):
    again(reused, s3_key="new/copy.mp4")
    assert open_uploads(s3) == []
