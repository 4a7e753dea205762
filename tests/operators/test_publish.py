"""An archived video is copied to where a website serves it: named for good or for a minute, whole, and once."""

from __future__ import annotations

import hashlib
import json

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import AssetAlias
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_omnihuman.archive import publishing as archive
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import copy_object
from airflow_provider_omnihuman.operators.publish import PublishVideoOperator
from tests.conftest import BUCKET
from tests.task_context import task_context

FOR_GOOD = "public, max-age=31536000, immutable"
VIDEO, POSTER = b"a video, as far as S3 knows", b"a picture"
SHA256 = hashlib.sha256(VIDEO).hexdigest()
NAME = SHA256[:32]


@pytest.fixture
def facts(put, connections):
    """What an archive task returned of a video that is in S3."""
    return {
        "uri": put("omnihuman/a/77.mp4", VIDEO),
        "manifest_uri": f"s3://{BUCKET}/omnihuman/a/77.json",
        "poster_uri": put("omnihuman/a/77.jpg", POSTER),
        "task_id": "77",
        "sha256": SHA256,
        "bytes": len(VIDEO),
        "cost": None,
    }


def publish(context=None, **arguments):
    operator = PublishVideoOperator(task_id="publish", **arguments)
    return operator.execute(context or task_context())


def served(s3, key):
    found = s3.get_object(Bucket=BUCKET, Key=key)
    return found["Body"].read(), found["ContentType"], found["CacheControl"]


def test_video_and_poster_are_served_under_a_name_for_good(s3, facts):
    published = publish(video=facts)
    assert served(s3, f"published/{NAME}.mp4") == (VIDEO, "video/mp4", FOR_GOOD)
    assert served(s3, f"published/{NAME}.jpg") == (POSTER, "image/jpeg", FOR_GOOD)
    assert published == {
        **facts,
        "uri": f"s3://{BUCKET}/published/{NAME}.mp4",
        "poster_uri": f"s3://{BUCKET}/published/{NAME}.jpg",
        "archived_uri": facts["uri"],
        "captions": [],
        "url": None,
    } | {"billed_seconds": None, "duration_s": None}


def test_a_name_of_ones_own_is_kept_for_a_minute(s3, facts):
    published = publish(video=facts, prefix=f"s3://{BUCKET}/site", name="2026/today", base_url="https://media.example.com/")
    assert served(s3, "site/2026/today.mp4") == (VIDEO, "video/mp4", "public, max-age=60")
    assert published["url"] == "https://media.example.com/site/2026/today.mp4"


def test_the_authors_headers_win(s3, facts):
    publish(video=facts, name="x", cache_control="no-store", s3_extra_args={"ContentDisposition": "attachment"})
    assert served(s3, "published/x.mp4")[2] == "no-store"
    assert s3.head_object(Bucket=BUCKET, Key="published/x.mp4")["ContentDisposition"] == "attachment"


def test_what_is_published_already_is_left_alone(s3, facts, logged):
    publish(video=facts)
    before = s3.head_object(Bucket=BUCKET, Key=f"published/{NAME}.mp4")["LastModified"]
    logged()
    assert publish(video=facts)["uri"] == f"s3://{BUCKET}/published/{NAME}.mp4"
    assert logged().count("is published already") >= 2
    assert s3.head_object(Bucket=BUCKET, Key=f"published/{NAME}.mp4")["LastModified"] == before
    publish(video=facts, replace=False)  # a retry is no other video


def test_other_headers_are_reason_enough_to_publish_again(s3, facts):
    publish(video=facts)
    publish(video=facts, cache_control="no-store")
    assert served(s3, f"published/{NAME}.mp4")[2] == "no-store"


def test_other_arguments_are_too(s3, facts):
    """An ACL that was forgotten is no part of what S3 tells of the copy."""
    publish(video=facts)
    publish(video=facts, s3_extra_args={"ACL": "public-read"})
    grants = s3.get_object_acl(Bucket=BUCKET, Key=f"published/{NAME}.mp4")["Grants"]
    assert any(grant["Grantee"].get("URI", "").endswith("AllUsers") for grant in grants)


