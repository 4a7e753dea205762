"""The check operator on archived videos in S3: what it finds, where it tells of it, and what it leaves alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from PIL import Image

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.archive.index import find_archived
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.operators.check import OmniHumanVideoCheckOperator
from airflow_provider_omnihuman.operators.join_videos import JoinVideosOperator
from tests.conftest import BUCKET
from tests.media.quality.films import LABEL, TAGS, card, film, head, png, speech, wav
from tests.operators.archives import archive, body, rendered
from tests.task_context import task_context

__all__ = ["rendered"]  # a fixture

DAG_FILE = Path(__file__).parent / "dags" / "quality_gate.py"
SECONDS = 2.0
FINGERPRINT = "f" * 64
INDEX = f"s3://{BUCKET}/index/{FINGERPRINT}.json"
NOT_RUN = {"fps"}


@pytest.fixture(scope="session")
def voice():
    return speech(seconds=SECONDS)


@pytest.fixture(scope="session")
def good_film(voice):
    return film(sound=voice, seconds=SECONDS, tags=TAGS)


@pytest.fixture(scope="session")
def black_film(voice):
    black = Image.new("RGB", (320, 180))
    return film(sound=voice, seconds=SECONDS, tags=TAGS, pictures=lambda n: black if 10 <= n < 40 else head(n))


@pytest.fixture
def archived(connections, put, presigned, voice):
    """Archive a film as the service would have delivered it; return the facts."""

    def bring(mp4, **request):
        asked = {
            "image_url": put("in/head.png", png(head())),
            "audio_url": put("in/voice.wav", wav(voice)),
            "output_resolution": 180,
            "aigc_meta": LABEL,
            "fingerprint": FINGERPRINT,
            "archive_index": INDEX,
        } | request
        url = presigned("delivered/film.mp4", mp4)
        context = task_context()
        return archive(video_url=url, request=asked, s3_key="films/film.mp4", aigc_label="off").execute(context)

    return bring


def check(video, *, context=None, **arguments):
    return OmniHumanVideoCheckOperator(task_id="check", video=video, **arguments).execute(context or task_context())


def by_name(found):
    return {finding["name"]: finding for finding in found["checks"]}


def failed(found):
    return [finding["name"] for finding in found["checks"] if finding["passed"] is False]


def test_a_good_film_passes_by_what_its_manifest_tells(archived, good_film, logged):
    facts = archived(good_film)
    found = check(facts)
    assert (found["passed"], found["video_uri"], found["manifest_uri"]) == (True, facts["uri"], facts["manifest_uri"])
    assert {finding["name"] for finding in found["checks"] if finding["passed"] is None} == NOT_RUN
    assert json.loads(json.dumps(found)) == found, "XCom takes plain data"
    log = logged()
    assert "9 passed, 0 failed, 1 not run" in log
    assert "✓ soundtrack" in log


def test_a_uri_alone_is_enough(archived, good_film):
    assert check(archived(good_film)["uri"])["passed"]


def test_what_was_found_is_in_the_manifest_and_all_else_is_as_before(archived, good_film, s3):
    facts = archived(good_film)
    video, before = s3.head_object(Bucket=BUCKET, Key="films/film.mp4"), json.loads(body(s3, facts["manifest_uri"]))
    index = body(s3, INDEX)
    found = check(facts)
    after = json.loads(body(s3, facts["manifest_uri"]))
    checks = after.pop("checks")
    assert after == before
    assert list(after) == list(before), "in the same order, too"
    assert (checks["passed"], checks["results"], checks["airflow"]["task_id"]) == (True, found["checks"], "a_task")
    assert body(s3, INDEX) == index
    now = s3.head_object(Bucket=BUCKET, Key="films/film.mp4")
    assert (now["LastModified"], now["ETag"], now["Metadata"]) == (video["LastModified"], video["ETag"], video["Metadata"])
    assert hashlib.sha256(body(s3, facts["uri"])).hexdigest() == facts["sha256"]


def test_a_checked_video_is_found_again_and_reused(archived, good_film, s3):
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_provider_omnihuman.api.models import AigcMeta
    from airflow_provider_omnihuman.archive.reading import reused_facts

    check(archived(good_film))
    place = S3Location.from_uri(INDEX, field="index")
    manifest = find_archived(S3Hook(), place, fingerprint=FINGERPRINT, aigc_meta=AigcMeta.from_dict(LABEL))
    asked = {"reused": reused_facts(manifest), "archive_index": INDEX, "aigc_meta": LABEL}
    facts = archive(request=asked).execute(task_context())
    assert (facts["reused"], facts["uri"]) == (True, f"s3://{BUCKET}/films/film.mp4")
    copy = archive(request=asked, s3_key="copies/film.mp4").execute(task_context())
    assert check(copy)["passed"]


def test_checking_again_replaces_what_was_found(archived, good_film, s3):
    facts = archived(good_film)
    check(facts, on_failure="warn", output_resolution=720)
    check(facts)
    assert json.loads(body(s3, facts["manifest_uri"]))["checks"]["passed"] is True


def test_a_film_that_fails_fails_the_task_for_good_and_xcom_has_it(archived, black_film, s3):
    facts = archived(black_film)
    context = task_context()
    with pytest.raises(AirflowFailException, match=r"failed 1 of 10 checks: black: the screen is black at 0:00\.4–0:01\.6"):
        check(facts, context=context)
    found = context["ti"].xcoms["return_value"]
    assert (found["passed"], failed(found)) == (False, ["black"])
    assert json.loads(body(s3, facts["manifest_uri"]))["checks"]["passed"] is False


def test_skip_skips_and_warn_goes_on(archived, black_film, logged):
    facts = archived(black_film)
    context = task_context()
    with pytest.raises(AirflowSkipException, match="black"):
        check(facts, context=context, on_failure="skip")
    assert failed(context["ti"].xcoms["return_value"]) == ["black"]
    context = task_context()
    logged()
    found = check(facts, context=context, on_failure="warn")
    assert (found["passed"], context["ti"].xcoms) == (False, {})
    assert "✗ black" in logged()


def test_without_xcom_nothing_is_pushed(archived, black_film):
    context = task_context()
    with pytest.raises(AirflowFailException):
        check(archived(black_film), context=context, do_xcom_push=False)
    assert context["ti"].xcoms == {}


def test_what_is_said_wins_over_the_manifest(archived, good_film, put):
    facts = archived(good_film)
    found = check(
        facts,
        audio_url=put("in/other.wav", wav(speech(seed=2, seconds=SECONDS))),
        image_url=put("in/other.png", png(Image.effect_noise((320, 180), 80).convert("RGB"))),
        output_resolution="720",
        fps="30",
        aigc_meta={**LABEL, "producer_id": "somebody else"},
        on_failure="warn",
    )
    assert failed(found) == ["resolution", "fps", "soundtrack", "label", "replacement"]


def test_the_request_may_come_from_the_task_that_submitted(archived, good_film):
    found = check(archived(good_film), request={"output_resolution": 720}, on_failure="warn")
    assert failed(found) == ["resolution"]


def test_audio_may_come_from_the_web(archived, good_film, presigned, voice):
    facts = archived(good_film, audio_url="https://example.com/gone.wav")
    assert by_name(check(facts, audio_url=presigned("web/voice.wav", wav(voice))))["soundtrack"]["passed"]


def test_inputs_that_are_gone_since_are_not_compared_and_the_reason_is_told(archived, good_film, s3):
    facts = archived(good_film, audio_duration_s=SECONDS)
    s3.delete_object(Bucket=BUCKET, Key="in/voice.wav")
    s3.delete_object(Bucket=BUCKET, Key="in/head.png")
    found = by_name(check(facts))
    assert found["soundtrack"]["passed"] is None
    assert f"audio_url s3://{BUCKET}/in/voice.wav is not there" in found["soundtrack"]["message"]
    assert found["duration"]["passed"], "its length is recorded"
    assert "cards only: " in found["replacement"]["message"]
    assert "/in/head.png is not there" in found["replacement"]["message"]


def test_an_audio_that_cannot_be_read_any_more_stops_nothing_unless_it_was_given(archived, good_film, s3):
    facts = archived(good_film)
    s3.put_object(Bucket=BUCKET, Key="in/voice.wav", Body=b"no sound at all" * 100)
    found = check(facts)
    assert (found["passed"], by_name(found)["soundtrack"]["passed"]) == (True, None)
    assert "the audio that the manifest tells of cannot be read as audio" in by_name(found)["soundtrack"]["message"]
    with pytest.raises(AirflowFailException, match="cannot be read as audio"):
        check(facts, audio_url=f"s3://{BUCKET}/in/voice.wav", on_failure="warn")


def test_a_check_that_is_named_must_be_run(archived, good_film, s3):
    facts = archived(good_film)
    assert [finding["name"] for finding in check(facts, checks=["black", "soundtrack"])["checks"]] == ["soundtrack", "black"]
    s3.delete_object(Bucket=BUCKET, Key="in/voice.wav")
    found = check(facts, checks=["black", "soundtrack"], on_failure="warn")
    assert failed(found) == ["soundtrack"]


def test_inputs_that_were_given_must_be_there(archived, good_film):
    with pytest.raises(AirflowFailException, match="audio_url s3://.*/in/nowhere.wav is not there"):
        check(archived(good_film), audio_url=f"s3://{BUCKET}/in/nowhere.wav")


def test_limits_can_be_set(archived, black_film):
    assert check(archived(black_film), limits={"black_s": "2.0", "frozen_s": 2, "most_lufs": None, "most_dbtp": "None"})["passed"]


def test_a_film_without_a_manifest_is_checked_by_what_is_said(put, good_film, voice, connections, s3):
    uri = put("elsewhere/film.mp4", good_film)
    found = check(uri, audio_url=put("in/voice.wav", wav(voice)), checks=["readable", "soundtrack"])
    assert (found["passed"], found["manifest_uri"]) == (True, None)
    assert "elsewhere/film.json" not in [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


def test_a_video_that_somebody_wrote_over_fails_and_its_manifest_is_left_alone(archived, good_film, black_film, s3):
    facts = archived(good_film)
    before = body(s3, facts["manifest_uri"])
    s3.put_object(Bucket=BUCKET, Key="films/film.mp4", Body=black_film)
    found = check(facts, on_failure="warn")
    assert failed(found) == ["readable", "black"]
    assert "not the bytes that were archived" in by_name(found)["readable"]["message"]
    assert body(s3, facts["manifest_uri"]) == before


def test_what_is_no_film_fails_and_the_rest_is_not_run(put, connections):
    found = check(put("elsewhere/page.mp4", b"<html>no film</html>"), on_failure="warn")
    assert failed(found) == ["readable"]
    assert {finding["passed"] for finding in found["checks"][1:]} == {None}


def test_a_video_that_is_not_there_fails_the_task(connections):
    with pytest.raises(AirflowFailException, match="is not there"):
        check(f"s3://{BUCKET}/nowhere.mp4")


def test_a_manifest_that_cannot_be_written_stops_nothing(archived, good_film, logged):
    facts = archived(good_film)
    logged()
    assert check(facts, s3_extra_args={"ServerSideEncryption": 5})["passed"]
    assert "The findings are not in the manifest" in logged()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"checks": ["sharpness"]}, "checks has 'sharpness', which is none of readable"),
        ({"limits": {"frozen": 1}}, "limits has 'frozen', which is none of black_s"),
        ({"limits": {"frozen_s": "long"}}, r"limits\['frozen_s'\] must be a number"),
        ({"limits": '{"black_s": NaN}'}, r"limits\['black_s'\] must be a number, not nan"),
        ({"limits": "[1]"}, "limits must be a mapping"),
        ({"fps": "many"}, "fps must be a number"),
        ({"output_resolution": "HD"}, "output_resolution must be a whole number"),
        ({"image_url": [None]}, r"image_url\[0\] must be an http\(s\) URL, not NoneType"),
    ],
)
def test_wrong_arguments_are_named(archived, good_film, arguments, told):
    with pytest.raises(AirflowFailException, match=told):
        check(archived(good_film), **arguments)


def test_on_failure_is_checked_when_the_dag_is_read():
    with pytest.raises(InvalidRequestError, match="on_failure must be one of fail, skip, warn"):
        OmniHumanVideoCheckOperator(task_id="check", video="s3://b/k.mp4", on_failure="ignore")


def test_a_render_of_the_emulator_passes_everything(rendered, inputs, put):
    """And its sound is half a second of silence between two tones: no false alarm."""
    tone = 0.3 * np.sin(2 * np.pi * 330 * np.arange(24000) / 24000)
    spoken = put("in/spoken.wav", wav(np.concatenate([tone[:12000], np.zeros(12000), tone[:12000]])))
    xcoms = rendered(audio_url=spoken, pe_fast_mode=True)
    facts = archive(request=xcoms["request"], aigc_meta=LABEL).execute(task_context())
    found = check(facts, fps=25, checks=[finding["name"] for finding in check(facts)["checks"]])
    assert found["passed"], found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_in_a_dag_what_depends_on_the_gate_is_skipped_and_a_failure_is_not_tried_again(
    omnihuman_airflow, put, black_film, connections
):
    put("films/quality_gate.mp4", black_film)
    run = omnihuman_airflow.run(DAG_FILE)
    assert run.task_states == {"gate": "skipped", "publish": "skipped", "strict_gate": "failed"}
    for name in ("gate", "strict_gate"):
        assert failed(run.xcom(name)) == ["black"]
    assert {ti.try_number for ti in run.dag_run.get_task_instances() if ti.task_id == "strict_gate"} == {1}


@pytest.mark.parametrize(("spoil", "check_name"), [("replaced", "replacement"), ("unlabelled", "label")])
def test_what_the_emulator_spoils_is_found(rendered, put, spoil, check_name):
    spoken = put("in/spoken.wav", wav(speech(seconds=1.2)))
    xcoms = rendered(audio_url=spoken, pe_fast_mode=True, prompt=f"emulate-{spoil}")
    facts = archive(request=xcoms["request"], aigc_meta=LABEL).execute(task_context())
    assert check_name in failed(check(facts, on_failure="warn"))


@pytest.fixture
def joined(connections, put, presigned, voice):
    """A film of two clips, each archived by itself; the second one, and its audio, may be others."""

    def join(*, second=None, **arguments):
        other = speech(seed=5, seconds=SECONDS)
        clips = []
        for number, (mp4, sound) in enumerate(
            [(film(sound=voice, seconds=SECONDS), voice), (second or film(sound=other, seconds=SECONDS), other)]
        ):
            asked = {
                "image_url": put(f"in/head-{number}.png", png(head())),
                "audio_url": put(f"in/voice-{number}.wav", wav(sound)),
                "audio_duration_s": SECONDS,
                "output_resolution": 180,
            }
            url = presigned(f"delivered/{number}.mp4", mp4)
            clips.append(archive(video_url=url, request=asked, s3_key=f"clips/{number}.mp4").execute(task_context()))
        return JoinVideosOperator(task_id="join", videos=clips, s3_key="films/joined.mp4", **arguments).execute(task_context())

    return join


def test_a_joined_film_is_compared_with_what_its_clips_were_made_of(joined):
    found = by_name(
        check(joined(pause=0.6), checks=["readable", "resolution", "duration", "soundtrack", "frozen", "replacement"])
    )
    assert found["soundtrack"]["value"]["likeness"] > 0.9
    assert found["duration"]["expected"]["seconds"] == pytest.approx(2 * SECONDS + 0.6, abs=0.05)
    assert found["replacement"]["value"] > 0.5, "it was compared with the portraits"


def test_a_pause_that_was_asked_for_may_be_long(joined):
    assert check(joined(pause=2.0), checks=["frozen"])["passed"]


def test_a_joined_film_with_one_soundtrack_is_compared_with_that(joined, put, voice):
    whole = put("in/whole.wav", wav(np.concatenate([voice, speech(seed=5, seconds=SECONDS)])))
    assert by_name(check(joined(soundtrack=whole)))["soundtrack"]["passed"]


def test_a_wrong_clip_in_a_joined_film_is_found(joined):
    wrong = film(sound=speech(seed=9, seconds=SECONDS), seconds=SECONDS, pictures=lambda n: head(n) if n < 20 else card())
    found = check(joined(second=wrong), on_failure="warn")
    assert failed(found) == ["soundtrack", "frozen", "replacement"]
    assert "at 0:0" in by_name(found)["soundtrack"]["message"]


def test_a_joined_film_whose_clips_are_gone_is_checked_by_itself(joined, s3):
    facts = joined()
    s3.delete_object(Bucket=BUCKET, Key="clips/1.json")
    found = by_name(check(facts))
    assert found["soundtrack"]["passed"] is None
    assert found["black"]["passed"]