def test_what_one_request_cannot_copy_is_copied_by_parts(s3, facts, put):
    body = bytes(9_000_000)  # more than one part of boto's
    source = S3Location.from_uri(put("omnihuman/a/long.mp4", body), field="video")
    headers = {"CacheControl": FOR_GOOD, "CopySourceIfMatch": s3.head_object(Bucket=BUCKET, Key=source.key)["ETag"]}
    wanted = {"content_type": "video/mp4", "metadata": {"a": "b"}, "headers": headers}
    copy_object(S3Hook(), source, S3Location(BUCKET, "published/long.mp4"), by_parts=True, **wanted)
    assert served(s3, "published/long.mp4") == (body, "video/mp4", FOR_GOOD)
    held = s3.head_object(Bucket=BUCKET, Key="published/long.mp4")
    assert (held["Metadata"], held["ETag"][-3:]) == ({"a": "b"}, '-2"')


def test_another_video_takes_over_the_name_only_where_that_is_wanted(s3, facts, put):
    publish(video=facts, name="today")
    other = facts | {"uri": put("omnihuman/a/78.mp4", b"tomorrow's"), "poster_uri": None, "bytes": 10}
    with pytest.raises(AirflowFailException, match=r"published/today\.mp4 exists already, and replace is False"):
        publish(video=other, name="today", replace=False)
    publish(video=other, name="today")
    assert served(s3, "published/today.mp4")[0] == b"tomorrow's"


def test_captions_go_along_and_may_be_corrected(s3, facts, put):
    captions = {"vtt_uri": put("omnihuman/a/77.zh.vtt", b"WEBVTT"), "srt_uri": put("omnihuman/other.srt", b"1"), "cues": 3}
    published = publish(video=facts, captions=captions)
    assert served(s3, f"published/{NAME}.zh.vtt") == (b"WEBVTT", "text/vtt; charset=utf-8", "public, max-age=60")
    assert served(s3, f"published/{NAME}.srt")[1] == "application/x-subrip; charset=utf-8"
    assert published["captions"] == [f"s3://{BUCKET}/published/{NAME}.zh.vtt", f"s3://{BUCKET}/published/{NAME}.srt"]


def test_nothing_is_served_where_a_part_is_missing(s3, facts):
    with pytest.raises(AirflowFailException, match=r"gone\.vtt, which is to be published, is not there"):
        publish(video=facts, captions=[f"s3://{BUCKET}/gone.vtt"])
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="published/")


def test_a_uri_is_enough(s3, facts):
    assert publish(video=facts["uri"])["uri"] == f"s3://{BUCKET}/published/{NAME}.mp4"
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"published/{NAME}.jpg"), "nobody told of a poster"


def test_the_manifest_beside_a_uri_tells_the_rest_and_stays_in_the_archive(s3, facts, put):
    video = {"uri": facts["uri"], "bytes": len(VIDEO), "sha256": SHA256, "duration_s": 1.0, "width": 2, "height": 2, "fps": 5}
    manifest = {"task_id": "77", "video": video, "poster": {"uri": facts["poster_uri"]}, "aigc_label": {"found": True}}
    put("omnihuman/a/77.json", json.dumps(manifest).encode())
    published = publish(video=facts["uri"])
    assert (published["task_id"], published["poster_uri"]) == ("77", f"s3://{BUCKET}/published/{NAME}.jpg")
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix="published/")["Contents"]}
    assert keys == {f"published/{NAME}.mp4", f"published/{NAME}.jpg"}


def test_what_was_written_over_since_it_was_archived_is_not_published(s3, facts, put):
    """It would be served for good under the name of a film that somebody has looked at, and nobody has looked at this one."""
    put("omnihuman/a/77.mp4", b"a video of somebody else")
    with pytest.raises(AirflowFailException, match=r"77\.mp4 has 24 bytes, and had 27 when it was archived: another video"):
        publish(video=facts)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="published/")


def test_the_copy_is_of_what_was_looked_at(s3, facts):
    hook, asked = S3Hook(), []
    hook.get_conn().meta.events.register("provide-client-params.s3.CopyObject", lambda params, **_: asked.append(params))
    source, target = S3Location.from_uri(facts["uri"], field="video"), S3Location(BUCKET, "published/x.mp4")
    archive.publish(hook, archive.Publication(source, target, "video/mp4", FOR_GOOD), replace=True)
    etag = s3.head_object(Bucket=BUCKET, Key="omnihuman/a/77.mp4")["ETag"]
    assert [params["CopySourceIfMatch"] for params in asked] == [etag]


def test_of_several_answers_the_latest_counts(facts, put):
    """A later round that was cleared, and did not come to run again, still has the yes of the day before."""
    stale = facts | {"uri": put("omnihuman/a/78.mp4", VIDEO), "review": {"responded_at": "2026-01-01T10:00:00+00:00"}}
    approved = facts | {"review": {"responded_at": "2026-01-02T10:00:00+00:00"}}
    assert publish(video=[None, stale, approved])["archived_uri"] == facts["uri"]
    assert publish(video=[approved, stale])["archived_uri"] == facts["uri"]


@pytest.mark.parametrize("map_index", [-1, 3])
def test_what_a_review_gave_before_it_was_cleared_is_not_published(facts, map_index):
    """Yesterday's yes to a round that did not come to run today, while today's last answer was a no."""

    class Reviewed(type(task_context()["ti"])):
        def get_task_states(self, *, dag_id, task_ids, run_ids):
            assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
            states = dict(zip(task_ids, ("upstream_failed", self.today), strict=True))
            return {self.run_id: {f"{name}{'' if map_index < 0 else '_3'}": state for name, state in states.items()}}

    context = {**task_context(), "ti": Reviewed(map_index=map_index)}
    yesterdays = facts | {"review": {"responded_at": "2026-01-01T10:00:00+00:00"}}
    given = {"context": context, "video": [yesterdays, None], "reviews": ["review_2", "review_still"]}
    context["ti"].today = "failed"
    with pytest.raises(AirflowFailException, match="video is nothing"):
        publish(**given)
    context["ti"].today = "success"
    assert publish(**given | {"video": [yesterdays, facts]})["archived_uri"] == facts["uri"]


def test_of_several_tasks_the_one_that_ran_gave_the_video(facts):
    assert publish(video=[None, facts])["archived_uri"] == facts["uri"]


@pytest.mark.parametrize(
    ("video", "message"),
    [
        (None, "video is nothing: no task has given one"),
        ([None, None], "video is nothing"),
        ("{'uri': 's3://b/k'}", r"pass the output of the task that archived it"),
        ({"key": "x"}, "video must be the facts of an archived video"),
        ("https://example.com/x.mp4", "must be an s3://bucket/key URI"),
        (f"s3://{BUCKET}/gone.mp4", "Not Found|NoSuchKey|is not there"),
    ],
)
def test_what_is_no_video_is_told(facts, video, message):
    with pytest.raises(AirflowFailException, match=message):
        publish(video=video)


def test_a_file_that_is_no_captions_is_told(facts, put):
    with pytest.raises(AirflowFailException, match="is no captions file"):
        publish(video=facts, captions=[put("in/x.mp3", b"x")])


def test_a_video_cannot_be_published_onto_itself(facts):
    with pytest.raises(AirflowFailException, match="published where it is archived"):
        publish(video=facts, prefix="omnihuman/a/", name="77")


def test_others_hear_of_it_and_the_link_leads_there(facts):
    context = task_context()
    operator = PublishVideoOperator(task_id="publish", video=facts, base_url="https://media.example.com")
    published = operator.execute(context)
    ((asset, extra),) = context["outlet_events"][AssetAlias("omnihuman_published")].added
    assert (asset.uri, extra) == (published["uri"], published)
    (link,) = operator.operator_extra_links
    assert link.get_link(operator, ti_key=None) == f"https://media.example.com/published/{NAME}.mp4"
    without = PublishVideoOperator(task_id="again", video=facts)
    without.execute(task_context())
    assert link.get_link(without, ti_key=None).endswith(f"/{BUCKET}/published/{NAME}.mp4")
